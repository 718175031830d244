// Compiles what is Python in the runtime, by that Python itself:  node compile.mjs FROM TO
//
// Zips are stored, not deflated: a host compresses better what is not compressed already.  They
// are called .json, for most hosts compress that, and leave alone what is called .zip.

import fs from "node:fs";
import path from "node:path";

const [from, to] = process.argv.slice(2).map((folder) => path.resolve(folder) + path.sep);
const { loadPyodide } = await import(from + "pyodide.mjs");
const python = await loadPyodide({ indexURL: from, packageBaseUrl: from });
python.runPython(fs.readFileSync(new URL("compile.py", import.meta.url), "utf-8"));
const compiled = python.globals.get("compiled");

// Where the compiled files will lie, for the lines of a traceback.
const places = (name) =>
  name === "python_stdlib.zip" ? "/lib/python314.zip/" : "/lib/python3.14/site-packages/";

for (const name of fs.readdirSync(from)) {
  const bytes = fs.readFileSync(from + name);
  const [, stem] = name.match(/^(\w+).*\.(?:zip|whl)$/) || [];
  if (stem) {
    const packed = compiled(python.toPy(new Uint8Array(bytes)), places(name)).toJs();
    fs.writeFileSync(`${to}${stem}.zip.json`, Buffer.from(packed));
  } else {
    fs.writeFileSync(to + name, bytes);
  }
}
