// What the keyboard needs, and the style sheet cannot give.
{
  // Boxes that scroll can be reached, and only while they scroll: each gets a name and a place
  // in the order of tabs.  A picture is a link, which has both.
  const BOXES = {
    pre: _("Code"),
    ".table-wrapper": _("Table"),
    ".katex-display": _("Equation"),
  };

  const mark = (box, name) => {
    if (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight + 1) {
      box.tabIndex = 0;
      box.setAttribute("aria-label", name);
      box.setAttribute("role", "group");
    } else if (box.tabIndex === 0) {
      for (const attribute of ["tabindex", "role", "aria-label"]) box.removeAttribute(attribute);
    }
  };

  const names = new Map();
  const sizes = new ResizeObserver((seen) => {
    for (const { target } of seen) mark(target, names.get(target));
  });
  for (const [selector, name] of Object.entries(BOXES))
    for (const box of document.querySelectorAll(`article ${selector}`)) {
      names.set(box, name);
      sizes.observe(box);
    }

  // Furo opens its two drawers by the labels of hidden checkboxes: they become buttons.  A drawer
  // that was opened takes the focus, and gives it back when Escape closes it.
  for (const [id, drawer] of [["__navigation", ".sidebar-drawer"], ["__toc", ".toc-drawer"]]) {
    const box = document.getElementById(id);
    for (const label of document.querySelectorAll(`label[for=${id}]:not(.overlay)`)) {
      const button = document.createElement("button");
      button.className = label.className;
      button.setAttribute("aria-label", box.getAttribute("aria-label"));
      button.append(...label.childNodes);
      label.replaceWith(button);
      button.addEventListener("click", () => {
        box.checked = true;
        const inside = [...document.querySelectorAll(`${drawer} :is(a, input)`)];
        inside.find((element) => element.checkVisibility()).focus();
      });
      document.addEventListener("keydown", ({ key }) => {
        if (key !== "Escape" || !box.checked || !button.checkVisibility()) return;
        box.checked = false;
        button.focus();
      });
    }
  }
}
