/**
 * Fine-tuning of networks that test/peers/onnx-timm.py FOLDER exported: the last layer, then all of it; saved as safetensors and loaded
 * again; written back as ONNX, whose answers by onnxruntime-node stand beside senet's. `(cd test/peers && npm install)`, then `npx tsx
 * test/peers/onnx-training.ts FOLDER [FILE.onnx...]`. Closes with `N passed, N failed`.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import {
  compileSync, compileTrainingSync, importOnnx, parseSafetensors, Tensor, writeOnnx, writeSafetensors,
} from "../../src/index.ts";
import type { OnnxNetwork } from "../../src/index.ts";
import { externalLocations } from "../../src/io/onnx/import.ts";
import { runtime } from "./onnxruntime.ts";

const [folder, ...given] = process.argv.slice(2);
if (folder === undefined) throw new Error("onnx-training: wants the folder that onnx-timm.py wrote");
const networks = [
  "mobilenetv3_small_050", "efficientnet_b0", "tf_efficientnet_b0", "regnety_002", "ghostnet_100", "rexnet_100", "repvit_m0_9",
];
const files = given.length > 0 ? given : networks.flatMap((each) => [`${each}.dynamo-free.onnx`, `${each}.script-free.onnx`]);

const bytesOf = (file: string): Uint8Array => new Uint8Array(readFileSync(join(folder, file)));
function open(file: string): OnnxNetwork {
  const bytes = bytesOf(file);
  return importOnnx(bytes, { external: Object.fromEntries(externalLocations(bytes).map((location) => [location, bytesOf(location)])) });
}

/** How far off, of the largest. */
function off(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const largest = Array.from(a, Math.abs).reduce((most, x) => Math.max(most, x), 0);
  const most = Array.from(a, (x, i) => Math.abs(x - b[i])).reduce((worst, x) => (x === x ? Math.max(worst, x) : Infinity), 0);
  return most === 0 ? 0 : most / largest;
}

let [passed, failed] = [0, 0];
for (const file of files) {
  const network = open(file);
  const [{ name: input, shape: sizes }] = network.inputs;
  const batch = typeof sizes![0] === "string" ? 4 : 1;
  const shape = [batch, 3, 64, 64];
  const x = new Tensor(Float32Array.from({ length: batch * 3 * 64 * 64 }, (_, i) => ((i * 7919) % 2003) / 1000 - 1), shape);
  const labels = Int32Array.from({ length: batch }, (_, i) => 7 * i);
  const answer = (of: OnnxNetwork, given: Tensor<Float32Array> = x): Float32Array => {
    const session = compileSync(of, { input: shape, numerics: "exact" });
    const { data } = session.run({ [input]: given })[of.outputs[0]];
    session.close();
    return data;
  };
  const operations = network.lower({ [input]: shape }).nodes.map(({ operation }) => operation);
  const last = operations.filter((each) => each.kind === "linear").at(-1)!;
  const head = [last.weight.name, last.bias?.name];
  // Statistics of a normalisation that the file has kept are counted, not learnt.
  const statistics = operations.flatMap((each) => (each.kind === "batch_norm" ? [each.mean.name, each.variance.name] : []));
  const before = network.state();
  const rest = [...before.keys()].filter((each) => !head.includes(each) && !statistics.includes(each));
  const train = (frozen: readonly string[], learningRate: number): number[] => {
    const session = compileTrainingSync(network, { input: shape, optimiser: { method: "sgd" }, frozen, learningRate, clip: 1 });
    const losses = [0, 1, 2].map(() => session.trainStep(x, labels));
    session.pull();
    session.close();
    return losses;
  };
  const few = train(rest, 0.05);
  const now = network.state();
  const still = rest.every((each) => off(before.get(each)!.data, now.get(each)!.data) === 0);
  const all = train([], 0.001);
  const loaded = open(file);
  loaded.loadState(parseSafetensors(writeSafetensors(network.state())).tensors);
  const y = answer(network);
  const peer = await runtime.InferenceSession.create(
    writeOnnx(network.lower({ [input]: shape }), { outputs: network.outputs, fixedBatch: true }),
  );
  const theirs = (await peer.run({ [input]: new runtime.Tensor("float32", x.data, shape) }))[network.outputs[0]].data;
  const error = off(theirs, y);
  // A network that three steps on four pictures have left ill-conditioned may be as far off as rounding of its input makes it.
  const least = Math.max(1e-4, 2 * off(y, answer(network, new Tensor(x.data.map((each) => each * (1 + 1e-6)), shape))));
  const good = few[2] < few[0] && all[2] < all[0] && still && off(y, answer(loaded)) === 0 && error < least;
  if (good) passed++;
  else failed++;
  const shown = (losses: readonly number[]): string => losses.map((loss) => loss.toFixed(3)).join(" ");
  const told = `last layer ${shown(few)}, all ${shown(all)}, ONNX Runtime off by ${error.toExponential(1)}`;
  console.log(`${good ? "ok  " : "FAIL"} ${file.padEnd(40)} ${told}${still ? "" : ", what was frozen has moved"}`);
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
