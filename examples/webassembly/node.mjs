// Annotate from Pyodide under node, without a CDN.
//
//   npm install pyodide
//   python -m pip download --only-binary=:all: --platform pyemscripten_2026_0_wasm32 --python-version 314 \
//       --implementation cp --abi cp314 --dest wheels clarifai_http_annotations-*.whl    # made by: python -m build
//   CLARIFAI_PAT=... CLARIFAI_USER_ID=... CLARIFAI_APP_ID=... node node.mjs wheels
//
// The platform and the Python are those of Pyodide 314. For a wrong one pip fetches a pydantic_core 0.0.1, which is empty.
// The blocking Client works too: node --experimental-wasm-stack-switching node.mjs wheels
import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { loadPyodide } from "pyodide";

const wheels = resolve(process.argv[2] ?? "wheels");
const settings = Object.entries(process.env).filter(([name]) => name.startsWith("CLARIFAI_"));
const pyodide = await loadPyodide({ env: { HOME: "/home/pyodide", ...Object.fromEntries(settings) } });
await pyodide.loadPackage(readdirSync(wheels).map((name) => resolve(wheels, name)), { messageCallback: () => {} });

await pyodide.runPythonAsync(`
from clarifai_http_annotations import Annotation, AsyncClient, negative, positive

async with AsyncClient() as client:
    await client.create(Annotation.of("53d0362a", positive("tree"), negative("water")))
    async for annotation in client.list(input_ids=["53d0362a"]):
        for place, concept in annotation.each_concept():
            print(concept.id, concept.value)
`);
