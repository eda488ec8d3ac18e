/**
 * ONNX Runtime (native) runs quantised networks that senet writes as QDQ, and gives senet's answers within the rounding of bytes: a
 * number that its arithmetic rounds otherwise is a step off, and so the answers are tens of decibels apart where there are such, and over a
 * hundred where there are none. Prints a line a network, closes with `N passed, N failed`. `--out FOLDER` keeps the files; names choose
 * networks. Needs `npm install` in this folder; .ci/run does both.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { createModel } from "../../models/index.ts";
import { writeOnnx } from "../../src/io/onnx/write.ts";
import { loadStateDict, stateShapes } from "../../src/nn/state-dict.ts";
import { quantise } from "../../src/quantise/quantise.ts";
import { compileSync } from "../../src/session/session.ts";
import { recipeTensor, recipeWeights } from "../fixtures/recipe.ts";
import { runtime } from "./onnxruntime.ts";

const networks: readonly (readonly [string, Readonly<Record<string, unknown>>, readonly number[]])[] = [
  ["se_resnet8", { width: 8, reduction: 4, classes: 10 }, [2, 3, 17, 15]],
  ["seresnet50", {}, [1, 3, 64, 64]],
  ["legacy_seresnet50", { classes: 10 }, [1, 3, 64, 64]],
  ["se_mobilenet_v1", {}, [2, 3, 64, 64]],
  ["mobilenet_v2", { classes: 10 }, [1, 3, 64, 64]],
  ["mobilenet_v3_large", {}, [1, 3, 64, 64]],
  ["efficientnet_b0", { classes: 10 }, [1, 3, 64, 64]],
  ["densenet121", { classes: 10 }, [1, 3, 64, 64]],
  ["se_shufflenet_v2_x1_0", { classes: 10 }, [1, 3, 64, 64]],
  ["se_googlenet", { classes: 10 }, [1, 3, 64, 64]],
];

const out = process.argv[2] === "--out" ? process.argv[3] : undefined;
if (out !== undefined) mkdirSync(out, { recursive: true });
const only = process.argv[2] === "--out" ? [] : process.argv.slice(2);

/** Decibels of a signal over its distance from another. */
function decibels(signal: ArrayLike<number>, other: ArrayLike<number>): number {
  let [power, noise] = [0, 1e-30];
  for (let i = 0; i < signal.length; i++) {
    power += signal[i] ** 2;
    noise += (signal[i] - other[i]) ** 2;
  }
  return 10 * Math.log10(power / noise);
}

let [passed, failed] = [0, 0];
for (const [title, options, input] of networks) {
  if (only.length > 0 && !only.includes(title)) continue;
  let verdict: string;
  try {
    const model = createModel(title, options, null).evaluate();
    loadStateDict(model, recipeWeights(stateShapes(model)));
    const { network } = quantise(model, ["first", "second"].map((image) => recipeTensor(image, input)), { reported: 0 });
    const x = recipeTensor("input", input);
    const [float, bytes] = [model, network].map((source) => compileSync(source, { input }).run(x));
    const file = writeOnnx(network.lower({ input }), { name: title });
    if (out !== undefined) writeFileSync(join(out, `${title}.int8.onnx`), file);
    const session = await runtime.InferenceSession.create(file);
    const { output } = await session.run({ input: new runtime.Tensor("float32", x.data, [...input]) });
    await session.release();
    const [near, lost] = [decibels(bytes.data, output.data), decibels(float.data, bytes.data)];
    const good = output.dims.join() === bytes.shape.join() && near > 28;
    verdict = `${good ? "ok  " : "FAIL"} ${title.padEnd(28)} ${near.toFixed(1)} dB from senet's bytes, which are ${lost.toFixed(1)} dB ` +
      `from float32; ${file.length} bytes`;
    if (good) passed++;
    else failed++;
  } catch (error) {
    failed++;
    verdict = `FAIL ${title}: ${(error as Error).message}`;
  }
  console.log(verdict);
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
