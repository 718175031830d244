// What nobody can use before they move comes with the first move: the buttons that copy code.
{
  const { src } = document.currentScript;
  const MOVES = ["pointermove", "pointerdown", "wheel", "touchstart", "keydown"];
  const add = (kind, attributes) =>
    document.head.append(Object.assign(document.createElement(kind), attributes));

  const come = () => {
    for (const move of MOVES) removeEventListener(move, come);
    add("link", { rel: "stylesheet", href: new URL("copybutton.css", src) });
    for (const name of ["clipboard.min.js", "copybutton.js"])
      add("script", { src: new URL(name, src) });
  };
  for (const move of MOVES) addEventListener(move, come, { passive: true });
}
