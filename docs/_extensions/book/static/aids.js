/* Popups, and the dialog of “cite this”.  All that they show is on the page already. */
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // -- popups: a work for a citation, a definition for a term, an annotation for a claim ----

  const TRIGGER = '.bibtex-citation a, a:has(> .std-term), a[href^="#annotation-"]';
  const titles = new Map();
  for (const link of all("a[title]").filter((a) => a.matches(TRIGGER))) {
    titles.set(link.getAttribute("href"), link.title);
    link.removeAttribute("title");
  }

  const tip = document.createElement("div");
  tip.id = "aid";
  tip.role = "tooltip";
  tip.hidden = true;
  (document.querySelector("article") || document.body).append(tip);
  let owner = null, timer = 0;

  const copyOf = (annotation) => {
    const copy = annotation.cloneNode(true);
    all(".aids, .copybtn", copy).forEach((e) => e.remove());
    for (const e of [copy, ...all("[id], a, [tabindex]", copy)])
      for (const name of ["id", "href", "title", "tabindex"]) e.removeAttribute(name);
    return copy;
  };

  const fill = (link) => {
    const href = link.getAttribute("href");
    const annotation = href[0] === "#" && document.getElementById(href.slice(1));
    if (annotation && href.startsWith("#annotation-")) tip.replaceChildren(copyOf(annotation));
    else if (titles.has(href)) tip.textContent = titles.get(href);
    else return false;
    return true;
  };

  const place = (link) => {
    tip.style.left = tip.style.top = "0px";
    const [line] = link.getClientRects(), box = tip.getBoundingClientRect();
    const width = document.documentElement.clientWidth, gap = 8;
    const x = Math.max(gap, Math.min(line.left, width - box.width - gap));
    const above = line.top - box.height - gap;
    const below = line.bottom + gap;
    const y = below + box.height > innerHeight && above >= 0 ? above : below;
    tip.style.left = `${x - box.left}px`;
    tip.style.top = `${y - box.top}px`;
  };

  const hide = () => {
    clearTimeout(timer);
    owner?.removeAttribute("aria-describedby");
    owner = null;
    tip.hidden = true;
  };

  const show = (link) => {
    if (link === owner) return clearTimeout(timer);
    hide();
    if (!fill(link)) return;
    owner = link;
    link.setAttribute("aria-describedby", tip.id);
    tip.hidden = false;
    place(link);
  };

  const soon = (act, ms) => {
    clearTimeout(timer);
    timer = setTimeout(act, ms);
  };
  const triggerOf = (event) => event.target.closest?.(TRIGGER);

  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const link = triggerOf(event);
    if (link) soon(() => show(link), 120);
    else if (tip.contains(event.target)) clearTimeout(timer);
    else if (owner !== document.activeElement) soon(hide, 250);
  });
  document.addEventListener("focusin", (event) => {
    const link = triggerOf(event);
    if (link?.matches(":focus-visible")) show(link);
    else hide();
  });
  document.addEventListener("focusout", () => hide());
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  document.addEventListener("click", (event) => triggerOf(event) && hide());
  addEventListener("resize", hide);

  // -- “cite this” --------------------------------------------------------------------------

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
    const link = (row || box).querySelector('a[href*="#claim-"]');
    const words = (row ? row.cells[1] : document.getElementById(link.hash.slice(1))).cloneNode(true);
    all(".claim-number, .aids", words).forEach((e) => e.remove());
    const verdict = row ? row.cells[2].querySelector("a") : box.querySelector(".verdict");
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
    dialog.querySelector("h2").textContent = `Cite claim ${found.id}`;
    all("textarea", dialog).forEach((area, bibtex) => {
      area.value = area.value.replace(/\{(id|words|verdict|url)\}/g, (_, name) =>
        bibtex && name === "words" ? tex(found[name]) : found[name]);
      area.parentElement.nextElementSibling.addEventListener("click", () => {
        area.select();
        dialog.querySelector("output").textContent = document.execCommand("copy") ? "Copied." : "";
      });
    });
    document.body.append(dialog);
    dialog.addEventListener("close", () => dialog.remove());
    dialog.showModal();
  });
})();
