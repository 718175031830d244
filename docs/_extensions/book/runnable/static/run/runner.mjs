// What Run, Edit and Check do on a page; fetched when one of them is first used.
//
// The page's blocks share one namespace, as in the build, so a block runs after all before it.
// What a reader changes stays in this browser: `kept` has it, by the name of the cell.

export async function start(here, page, cells) {
  const { kept, voice, make, button, store } = cells;

  const json = async (url) => {
    const answer = await fetch(url, { cache: "no-cache" });
    if (!answer.ok) throw new Error(`${url} is not there (${answer.status})`);
    return answer.json();
  };
  const root = new URL("../../_runtime/", here).href;
  const [now, book] = await Promise.all([json(`${root}now.json`), json(`${root}pages/${page}.json`)]);
  if (book.blocks.length !== cells.example.length || book.shown.length !== cells.shown.length)
    throw new Error("page and code are of two versions: load the page again");
  document.head.append(Object.assign(make("link"), { rel: "stylesheet", href: `${here}results.css` }));

  // -- what the reader has changed --------------------------------------------------------

  const scratch = cells.scratch[0];
  const keep = (cell, text) => {
    if (text === undefined) delete kept.edits[cell.name];
    else kept.edits[cell.name] = text;
    store.write(`run:${page}`, kept);
    cells.tellKept();
  };
  const original = ({ kind, at, block }) =>
    kind === "example" ? statements(book.blocks[at])
      : kind === "scratch" ? "" : block.querySelector("pre").textContent.trimEnd();
  const textOf = (cell) => kept.edits[cell.name] ?? original(cell);
  const isKept = (cell) => cell.name in kept.edits;

  // -- Python, in its own thread ----------------------------------------------------------

  let worker, ready, ran = 0, dirty = true, changed = false, calls = 0, stops = 0;
  const waiting = new Map();

  const send = (message, hear) => new Promise((resolve, reject) => {
    const id = ++calls;
    waiting.set(id, { resolve, reject, hear });
    worker.postMessage({ ...message, id });
  });

  const stop = (reason = "Stopped.") => {
    stops++;
    worker?.terminate();
    worker = ready = undefined;
    for (const { reject } of waiting.values()) reject(new Error(reason));
    waiting.clear();
  };

  const boot = (tell) => {
    if (ready) return ready;
    worker = new Worker(`${here}worker.mjs`, { type: "module" });
    worker.onmessage = ({ data: message }) => {
      if (message.step) return tell(message);
      const call = waiting.get(message.id);
      if (!call) return;
      if (message.result) return call.hear(message.at, message.result);
      waiting.delete(message.id);
      message.error ? call.reject(new Error(message.error)) : call.resolve(message);
    };
    worker.onerror = (event) => stop(event.message || "Python did not start.");
    tell({ step: "fetching", count: 0 });
    dirty = true;
    changed = false;
    ready = send({ boot: { root, here, now, data: book.data } });
    ready.then(() => store.write("run:loaded", true), () => stop());
    return ready;
  };

  const edits = () => cells.shown.filter(isKept).map((cell) => ({ ...book.shown[cell.at], text: textOf(cell) }));

  // Runs the blocks up to `last`, from the first where anything before has changed; then code of
  // the reader's own, in a copy of the page's names.
  const runTo = async (last, hear, own) => {
    const fresh = dirty || (own === undefined && ran > last), blocks = [];
    for (const cell of cells.example.slice(fresh ? 0 : ran, last + 1))
      blocks.push({ at: cell.at, code: isKept(cell) ? textOf(cell) : book.blocks[cell.at], free: isKept(cell) });
    if (own !== undefined) blocks.push({ at: book.blocks.length, code: own, free: true, apart: true });
    if (fresh) changed = edits().length > 0;
    dirty = true; // until it is known to have come to its end
    await send({ blocks, fresh, edits: edits() }, hear);
    ran = last + 1;
    dirty = false;
  };

  // -- what is told -----------------------------------------------------------------------

  const tell = (cell, state, ...parts) => {
    cell.out.hidden = false;
    cell.out.dataset.state = state;
    cell.out.replaceChildren(...parts.map((part) => (part instanceof Node ? part : make("p", "", part))));
  };
  const printed = (text, className = "") => {
    const shown = make("pre", className, text.trimEnd() || "(nothing)");
    if (text.split("\n").length > 20) shown.tabIndex = 0; // it scrolls
    return shown;
  };

  const differing = (results) => results.filter(({ how }) => how === "differs" || how === "unnoticed");
  const verb = (count, one, more) => (count === 1 ? one : more);

  const comparison = ({ source, want, got, how }) => {
    const box = make("dl");
    for (const [name, text] of [["", `>>> ${source.trimEnd()}`], ["the book", want], ["here", got]]) {
      if (name) box.append(make("dt", "", name));
      const said = make("dd");
      said.append(printed(text));
      box.append(said);
    }
    if (how === "unnoticed")
      box.append(make("dd", "", "In a browser NumPy does not notice such a fault of arithmetic."));
    return box;
  };

  const tellExamples = (cell, results) => {
    const bad = differing(results), narrow = results.filter(({ how }) => how === "width").length;
    const all = results.length;
    if (bad.length)
      return tell(cell, "bad", `${bad.length} of ${all} ${verb(bad.length, "differs", "differ")} from the book.`, ...bad.map(comparison));
    const but = narrow ? `, ${narrow} but for the width of integers: in a browser they have 32 bits` : "";
    tell(cell, "good", `${all === 1 ? "As" : `${all} of ${all} as`} in the book${but}.`);
  };

  const tellCode = (cell, result) => {
    const parts = [];
    if (result.printed) parts.push(printed(result.printed));
    if (result.error) parts.push(printed(result.error));
    tell(cell, result.error ? "bad" : "free", ...(parts.length ? parts : ["Nothing is printed."]));
  };

  const told = new Map(); // the results of each example block
  const hear = (at, result) => {
    const cell = cells.example[at] || scratch;
    told.delete(at);
    if (!Array.isArray(result)) return tellCode(cell, result);
    told.set(at, result);
    tellExamples(cell, result);
  };

  const share = (count) => `${Math.min(100, Math.round((100 * count) / now.counted))} %`;
  const STEPS = { fetching: (count) => `${share(count)} fetched …`, starting: () => "starting …" };

  // Does something with Python, when what was asked before is done, and shows meanwhile that it
  // does, with a button to stop it all.
  let turn = Promise.resolve();
  const busy = (cell, words, work) => {
    const before = stops, halt = button("Stop", "Python", () => stop());
    cell.bar.append(halt);
    tell(cell, "busy", words);
    const mine = turn.then(async () => {
      try {
        if (stops !== before) throw new Error("Stopped.");
        const size = `Python and NumPy, ${now.size} MB the first time: `;
        voice.textContent = ready ? words : `${size}please wait.`;
        await boot(({ step, count }) => tell(cell, "busy", size + STEPS[step](count)));
        tell(cell, "busy", words);
        await work(cell);
      } catch (error) {
        tell(cell, "bad", error.message.includes("\n") ? printed(error.message) : error.message);
      } finally {
        if (document.activeElement === halt) cell.bar.querySelector("button").focus();
        halt.remove();
        voice.textContent = cell.out.textContent.slice(0, 300);
      }
    });
    turn = mine;
    return mine;
  };

  // -- what the buttons do ----------------------------------------------------------------

  const last = book.blocks.length - 1;
  const actions = {
    run: (cell) => busy(cell, "Running …", () =>
      cell === scratch ? runTo(last, hear, textOf(cell)) : runTo(cell.at, hear)),

    // A function was changed: which examples of the page notice?
    rerun: (cell) => busy(cell, "Running the examples of this page with it …", async () => {
      dirty = true;
      told.clear();
      await runTo(last, hear);
      const found = [...told].filter(([, results]) => differing(results).length);
      const count = [...told.values()].reduce((sum, results) => sum + results.length, 0);
      const bad = found.reduce((sum, [, results]) => sum + differing(results).length, 0);
      if (!bad) return tell(cell, "good", `All ${count} examples of this page print as in the book.`);
      const list = make("ul");
      for (const [at, results] of found) {
        const item = make("li");
        const link = button(differing(results)[0].source.trim().split("\n")[0], "", () => {
          const { block, bar } = cells.example[at];
          for (let box = block; (box = box.parentElement.closest("details")); ) box.open = true;
          block.scrollIntoView({ block: "center" });
          bar.querySelector("button").focus({ preventScroll: true });
        });
        link.className = "run-goto";
        item.append(link);
        list.append(item);
      }
      tell(cell, "bad", `${bad} of ${count} examples of this page now ${verb(bad, "prints", "print")} something else:`, list);
    }),

    check: (cell) => busy(cell, "Checking …", async () => {
      const { id, stem } = book.exercises[cell.at];
      if (changed) { // an answer stands on the book's functions, not on the reader's
        await send({ blocks: [], fresh: true, edits: [] });
        changed = false;
        dirty = true;
      }
      const { verdict } = await send({ judge: [stem, id, textOf(cell)] });
      const parts = [verdict.passed ? "It passes." : verdict.words];
      if (verdict.hint) parts.push(make("p", "run-hint", `Hint: ${verdict.hint}`));
      for (const name of ["expected", "got", "printed"])
        if (verdict[name]) parts.push(make("p", "run-name", name), printed(verdict[name]));
      tell(cell, verdict.passed ? "good" : "bad", ...parts);
      if (verdict.passed) document.dispatchEvent(new CustomEvent("exercise-solved", { detail: id }));
    }),

    async edit(cell) {
      if (cell.view) return cell.view.focus();
      const { edit } = await import(`${root}${now.runtime}/editor.mjs`);
      const [name, go] = {
        example: ["Run", "run"], scratch: ["Run", "run"],
        shown: ["Run the page with it", "rerun"], write: ["Check", "check"],
      }[cell.kind];
      const parent = make("div", "run-editor highlight");
      cell.bar.before(parent);
      cell.block.hidden = cell !== scratch;
      const changed = (text) => {
        if (cell.kind !== "write") dirty = true;
        keep(cell, text === original(cell) ? undefined : text);
      };
      const run = () => actions[go](cell);
      const label = "Python; Shift and Enter run it, Escape and then Tab leave it";
      cell.view = edit({ parent, text: textOf(cell), label, run, changed });
      cell.before ||= [...cell.bar.children];
      cell.bar.replaceChildren(button(name, "", run), button("Reset", "this code", () => actions.reset(cell)));
      cell.view.focus();
    },

    reset(cell) {
      if (cell.kind !== "write") dirty = true;
      keep(cell);
      cell.view?.dom.parentElement.remove();
      cell.view = undefined;
      cell.block.hidden = false;
      cell.out.hidden = true;
      if (cell.before) cell.bar.replaceChildren(...cell.before);
      cell.bar.querySelector("button").focus();
    },

    discard() {
      kept.edits = {};
      for (const cell of cells.all) if (cell.view) actions.reset(cell);
      dirty = true;
      keep(scratch);
      scratch.bar.querySelector("button").focus();
    },

    download() {
      const names = new Map(cells.all.map((cell) => [cell.name, `${cell.kind} ${cell.at + 1}`]));
      const texts = Object.entries(kept.edits).map(([name, text]) =>
        `# %% ${names.get(name) || "of an earlier version"}\n${text}\n`);
      const head = `# My changes to ${page}, version ${now.version} of the book\n\n`;
      const link = make("a");
      link.href = URL.createObjectURL(new Blob([head, ...texts], { type: "text/x-python" }));
      link.download = `${page.replaceAll("/", "-")}.py`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    },
  };
  return actions;
}

// The statements of an example block, without prompts and output.
const statements = (text) =>
  text.split("\n").filter((line) => /^(>>>|\.\.\.)( |$)/.test(line)).map((line) => line.slice(4)).join("\n");
