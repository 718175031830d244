// Python, in a thread of its own: the page stays at hand whatever runs here.

let python, harness;
const SITE = "/lib/python3.14/site-packages";

const bytes = async (url) => {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} is not there (${answer.status})`);
  return answer.arrayBuffer();
};

// Everything is asked for at once, and unpacked in order.
async function boot({ root, here, now, data }) {
  const runtime = `${root}${now.runtime}/`;
  const names = [`${runtime}libraries.zip`, root + now.snippets, ...data.map((n) => `${root}data/${n}`)];
  const files = Promise.all(names.map(bytes));
  const code = fetch(`${here}harness.py`).then((answer) => answer.text());
  const { loadPyodide } = await import(`${runtime}pyodide.mjs`);
  postMessage({ step: "starting Python" });
  const folders = { indexURL: runtime, packageBaseUrl: runtime };
  python = await loadPyodide({ ...folders, packages: ["numpy"], env: { HOME: "/home/reader" } });
  postMessage({ step: "unpacking the book’s code" });
  const [libraries, snippets, ...rest] = await files;
  python.unpackArchive(libraries, "zip", { extractDir: SITE });
  python.unpackArchive(snippets, "zip", { extractDir: "/book" });
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
    if (message.boot) {
      await boot(message.boot);
      return postMessage({ id, ready: true });
    }
    if (message.judge) return postMessage({ id, verdict: ask("judge", ...message.judge) });
    if (message.fresh) harness.start(JSON.stringify(message.edits));
    for (const { at, code, free } of message.blocks)
      postMessage({ id, at, result: ask(free ? "run_code" : "run_examples", code, `block ${at + 1}`) });
    postMessage({ id, done: true });
  } catch (error) {
    postMessage({ id, error: String(error?.message || error) });
  }
};
