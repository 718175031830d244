/* Exercises: a prediction before its answer, and how far a reader is, which stays in this browser.

   One to predict is solved when the prediction is what is printed; one to write when Check (of
   the runnable pages) says so; and any, when the reader says so below its solution. */
(() => {
  "use strict";
  const boxes = [...document.querySelectorAll("article .exercise")];
  if (!boxes.length) return;
  const KEY = "exercises-solved";
  const make = (tag, className, text = "") =>
    Object.assign(document.createElement(tag), { className, textContent: text });
  const button = (text, className, click) => {
    const made = Object.assign(make("button", className, text), { type: "button" });
    made.addEventListener("click", click);
    return made;
  };

  const read = () => {
    try { return new Set(JSON.parse(localStorage.getItem(KEY))); } catch { return new Set(); }
  };
  let solved = read();
  const mark = (ids, is) => {
    solved = new Set([...solved, ...read()]); // another page may be open
    for (const id of ids) is ? solved.add(id) : solved.delete(id);
    try { localStorage.setItem(KEY, JSON.stringify([...solved])); } catch { /* until one leaves */ }
    tell();
  };

  const tally = make("p", "exercise-tally");
  const count = make("span", "");
  count.setAttribute("role", "status");
  const ids = boxes.map((box) => box.dataset.exercise);
  const forget = button(_("Begin anew"), "", () => mark(ids, false));
  tally.append(count, " ", forget);
  boxes[0].before(tally);

  const tell = () => {
    for (const box of boxes) {
      const is = solved.has(box.dataset.exercise);
      box.toggleAttribute("data-solved", is);
      box.querySelector("button.solve")?.setAttribute("aria-pressed", is);
    }
    const done = ids.filter((id) => solved.has(id)).length;
    count.textContent = _("{} of {} solved (only this browser knows).").replace("{}", done).replace("{}", ids.length);
    forget.hidden = !done;
  };

  const plain = (text) => text.replace(/\s+/g, " ").trim();
  const answerOf = (box) =>
    [...(box.querySelector(".solution pre")?.querySelectorAll(".go") || [])].map((e) => e.textContent).join(" ");

  const ask = (box) => {
    const form = make("form", "prediction"), label = make("label", "", _("It prints")), said = make("p", "said");
    const input = Object.assign(make("input", ""), { autocomplete: "off", spellcheck: false });
    for (const name of ["autocorrect", "autocapitalize"]) input.setAttribute(name, "off");
    label.append(input);
    form.append(label, Object.assign(make("button", "", _("Compare")), { type: "submit" }));
    said.setAttribute("role", "status");
    const solution = box.querySelector("details.solution");
    solution.querySelector("summary").after(said);
    box.querySelector(".question").after(form);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const own = plain(input.value), right = own !== "" && own === plain(answerOf(box));
      solution.open = true;
      const answer = right ? _("You said {}: so it is.") : own && _("You said {}. Compare:");
      said.textContent = answer.replace("{}", () => own);
      if (right) mark([box.dataset.exercise], true);
    });
  };

  for (const box of boxes) {
    if (box.querySelector(".question")) ask(box);
    const solve = () => mark([box.dataset.exercise], !solved.has(box.dataset.exercise));
    box.querySelector("details.solution")?.append(button(_("I had it right"), "solve", solve));
  }
  document.addEventListener("exercise-solved", ({ detail }) => mark([detail], true));
  tell();
})();
