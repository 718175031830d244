// Boxes that scroll sideways can be reached by the keyboard, and only while they scroll: a name
// and a place in the order of tabs for code, tables, equations and figures that are cut off.
{
  const BOXES = {
    pre: "Code",
    ".table-wrapper": "Table",
    ".katex-display": "Equation",
    ".drawn": "Figure",
  };

  function mark(box, name) {
    if (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight + 1) {
      box.tabIndex = 0;
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", name);
    } else if (box.tabIndex === 0) {
      for (const attribute of ["tabindex", "role", "aria-label"]) box.removeAttribute(attribute);
    }
  }

  const names = new Map();
  const sizes = new ResizeObserver((seen) => seen.forEach(({ target }) => mark(target, names.get(target))));

  for (const [selector, name] of Object.entries(BOXES))
    for (const box of document.querySelectorAll(`article ${selector}`)) {
      names.set(box, name);
      sizes.observe(box);
    }
}
