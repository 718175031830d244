/* What is folded: opened by what leads there, and on paper. */
(() => {
  "use strict";
  const around = (place) => {
    const found = [];
    for (let box = place?.closest("details"); box; box = box.parentElement.closest("details"))
      found.push(box);
    return found.filter((box) => !box.open);
  };
  const reveal = () => {
    const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const closed = around(place);
    for (const box of closed) box.open = true;
    if (closed.length) place.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  document.addEventListener("click", (event) => {  // the same link again changes no address
    const link = event.target.closest?.('a[href^="#"]');
    if (link && link.hash === location.hash) reveal();
  });
  reveal();

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const box of opened) box.open = true;
  });
  addEventListener("afterprint", () => {
    for (const box of opened) box.open = false;
  });
})();
