/**
 * ONNX graphs at random (test/peers/onnx-random.py FOLDER CASES SEED made them): answers beside ONNX Runtime's, on the plain kernels and on
 * WebAssembly's, and the SE gates that are there. `npx tsx test/peers/onnx-random.ts FOLDER [NAME...]`. Closes with `N passed, N failed`.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { UnsupportedError } from "../../src/errors.ts";
import { compileSync, gatesOf, importOnnx, Tensor } from "../../src/index.ts";
import { externalLocations } from "../../src/io/onnx/import.ts";

interface Stored {
  readonly dims: readonly number[];
  readonly data: readonly (number | string)[];
}
interface Case {
  readonly file: string;
  readonly opset: number;
  readonly rewrite: string;
  readonly gates: number;
  readonly half: boolean;
  readonly inputs: Readonly<Record<string, Stored>>;
  readonly outputs: readonly (Stored & { readonly name: string })[];
}

const [folder, ...only] = process.argv.slice(2);
if (folder === undefined) throw new Error("onnx-random: wants the folder that onnx-random.py wrote");
const cases = JSON.parse(readFileSync(join(folder, "random.json"), "utf8")) as readonly Case[];
const bytesOf = (name: string): Uint8Array => new Uint8Array(readFileSync(join(folder, name)));
const numbers: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, "-inf": -Infinity };
const tensorOf = ({ dims, data }: Stored): Tensor<Float32Array> =>
  new Tensor(Float32Array.from(data, (x) => (typeof x === "number" ? x : numbers[x])), dims);

/** What the answers differ by, or undefined. */
function differs(found: Tensor, wanted: Stored, half: boolean): string | undefined {
  const expected = tensorOf(wanted);
  if (found === undefined) return "no such output";
  if (found.shape.join() !== wanted.dims.join()) return `shape [${found.shape}], wanted [${wanted.dims}]`;
  const largest = expected.data.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0);
  for (let i = 0; i < expected.size; i++) {
    const [a, b] = [found.data[i], expected.data[i]];
    const near = Math.abs(a - b) <= (half ? 0.02 : 2e-5) * (Math.abs(b) + largest) + 1e-6;
    if (!(a === b || (a !== a && b !== b) || near)) return `element ${i} of [${wanted.dims}] is ${a}, wanted ${b}`;
  }
  return undefined;
}

let passed = 0;
let failed = 0;
const unsupported = new Map<string, number>();
for (const { file, opset, rewrite, gates, half, inputs, outputs } of cases) {
  if (only.length > 0 && !only.some((name) => file.includes(name))) continue;
  const problems: string[] = [];
  try {
    const bytes = bytesOf(file);
    const external = Object.fromEntries(
      externalLocations(bytes).filter((name) => existsSync(join(folder, name))).map((name) => [name, bytesOf(name)]),
    );
    const network = importOnnx(bytes, { external });
    const named = network.inputs.map(({ name }) => name);
    const input = Object.fromEntries(named.map((name) => [name, inputs[name].dims]));
    const x = Object.fromEntries(Object.keys(input).map((name) => [name, tensorOf(inputs[name])]));
    const found = gatesOf(network.lower(input)).length;
    if (found !== gates && Object.keys(inputs).length > 0) problems.push(`${found} of ${gates} gates`);
    for (const [kernels, numerics] of [["plain", "exact"], ["wasm", "exact"], ["wasm", "fast"]] as const) {
      const session = compileSync(network, { input, kernels, numerics });
      const y = session.run(x);
      session.close();
      const answers = (y instanceof Tensor ? { [network.outputs[0]]: y } : y) as Readonly<Record<string, Tensor>>;
      for (const [i, wanted] of outputs.entries()) {
        const difference = differs(answers[network.outputs[i]], wanted, half);
        if (difference !== undefined) problems.push(`${kernels} ${numerics}: ${wanted.name}: ${difference}`);
      }
    }
  } catch (error) {
    if (error instanceof UnsupportedError) for (const what of error.missing) unsupported.set(what, (unsupported.get(what) ?? 0) + 1);
    problems.push((error as Error).message);
  }
  if (problems.length === 0) passed++;
  else {
    failed++;
    console.log(`FAIL ${file} (opset ${opset}${rewrite === "" ? "" : `, ${rewrite}`}): ${problems.slice(0, 3).join("; ").slice(0, 400)}`);
  }
}
for (const [what, count] of unsupported) console.log(`not supported: ${what}: ${count}`);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
