/* The dialog of “cite this”, from the template that stands on the page. */
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const template = document.getElementById("cite-this");
  const tex = (text) => text.replace(/[&%$#_{}]/g, "\\$&");

  const address = (link) => {
    const root = new URL(document.documentElement.dataset.content_root, location.href).href;
    const path = link.href.slice(root.length);
    const base = template.dataset.base || (location.protocol === "file:" ? "" : root);
    return base + path;
  };

  const facts = (control) => {
    const row = control.closest("tr");
    const box = control.closest(".annotation");
    const link = row ? row.querySelector('a[href*="#claim-"]') : box.querySelector(".back");
    const words = (row ? row.querySelector(".words") : document.getElementById(link.hash.slice(1))).cloneNode(true);
    all(".claim-number, .claim-links", words).forEach((e) => e.remove());
    const verdict = row ? row.querySelector(".verdict a") : box.querySelector(".verdict");
    return {
      id: link.textContent,
      words: words.textContent.trim().replace(/\s+/g, " "),
      verdict: verdict.textContent,
      url: address(link),
    };
  };

  document.addEventListener("click", (event) => {
    const control = event.target.closest?.(".cite-this");
    if (!control || !template) return;
    event.preventDefault();
    const found = facts(control);
    const dialog = template.content.cloneNode(true).firstElementChild;
    dialog.querySelector("h2").textContent = _("Cite claim {}").replace("{}", found.id);
    all("textarea", dialog).forEach((area, bibtex) => {
      area.value = area.value.replace(/\{(id|words|verdict|url)\}/g, (_, name) =>
        bibtex && name === "words" ? tex(found[name]) : found[name]);
      area.parentElement.nextElementSibling.addEventListener("click", () => {
        area.select();
        dialog.querySelector("output").textContent = document.execCommand("copy") ? _("Copied.") : "";
      });
    });
    document.body.append(dialog);
    dialog.addEventListener("close", () => dialog.remove());
    dialog.showModal();
  });
})();
