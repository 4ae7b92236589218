// Runs functions of scenarios.py in Pyodide under node: a line of JSON in, {name, arguments, entry}, a line of JSON out.
// $ node [--experimental-wasm-stack-switching] runner.mjs PYODIDE_HOME
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";

const home = process.argv[2];
const began = performance.now();
const { loadPyodide } = await import(pathToFileURL(join(home, "node_modules/pyodide/pyodide.mjs")));
const py = await loadPyodide({ stdout: console.error }); // stdout is for answers
const booted = performance.now();
const wheels = readdirSync(join(home, "wheels")).map((name) => join(home, "wheels", name));
await py.loadPackage(wheels, { messageCallback: () => {} });
const loaded = performance.now();
py.runPython("from clarifai_http_annotations import Annotation, AsyncClient, Client");
const imported = performance.now();
const here = fileURLToPath(new URL(".", import.meta.url));
py.FS.writeFile("scenarios.py", readFileSync(join(here, "scenarios.py"), "utf8"));
py.runPython("import scenarios");
console.log(JSON.stringify({ boot: booted - began, wheels: loaded - booted, import: imported - loaded }));

for await (const line of createInterface({ input: process.stdin })) {
  const { entry } = JSON.parse(line);
  py.globals.set("line", line);
  console.log(entry === "runPython" ? py.runPython("scenarios.now(line)") : await py.runPythonAsync("await scenarios.run(line)"));
}
