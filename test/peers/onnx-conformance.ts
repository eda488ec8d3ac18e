/**
 * ONNX's own conformance data: every model of a list is imported, run in a session and compared with the outputs that stand beside it.
 *
 *   apt-get install libonnx-testdata
 *   npx tsx test/peers/onnx-conformance.ts [--data FOLDER] [--list FILE | --all] [--kernels plain|wasm] [NAME...]
 *
 * An input that decides shapes (the sizes of a Reshape, say) is given when the network is imported, as `constants`, and so are whole
 * numbers; weights that a test has as inputs too, where an operator wants to know them. Prints how many passed, which were not supported,
 * by operator, and which were wrong.
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { UnsupportedError } from "../../src/errors.ts";
import { importOnnx } from "../../src/io/onnx/import.ts";
import { readModel } from "../../src/io/onnx/read/model.ts";
import type { Port } from "../../src/io/onnx/read/model.ts";
import { storedTensor } from "../../src/io/onnx/read/tensor.ts";
import { BFLOAT16, DOUBLE, isFloat, typeName } from "../../src/io/onnx/read/types.ts";
import { bfloat16ToNumber } from "../../src/io/weights/half.ts";
import { compileSync } from "../../src/session/session.ts";
import { Tensor } from "../../src/tensor.ts";

const UINT16 = 4;

interface Given {
  readonly type: number;
  readonly tensor: Tensor;
}

const none = (): never => {
  throw new Error("a test's tensor lies in another file");
};

function readTensor(path: string): Given {
  const { type, shape, read } = storedTensor(new Uint8Array(readFileSync(path)), none);
  return { type, tensor: new Tensor(Float64Array.from(read()), shape) };
}

/** Some tensors of bfloat16 are written as the whole numbers that their bits are. */
function asTyped({ type, tensor }: Given, port: Port): Given {
  if (port.type !== BFLOAT16 || type !== UINT16) return { type: port.type, tensor };
  return { type: port.type, tensor: new Tensor(Float64Array.from(tensor.data, bfloat16ToNumber), tensor.shape) };
}

/** onnx's own tolerance (onnx.backend.test.runner): rtol 1e-3, atol 1e-7; what is rounded to 16 bits, as its type is exact. */
function differs(found: Tensor, { type, tensor }: Given): string | undefined {
  if (found.shape.join() !== tensor.shape.join()) return `shape [${found.shape}], wanted [${tensor.shape}]`;
  const relative = type === BFLOAT16 ? 8e-3 : 1e-3;
  for (let i = 0; i < tensor.size; i++) {
    const [a, b] = [found.data[i], tensor.data[i]];
    const same = a === b || (a !== a && b !== b) || Math.abs(a - b) <= (isFloat(type) ? 1e-7 + relative * Math.abs(b) : 0);
    if (!same) return `element ${i} is ${a}, wanted ${b} (${typeName(type)})`;
  }
  return undefined;
}

/** Which inputs are given at import: what sessions do not hold (whole numbers, doubles); then all but the first; then all. */
const notHeld = ({ type }: Port): boolean => !isFloat(type) || type === DOUBLE;
const ways: readonly ((port: Port, i: number) => boolean)[] = [notHeld, (port, i) => i > 0 || notHeld(port), () => true];

type Verdict = { readonly passed: number } | { readonly unsupported: string } | { readonly wrong: string };

