/* The choices above a ledger: they hide rows, say how many are left, and stand in the address. */
(() => {
  "use strict";
  const form = document.querySelector("form.ledger-filter");
  const [kind, entry] = form.querySelectorAll("select");
  const rows = [...document.querySelectorAll("table.ledger tbody tr")];
  const of = (row) => row.querySelector(":is(.id, .name) a").pathname;

  const apply = () => {
    let count = 0;
    for (const row of rows) {
      const section = row.closest("section");
      row.hidden = !(
        (!kind.value || section.id === kind.value) &&
        (!entry.value || of(row).endsWith(`/${entry.value}.html`))
      );
      count += !row.hidden;
    }
    for (const section of new Set(rows.map((row) => row.closest("section"))))
      section.hidden = !section.querySelector("tbody tr:not([hidden])");
    const output = form.querySelector("output");
    output.textContent = output.dataset.says.replace("{}", count).replace("{}", rows.length);
  };
  const read = () => {
    const wanted = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
    for (const select of [kind, entry]) {
      select.value = wanted.get(select.name) || "";
      if (select.selectedIndex < 0) select.value = "";
    }
    apply();
    if (!location.hash.includes("=") && location.hash)
      document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
  };
  const write = () => {
    const wanted = [kind, entry].filter((s) => s.value).map((s) => [s.name, s.value]);
    const hash = new URLSearchParams(wanted).toString().replaceAll("%2F", "/");
    history.replaceState(null, "", `#${hash}`);
    apply();
  };
  form.addEventListener("change", write);
  form.addEventListener("reset", () => setTimeout(write));
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", read);
  form.hidden = false;
  read();
})();
