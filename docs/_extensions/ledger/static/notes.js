/* Above the annotations of a page, a button that opens or closes them all. */
(() => {
  "use strict";
  const notes = [...document.querySelectorAll("details.note")];
  const first = notes[0]?.closest("section")?.querySelector("h1, h2, h3");
  if (!first || notes.length < 2) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "all-notes";
  const open = () => notes.filter((note) => note.open).length;
  const say = () => {
    button.textContent = open() < notes.length ? _("Open all notes") : _("Close all notes");
  };
  button.addEventListener("click", () => {
    const to = open() < notes.length;
    for (const note of notes) note.open = to;
  });
  for (const note of notes) note.addEventListener("toggle", say);
  say();
  first.after(button);
})();
