// Compiles what is Python in the runtime, by that Python itself:  node compile.mjs FROM TO
// Zips are stored, not deflated: a host compresses better what is not compressed already.

import crypto from "node:crypto";
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

const lock = JSON.parse(fs.readFileSync(from + "pyodide-lock.json"));
for (const name of fs.readdirSync(from)) {
  if (name === "pyodide-lock.json") continue;
  let bytes = fs.readFileSync(from + name);
  if (/\.(zip|whl)$/.test(name)) {
    bytes = Buffer.from(compiled(python.toPy(new Uint8Array(bytes)), places(name)).toJs());
    for (const one of Object.values(lock.packages))
      if (one.file_name === name) one.sha256 = crypto.createHash("sha256").update(bytes).digest("hex");
  }
  fs.writeFileSync(to + name, bytes);
}
fs.writeFileSync(to + "pyodide-lock.json", JSON.stringify(lock));
