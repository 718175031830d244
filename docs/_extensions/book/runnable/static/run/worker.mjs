// Python, in a thread of its own: the page stays at hand whatever runs here.

let python, harness;
const SITE = "/lib/python3.14/site-packages";

// What is fetched is counted as it comes, so that the page can say how far it is.
const plain = self.fetch;
let count = 0;
self.fetch = async (...asked) => {
  const answer = await plain(...asked);
  if (!answer.ok) throw new Error(`${answer.url} is not there (${answer.status})`);
  if (!answer.body || !answer.url.endsWith(".zip.json")) return answer; // the rest streams best as it is
  const transform = (part, out) => {
    postMessage({ step: "fetching", count: (count += part.length) });
    out.enqueue(part);
  };
  return new Response(answer.body.pipeThrough(new TransformStream({ transform })));
};
const bytes = async (url) => (await fetch(url)).arrayBuffer();

// Everything is asked for at once, and unpacked in order.
async function boot({ root, here, now, data }) {
  const runtime = `${root}${now.runtime}/`;
  const zips = [`${runtime}numpy.zip.json`, `${runtime}libraries.zip.json`, root + now.snippets];
  const files = Promise.all([...zips, ...data.map((name) => `${root}data/${name}`)].map(bytes));
  files.catch(() => {}); // told of below, where it is waited for
  const code = fetch(`${here}harness.py`).then((answer) => answer.text());
  const { loadPyodide } = await import(`${runtime}pyodide.mjs`);
  const stdLibURL = `${runtime}python_stdlib.zip.json`;
  python = await loadPyodide({ indexURL: runtime, stdLibURL, env: { HOME: "/home/reader" } });
  const [numpy, libraries, snippets, ...rest] = await files;
  postMessage({ step: "starting" });
  for (const [zip, extractDir] of [[numpy, SITE], [libraries, SITE], [snippets, "/book"]])
    python.unpackArchive(zip, "zip", { extractDir });
  python.FS.mkdirTree(`/book/${now.package}/data`);
  rest.forEach((file, i) => python.FS.writeFile(`/book/${now.package}/data/${data[i]}`, new Uint8Array(file)));
  python.FS.writeFile("/book/harness.py", await code);
  python.runPython("import sys; sys.path.insert(0, '/book'); import harness");
  harness = python.pyimport("harness");
  harness.FLAGS = now.flags;
  harness.PACKAGE = now.package;
}

const ask = (name, ...args) => JSON.parse(harness[name](...args));

self.onmessage = async ({ data: message }) => {
  const { id } = message;
  try {
    if (message.boot) await boot(message.boot);
    if (message.judge) return postMessage({ id, verdict: ask("judge", ...message.judge) });
    if (message.fresh) {
      const { error } = ask("start", JSON.stringify(message.edits));
      if (error) return postMessage({ id, error });
    }
    for (const { at, code, free, apart } of message.blocks || []) {
      const result = free ? ask("run_code", code, Boolean(apart)) : ask("run_examples", code, `block ${at + 1}`);
      postMessage({ id, at, result });
    }
    postMessage({ id, done: true });
  } catch (error) {
    postMessage({ id, error: String(error?.message || error) });
  }
};
