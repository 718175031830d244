// What Run, Edit and Check do on a page; fetched when one of them is first used.
//
// The page's blocks share one namespace, as in the build, so a block runs after all before it.
// What a reader changes stays in this browser: `kept` has it, by the kind and place of the block.

const element = (tag, className, text) => {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
};

const json = async (url, options) => {
  const answer = await fetch(url, options);
  if (!answer.ok) throw new Error(`${url} is not there (${answer.status})`);
  return answer.json();
};

// The statements of an example block, without prompts and output.
const statements = (text) =>
  text.split("\n").filter((line) => /^(>>>|\.\.\.)( |$)/.test(line)).map((line) => line.slice(4)).join("\n");

export async function start(here, page, cells) {
  const root = new URL("../../_runtime/", here).href;
  const now = await json(`${root}now.json`, { cache: "no-cache" });
  const book = await json(`${root}pages/${page}.json`, { cache: "no-cache" });
  if (book.blocks.length !== cells.example.length || book.shown.length !== cells.shown.length)
    throw new Error("page and code are of two versions: load the page again");

  // -- what the reader has changed --------------------------------------------------------

  const key = `run:${page}`;
  const kept = { version: now.version, edits: {}, solved: [], ...JSON.parse(localStorage.getItem(key) || "{}") };
  const isOld = kept.version !== now.version && Object.keys(kept.edits).length > 0;
  const keep = () => {
    kept.version = now.version;
    localStorage.setItem(key, JSON.stringify(kept));
  };
  const named = ({ kind, at }) => `${kind}:${at}`;
  const original = ({ kind, at }) =>
    kind === "example" ? statements(book.blocks[at])
      : kind === "scratch" ? "" : cells[kind][at].block.querySelector("pre").textContent.trimEnd();
  const textOf = (place) => kept.edits[named(place)] ?? original(place);

  // -- Python, in its own thread ----------------------------------------------------------

  let worker, ready, ran = 0, dirty = true, calls = 0;
  const waiting = new Map();

  const send = (message, hear) => new Promise((resolve, reject) => {
    const id = ++calls;
    waiting.set(id, { resolve, reject, hear });
    worker.postMessage({ ...message, id });
  });

  const boot = (tell) => {
    if (ready) return ready;
    worker = new Worker(`${here}worker.mjs`, { type: "module" });
    worker.onmessage = ({ data: message }) => {
      if (message.step) return tell(message.step);
      const call = waiting.get(message.id);
      if (!call) return;
      if (message.result) return call.hear(message.at, message.result);
      waiting.delete(message.id);
      message.error ? call.reject(new Error(message.error)) : call.resolve(message);
    };
    worker.onerror = (event) => stop(event.message || "Python did not start");
    tell("fetching");
    ran = 0;
    dirty = true;
    ready = send({ boot: { root, here, now, data: book.data } });
    return ready;
  };

  const stop = (reason = "Stopped.") => {
    worker?.terminate();
    worker = ready = undefined;
    for (const { reject } of waiting.values()) reject(new Error(reason));
    waiting.clear();
  };

  const edits = () => book.shown
    .map((one, at) => ({ ...one, text: kept.edits[`shown:${at}`] }))
    .filter((one) => one.text !== undefined);

  // Runs the blocks up to `last`, from the first where anything before has changed.
  const runTo = (last, hear, scratch) => {
    const fresh = dirty || ran > last;
    const blocks = [];
    for (let at = fresh ? 0 : ran; at <= Math.min(last, book.blocks.length - 1); at++) {
      const free = kept.edits[`example:${at}`];
      blocks.push({ at, code: free ?? book.blocks[at], free: free !== undefined });
    }
    if (scratch !== undefined) blocks.push({ at: book.blocks.length, code: scratch, free: true });
    dirty = true; // until it is known to have come to its end
    return send({ blocks, fresh, edits: edits() }, hear).then(() => {
      ran = scratch === undefined ? last + 1 : book.blocks.length;
      dirty = scratch !== undefined;
    });
  };

  // -- what is told -----------------------------------------------------------------------

  const cellOf = ({ kind, at }) => cells[kind][at];

  const tell = (cell, state, ...parts) => {
    cell.out.hidden = false;
    cell.out.dataset.state = state;
    cell.out.replaceChildren(...parts.map((part) => (part instanceof Node ? part : element("p", "", part))));
  };

  const differing = (results) => results.filter(({ how }) => how === "differs");

  const comparison = ({ source, want, got }) => {
    const box = element("dl", "run-differs");
    for (const [name, text] of [["", `>>> ${source.trimEnd()}`], ["the book", want], ["here", got]]) {
      if (name) box.append(element("dt", "", name));
      const said = element("dd");
      said.append(element("pre", "", text.trimEnd() || "(nothing)"));
      box.append(said);
    }
    return box;
  };

  const tellExamples = (cell, results) => {
    const bad = differing(results), narrow = results.filter(({ how }) => how === "width").length;
    const all = results.length;
    if (bad.length)
      return tell(cell, "bad", `${bad.length} of ${all} ${bad.length === 1 ? "differs" : "differ"} from the book.`, ...bad.map(comparison));
    const but = narrow ? `, ${narrow} but for the width of integers: Python in a browser has 32 bits` : "";
    tell(cell, "good", `${all === 1 ? "As" : `${all} of ${all} as`} in the book${but}.`);
  };

  const tellCode = (cell, { printed, error }) => {
    const parts = [];
    if (printed) parts.push(element("pre", "", printed.trimEnd()));
    if (error) parts.push(element("pre", "run-error", error.trimEnd()));
    tell(cell, error ? "bad" : "free", ...(parts.length ? parts : ["Nothing is printed."]));
  };

  const told = new Map(); // the results of each example block
  const hear = (at, result) => {
    if (at === book.blocks.length) return tellCode(cells.scratch[0], result);
    const cell = cells.example[at];
    if (Array.isArray(result)) {
      told.set(at, result);
      tellExamples(cell, result);
    } else {
      told.delete(at);
      tellCode(cell, result);
    }
  };

  // Does something with Python, and shows meanwhile that it does, with a button to stop it.
  const busy = async (place, words, work) => {
    const cell = cellOf(place);
    const halt = element("button", "", "Stop");
    halt.type = "button";
    halt.addEventListener("click", () => stop());
    cell.bar.append(halt);
    const size = (now.size / 3e6).toFixed(0);
    try {
      await boot((step) => tell(cell, "busy", `Python and NumPy, about ${size} MB the first time: ${step} …`));
      tell(cell, "busy", words);
      await work(cell);
    } catch (error) {
      tell(cell, "bad", error.message);
    } finally {
      halt.remove();
    }
  };

  // -- what the buttons do ----------------------------------------------------------------

  const actions = {
    run: (place) => busy(place, "Running …", () => {
      if (place.kind !== "scratch") return runTo(place.at, hear);
      return runTo(book.blocks.length - 1, hear, textOf(place));
    }),

    // A function was changed: which examples of the page notice?
    rerun: (place) => busy(place, "Running the examples of this page with it …", async (cell) => {
      dirty = true;
      told.clear();
      await runTo(book.blocks.length - 1, hear);
      const found = [...told.entries()].filter(([, results]) => differing(results).length);
      const count = [...told.values()].reduce((sum, results) => sum + results.length, 0);
      const bad = found.reduce((sum, [, results]) => sum + differing(results).length, 0);
      if (!bad) return tell(cell, "good", `All ${count} examples of this page print as in the book.`);
      const list = element("ul");
      for (const [at, results] of found) {
        const link = element("button", "run-goto", differing(results)[0].source.trim().split("\n")[0]);
        link.type = "button";
        link.addEventListener("click", () => {
          cells.example[at].block.closest("details")?.setAttribute("open", "");
          cells.example[at].block.scrollIntoView({ block: "center" });
        });
        const item = element("li");
        item.append(link);
        list.append(item);
      }
      tell(cell, "bad", `${bad} of ${count} examples of this page now ${bad === 1 ? "prints" : "print"} something else:`, list);
    }),

    check: (place) => busy(place, "Checking …", async (cell) => {
      const { id, stem } = book.exercises[place.at];
      if (dirty && edits().length) await send({ blocks: [], fresh: true, edits: [] }, () => {});
      const { verdict } = await send({ judge: [stem, id, textOf(place)] });
      const parts = [verdict.passed ? "It passes." : verdict.words];
      if (verdict.hint) parts.push(element("p", "run-hint", `Hint: ${verdict.hint}`));
      for (const [name, text] of [["expected", verdict.expected], ["got", verdict.got], ["printed", verdict.printed]])
        if (text) parts.push(element("p", "run-name", name), element("pre", "", text.trimEnd()));
      tell(cell, verdict.passed ? "good" : "bad", ...parts);
      if (!verdict.passed) return;
      kept.solved = [...new Set([...kept.solved, id])];
      cell.block.closest(".exercise").dataset.solved = "";
      keep();
    }),

    async edit(place) {
      const cell = cellOf(place);
      if (cell.view) return cell.view.focus();
      const { edit } = await import(`${root}${now.runtime}/editor.mjs`);
      const go = { example: "run", scratch: "run", shown: "rerun", write: "check" }[place.kind];
      const parent = element("div", "run-editor highlight");
      cell.bar.before(parent);
      cell.block.hidden = place.kind !== "scratch";
      cell.view = edit({
        parent,
        text: textOf(place),
        label: "Python; Escape and then Tab leaves the editor",
        run: () => actions[go](place),
        changed: (text) => {
          kept.edits[named(place)] = text;
          if (place.kind !== "write") dirty = true;
          keep();
        },
      });
      kept.edits[named(place)] ??= textOf(place);
      if (place.kind !== "write") dirty = true;
      keep();
      cell.before ||= [...cell.bar.children];
      const button = (text, act) => {
        const made = element("button", "", text);
        made.type = "button";
        made.addEventListener("click", act);
        return made;
      };
      const name = { example: "Run", scratch: "Run", shown: "Run the page with it", write: "Check" }[place.kind];
      cell.bar.replaceChildren(
        button(name, () => actions[go](place)),
        button("Reset", () => actions.reset(place)),
        button("Download my changes", download),
      );
      if (isOld) tell(cell, "free", "You wrote this for an earlier version of the book.");
      cell.view.focus();
    },

    reset(place) {
      const cell = cellOf(place);
      delete kept.edits[named(place)];
      delete cell.bar.dataset.kept;
      dirty = true;
      keep();
      cell.view?.dom.parentElement.remove();
      cell.view = undefined;
      cell.block.hidden = false;
      cell.out.hidden = true;
      if (cell.before) cell.bar.replaceChildren(...cell.before);
      cell.bar.querySelector("button")?.focus();
    },
  };

  const download = () => {
    const texts = Object.entries(kept.edits).map(([name, text]) => `# %% ${name}\n${text}\n`);
    const link = element("a");
    link.href = URL.createObjectURL(new Blob([`# Changes to ${page}, version ${kept.version}\n\n`, ...texts]));
    link.download = `${page.replaceAll("/", "-")}.py`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  return actions;
}
