/* Run, Edit and Check beside the code of a page.  Nothing else is fetched before one is used. */
(() => {
  "use strict";
  const script = document.currentScript;
  const here = new URL(".", script.src).href;
  const page = script.dataset.page;
  const all = (selector) => [...document.querySelectorAll(`article ${selector}`)];
  let runner;

  const act = async (what, at, bar) => {
    if (location.protocol === "file:") {
      say(bar, "Python runs only in pages that a server shows: make play starts one.");
      return;
    }
    try {
      runner ||= import(here + "runner.mjs").then((module) => module.start(here, page, cells));
      await (await runner)[what](at);
    } catch (error) {
      runner = undefined;
      say(bar, `This could not be loaded: ${error.message}`);
    }
  };

  const say = (bar, text) => {
    const out = bar.nextElementSibling;
    out.hidden = false;
    out.textContent = text;
  };

  // Below a block: its buttons, and where results are told.
  const offer = (kind, block, at, actions) => {
    const bar = document.createElement("div");
    const out = document.createElement("div");
    bar.className = "run-bar";
    out.className = "run-out";
    out.setAttribute("role", "status");
    out.hidden = true;
    for (const [what, text, name] of actions) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = text;
      button.dataset.act = what;
      button.setAttribute("aria-label", `${text} ${name}`);
      button.addEventListener("click", () => act(what, { kind, at }, bar));
      bar.append(button);
    }
    block.after(bar, out);
    return { block, bar, out };
  };

  const paper = document.createElement("div");
  paper.className = "scratch";
  paper.textContent = "Try something of your own: it runs after all examples of this page.";
  const article = document.querySelector("article");
  const foot = article.querySelector(".page-links");
  foot ? foot.before(paper) : article.append(paper);

  const cells = { example: [], shown: [], write: [], scratch: [] };
  all("div.runnable").forEach((block, at) => cells.example.push(
    offer("example", block, at, [["run", "Run", "this example"], ["edit", "Edit", "this example"]])));
  all("div.shown").forEach((block, at) => cells.shown.push(
    offer("shown", block, at, [["edit", "Edit", "this function"]])));
  all(".exercise-write > div.stub").forEach((block, at) => cells.write.push(
    offer("write", block, at, [["edit", "Write it", "here"]])));
  cells.scratch.push(offer("scratch", paper, 0, [["edit", "Write", "code of your own"]]));

  // What was changed or solved before is said on the page, though nothing is loaded yet.
  const kept = JSON.parse(localStorage.getItem(`run:${page}`) || "{}");
  for (const name of Object.keys(kept.edits || {})) {
    const [kind, at] = name.split(":");
    const cell = cells[kind]?.[at];
    if (cell) cell.bar.dataset.kept = "You changed this.";
  }
  const solved = new Set(kept.solved || []);
  const exercises = all(".exercise");
  for (const box of exercises) if (solved.has(box.dataset.exercise)) box.dataset.solved = "";
  for (const box of exercises.filter((box) => box.dataset.kind !== "write"))
    box.querySelector("details.solution")?.addEventListener("toggle", () => {
      box.dataset.solved = "";
      solved.add(box.dataset.exercise);
      const now = JSON.parse(localStorage.getItem(`run:${page}`) || "{}");
      localStorage.setItem(`run:${page}`, JSON.stringify({ ...now, solved: [...solved] }));
    });
})();