function judge(folder: string, kernels: "plain" | "wasm"): Verdict {
  const bytes = new Uint8Array(readFileSync(join(folder, "model.onnx")));
  const set = join(folder, "test_data_set_0");
  let inputs: Port[] = [];
  let given: Given[];
  let wanted: Given[];
  let outputs: readonly Port[];
  try {
    const model = readModel(bytes, none);
    [inputs, outputs] = [[...model.inputs], model.outputs];
    given = inputs.flatMap(
      (_, i) => (existsSync(join(set, `input_${i}.pb`)) ? [asTyped(readTensor(join(set, `input_${i}.pb`)), inputs[i])] : []),
    );
    wanted = outputs.map((port, i) => asTyped(readTensor(join(set, `output_${i}.pb`)), port));
  } catch (error) {
    return { unsupported: `values that are no tensors of numbers: ${(error as Error).message}` };
  }
  let last = "";
  for (const [way, fixed] of ways.entries()) {
    const at = (keep: boolean): [string, Tensor][] => inputs.flatMap(
      (port, i) => ((fixed(port, i) || given[i]?.tensor.size === 0) === keep && i < given.length ? [[port.name, given[i].tensor]] : []),
    );
    try {
      const network = importOnnx(bytes, { constants: Object.fromEntries(at(true)) });
      const x = Object.fromEntries(at(false).map(([name, tensor]) => [name, tensor.toFloat32()]));
      const shapes = Object.fromEntries(Object.entries(x).map(([name, tensor]) => [name, tensor.shape]));
      const session = compileSync(network, { input: shapes, kernels, numerics: "exact" });
      // Dropout in training draws numbers that no other runtime has; where it is known to drop nothing, it is none.
      if (network.notes.length > 0) {
        last = network.notes.join("; ");
        continue;
      }
      const found = session.run(x);
      for (const [i, { name }] of outputs.entries()) {
        const difference = differs(found[name], wanted[i]);
        if (difference !== undefined) return { wrong: `${name}: ${difference}` };
      }
      return { passed: way };
    } catch (error) {
      if (!(error instanceof UnsupportedError)) return { wrong: (error as Error).stack ?? String(error) };
      last = error.message.replace(/^importOnnx: (not supported \(opset \d+\): )?/, "");
    }
  }
  return { unsupported: last };
}

const args = process.argv.slice(2);
const option = (name: string): string | undefined => {
  const at = args.indexOf(`--${name}`);
  return at < 0 ? undefined : args.splice(at, 2)[1];
};
const data = option("data") ?? "/usr/share/libonnx-testdata/data";
const list = option("list") ?? new URL("../fixtures/onnx/conformance-list.txt", import.meta.url);
const kernels = option("kernels") === "wasm" ? "wasm" : "plain";
const all = args.includes("--all");
const only = args.filter((name) => !name.startsWith("--"));
if (!existsSync(data)) throw new Error(`${data} is not there: apt-get install libonnx-testdata`);
const groups = ["node", "pytorch-converted", "pytorch-operator", "simple"];
const names = all
  ? groups.flatMap(
    (group) => readdirSync(join(data, group)).filter((name) => existsSync(join(data, group, name, "model.onnx")))
      .map((name) => `${group}/${name}`),
  ).sort()
  : readFileSync(list, "utf8").split("\n").filter((line) => line !== "" && !line.startsWith("#"));

const unsupported = new Map<string, string[]>();
const wrong: string[] = [];
const passed = [0, 0, 0];
let count = 0;
for (const name of names) {
  if (only.length > 0 && !only.some((part) => name.includes(part))) continue;
  count++;
  const verdict = judge(join(data, name), kernels);
  if ("passed" in verdict) passed[verdict.passed]++;
  else if ("wrong" in verdict) wrong.push(`${name}: ${verdict.wrong}`);
  else {
    const key = verdict.unsupported.replace(/ \(node[^)]*\)/g, "");
    unsupported.set(key, [...(unsupported.get(key) ?? []), name]);
  }
}
for (const [what, where] of [...unsupported].sort((a, b) => b[1].length - a[1].length)) {
  console.log(`not supported: ${what}\n    ${where.length}: ${where.slice(0, 8).join(", ")}${where.length > 8 ? " ..." : ""}`);
}
for (const line of wrong) console.log(`WRONG ${line}`);
const total = passed[0] + passed[1] + passed[2];
const missing = [...unsupported.values()].reduce((sum, where) => sum + where.length, 0);
console.log(
  `\n${count} models, ${kernels} kernels: ${total} passed (${passed[0]} with their inputs as they are, ${passed[1]} with weights known, ` +
  `${passed[2]} with all known), ${missing} not supported, ${wrong.length} wrong`,
);
console.log(`passed ${((100 * total) / Math.max(1, count)).toFixed(1)} %`);
process.exitCode = wrong.length === 0 ? 0 : 1;
