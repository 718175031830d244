// The browser's Python in Node, by the pages' own worker:  node pyodide.mjs BOOK MODULE.py...
//
// BOOK is the folder of the built HTML; the modules are put at hand, `pyodide_checks` among them.  Prints
// a line of JSON for each page with what its examples told and which data they opened, one for
// each exercise with what the judge said of its solution and its stub, and one for the proof.

import fs from "node:fs";
import path from "node:path";

const [book, ...modules] = process.argv.slice(2).map((place) => path.resolve(place));
const [root, here] = [path.join(book, "_runtime/"), path.join(book, "_static/run/")];
const json = (name) => JSON.parse(fs.readFileSync(root + name));
const now = json("now.json");

// What a worker has in a browser.
globalThis.self = globalThis;
globalThis.fetch = async (url) => {
  const answer = new Response(fs.readFileSync(url));
  Object.defineProperty(answer, "url", { value: url });
  return answer;
};
let hear;
globalThis.postMessage = (message) => message.step || hear(message);
await import(`${here}worker.mjs`);
const ask = async (message) => {
  const told = [];
  hear = (answer) => told.push(answer);
  await self.onmessage({ data: { id: 1, ...message } });
  const fault = told.find(({ error }) => error);
  if (fault) throw new Error(fault.error);
  return told;
};
const python = async (code) => {
  const blocks = [{ at: 0, code, free: true, apart: true }];
  const [{ result }] = await ask({ blocks });
  if (result.error) throw new Error(result.error);
  return result.printed;
};
const tell = (what) => console.log(JSON.stringify(what));

const pages = fs.readdirSync(`${root}pages`, { recursive: true }).filter((name) => name.endsWith(".json"));
const books = pages.sort().map((name) => [name.replace(/\.json$/, ""), json(`pages/${name}`)]);
const data = [...new Set(books.flatMap(([, page]) => page.data))];
await ask({ boot: { root, here, now, data } });
for (const file of modules) {
  const [name, text] = [path.basename(file), fs.readFileSync(file, "utf-8")].map((one) => JSON.stringify(one));
  await python(`import pathlib\npathlib.Path("/book", ${name}).write_text(${text})`);
}
const asked = async (call) => JSON.parse(await python(`import pyodide_checks\npyodide_checks.${call}`));

for (const [page, { blocks, data, exercises }] of books) {
  const code = blocks.map((text, at) => ({ at, code: text, free: false }));
  const began = performance.now();
  const answers = await ask({ blocks: code, fresh: true, edits: [] });
  const results = answers.flatMap(({ result }) => result || []);
  const opened = await asked("opened()");
  tell({ page, data, opened, seconds: (performance.now() - began) / 1000, examples: results.length,
         not: results.filter(({ how }) => how !== "same") });
  for (const { id, stem } of exercises) {
    const [solution, stub] = await asked(`answers("${stem}", "${id}")`);
    const verdicts = [];
    for (const text of [solution, stub]) verdicts.push((await ask({ judge: [stem, id, text] }))[0].verdict);
    tell({ exercise: id, page, solution: verdicts[0], stub: verdicts[1] });
  }
}
tell({ proof: await asked("proof()") });
