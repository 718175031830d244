/* Popups.  All that they show is on the page already. */
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // a work for a citation, a definition for a term, an annotation for a claim, letters for a shape

  const SHAPE = "abbr.ss";
  const TRIGGER = `.bibtex-citation a, a:has(> .std-term), a[href^="#annotation-"], ${SHAPE}`;
  const keyOf = (link) => link.getAttribute("href") ?? link.textContent;
  const titles = new Map();
  for (const link of all("article [title]").filter((e) => e.matches(TRIGGER))) {
    titles.set(keyOf(link), link.title);
    link.removeAttribute("title");
  }

  const tip = document.createElement("div");
  tip.id = "popup";
  tip.role = "tooltip";
  tip.hidden = true;
  (document.querySelector("article") || document.body).append(tip);
  let owner = null, timer = 0;

  const copyOf = (annotation) => {
    const copy = annotation.cloneNode(true);
    all(".claim-links, button, [class^=run-]", copy).forEach((e) => e.remove());
    for (const e of all("[hidden]", copy)) e.hidden = false; // code that a reader edits
    for (const e of [copy, ...all("[id], a, [tabindex]", copy)])
      for (const name of ["id", "href", "title", "tabindex"]) e.removeAttribute(name);
    return copy;
  };

  const fill = (link) => {
    const href = keyOf(link);
    const annotation = href.startsWith("#annotation-") && document.getElementById(href.slice(1));
    if (annotation) tip.replaceChildren(copyOf(annotation));
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
  document.addEventListener("click", (event) => {
    const link = triggerOf(event);
    if (link?.matches(SHAPE)) show(link); // it leads nowhere: a tap tells
    else if (link) hide();
  });
  addEventListener("resize", hide);
})();
