/**
 * Networks of timm as PyTorch's two exporters write them (test/peers/onnx-timm.py FOLDER made them): logits beside PyTorch's, SE gates
 * beside the modules that timm has, and the plan of seresnet50 beside the one of senet's own. `npx tsx test/peers/onnx-timm.ts FOLDER
 * [NAME...]`. Closes with `N passed, N failed`.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { compileSync, createModel, gatesOf, importOnnx, Tensor } from "../../src/index.ts";
import type { OnnxNetwork } from "../../src/index.ts";
import { externalLocations } from "../../src/io/onnx/import.ts";

interface Notes {
  readonly gates: number;
  readonly files: Readonly<Record<string, string>>;
  readonly cases: readonly { readonly dims: readonly number[]; readonly logits: readonly number[] }[];
}

const [folder, ...only] = process.argv.slice(2);
if (folder === undefined) throw new Error("onnx-timm: wants the folder that onnx-timm.py wrote");
const json = <T>(name: string): T => JSON.parse(readFileSync(join(folder, name), "utf8")) as T;
const notes = json<Readonly<Record<string, Notes>>>("timm.json");
const inputs = json<Readonly<Record<string, readonly number[]>>>("inputs.json");

let passed = 0;
let failed = 0;
function expect(what: string, good: boolean, detail: string): void {
  if (good) passed++;
  else failed++;
  console.log(`${good ? "ok  " : "FAIL"} ${what.padEnd(36)} ${detail}`);
}

function open(name: string): OnnxNetwork {
  const bytes = new Uint8Array(readFileSync(join(folder, name)));
  return importOnnx(
    bytes,
    {
      external: Object.fromEntries(
        externalLocations(bytes).map((location) => [location, new Uint8Array(readFileSync(join(folder, location)))]),
      )
    },
  );
}

for (const [name, { gates, files, cases }] of Object.entries(notes)) {
  if (only.length > 0 && !only.includes(name)) continue;
  for (const [kind, file] of Object.entries(files)) {
    try {
      const network = open(file);
      const [{ name: input }] = network.inputs;
      for (const { dims, logits } of kind.endsWith("free") ? cases : cases.slice(0, 1)) {
        const x = new Tensor(Float32Array.from(inputs[`[${dims.join(", ")}]`]), dims);
        const found = gatesOf(network.lower({ [input]: dims })).length;
        const start = performance.now();
        const session = compileSync(network, { input: dims, numerics: "exact" });
        const compiled = performance.now() - start;
        const y = session.run({ [input]: x })[network.outputs[0]];
        const largest = logits.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
        const error = logits.reduce((most, v, i) => Math.max(most, Math.abs(v - y.data[i])), 0) / largest;
        const plain = (session.plan.match(/plain, between/g) ?? []).length;
        expect(
          `${name} ${kind} ${dims.join("x")}`, error < 1e-4 && found === gates,
          `off by ${error.toExponential(1)} of the largest, ${found} of ${gates} gates, ${plain} of ${session.plan.split("\n").length} ` +
          `calls on plain kernels, compiled in ${compiled.toFixed(0)} ms`,
        );
        if (name === "seresnet50" && dims[0] === 1) {
          const own = compileSync(createModel("seresnet50", {}, 1), { input: dims, numerics: "exact" });
          expect(
            `${name} ${kind}: the plan`, session.plan.split("\n").length === own.plan.split("\n").length,
            `${session.plan.split("\n").length} calls, senet's own ${own.plan.split("\n").length}`,
          );
          own.close();
        }
        session.close();
      }
    } catch (error) {
      expect(`${name} ${kind}`, false, (error as Error).message);
    }
  }
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
