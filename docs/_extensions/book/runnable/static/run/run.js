/* Run, Edit and Check beside the code of a page.  Nothing else is fetched before one is used. */
(() => {
  "use strict";
  const { src, dataset: { page, size } } = document.currentScript;
  const here = new URL(".", src).href;
  const article = document.querySelector("article");
  const all = (selector) => [...article.querySelectorAll(selector)];
  const make = (tag, className, text = "") =>
    Object.assign(document.createElement(tag), { className, textContent: text });
  const store = {
    read(key) {
      try { return JSON.parse(localStorage.getItem(key)); } catch { return null; }
    },
    write(key, what) {
      try { localStorage.setItem(key, JSON.stringify(what)); } catch { /* kept until one leaves */ }
    },
  };
  const kept = { edits: {}, ...store.read(`run:${page}`) };
  const voice = make("p", "visually-hidden"); // what is read out
  voice.setAttribute("role", "status");
  article.append(voice);
  let runner;

  const say = (bar, text) => {
    const out = bar.nextElementSibling;
    out.hidden = false;
    out.textContent = voice.textContent = text;
  };

  const act = async (what, cell) => {
    if (location.protocol === "file:")
      return say(cell.bar, "Python runs in pages that a server shows: make play starts one.");
    try {
      runner ||= import(here + "runner.mjs").then((module) => module.start(here, page, cells));
      await (await runner)[what](cell);
    } catch (error) {
      runner = undefined;
      say(cell.bar, `This could not be loaded: ${error.message}`);
    }
  };

  const button = (text, name, click) => {
    const made = make("button", "", text);
    made.type = "button";
    if (name) made.setAttribute("aria-label", `${text} ${name}`);
    made.addEventListener("click", click);
    return made;
  };

  // A reader's change belongs to the very text that it changes: in a book of another version,
  // where that reads otherwise, it is kept and not applied.
  const names = {};
  const nameOf = (kind, text) => {
    let hash = 7;
    for (const letter of text) hash = (Math.imul(hash, 31) + letter.codePointAt()) | 0;
    const name = `${kind}:${hash >>> 0}`;
    names[name] = (names[name] || 0) + 1;
    return names[name] > 1 ? `${name}:${names[name]}` : name;
  };

  // Below a block: its buttons, and where results are told.
  const offer = (kind, actions) => (block, at) => {
    const bar = make("div", "run-bar"), out = make("div", "run-out");
    const text = block.closest(".exercise-write")?.id || block.querySelector("pre")?.textContent;
    const name = nameOf(kind, text || "");
    const cell = { kind, at, block, bar, out, name };
    out.hidden = true;
    for (const [what, text, on] of actions) bar.append(button(text, on, () => act(what, cell)));
    block.after(bar, out);
    return cell;
  };

  const paper = make("p", "scratch", "Code of your own runs after all examples of this page. " +
    "In a browser NumPy’s integers have 32 bits, and it does not warn of a division by zero.");
  const foot = make("p", "run-kept");
  const links = article.querySelector(".page-links");
  links ? links.before(paper, foot) : article.append(paper, foot);

  const edit = ["edit", "Edit", "this function"];
  const cells = {
    example: all("div.runnable").map(offer("example", [["run", "Run", "this example"], ["edit", "Edit", "this example"]])),
    shown: all("div.shown").map(offer("shown", [edit])),
    write: all(".exercise-write > .stub").map(offer("write", [["edit", "Write it", "here"]])),
    scratch: [paper].map(offer("scratch", [["edit", "Write", "code of your own"]])),
  };
  const changeable = Object.values(cells).flat();
  Object.assign(cells, { all: changeable, kept, voice, make, button, store });

  // What was changed before is said on the page, though nothing is loaded yet.
  cells.tellKept = () => {
    const left = new Set(Object.keys(kept.edits)), count = left.size;
    for (const { name, bar } of changeable)
      bar.dataset.note = left.delete(name) ? "You changed this." : "";
    const first = cells.example.find(({ bar }) => !bar.closest("details:not([open])"));
    if (first && !store.read("run:loaded")) first.bar.dataset.note ||= `The first Run fetches Python, ${size} MB.`;
    foot.hidden = !count;
    foot.textContent = `Changes of yours that this browser keeps: ${count}` +
      (left.size ? `, ${left.size} of them to an earlier version of this page. ` : ". ");
    for (const [what, text] of [["download", "Download"], ["discard", "Throw away"]])
      foot.append(" ", button(text, "my changes", () => act(what, cells.scratch[0])));
  };
  cells.tellKept();
})();
