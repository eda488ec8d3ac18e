/**
 * ONNX Runtime (native) runs the files that senet writes of today's networks, and gives the logits of timm and torchvision
 * (test/fixtures/second). Needs `npm install` in this folder. `npx tsx test/peers/onnx-references.ts [PART OF A NAME]`; prints a line a
 * network and size, and closes with `N passed, N failed`.
 */
import process from "node:process";
import { writeOnnx } from "../../src/io/onnx/write.ts";
import { lower } from "../../src/nn/lower.ts";
import { recipeTensor } from "../fixtures/recipe.ts";
import { referenceModel, references } from "../fixtures/second.ts";
import { runtime } from "./onnxruntime.ts";

let [passed, failed] = [0, 0];

for (const [name, reference] of Object.entries(references)) {
  if (!name.includes(process.argv[2] ?? "")) continue;
  const model = referenceModel(name);
  for (const [size, logits] of Object.entries(reference.logits)) {
    const [height, width = height] = size.split("x").map(Number);
    const input = recipeTensor("input", [1, 3, height, width]);
    const session = await runtime.InferenceSession.create(writeOnnx(lower(model, input.shape)));
    const { output } = await session.run({ input: new runtime.Tensor("float32", input.data, input.shape) });
    await session.release();
    const { step: { [size]: step }, largest: { [size]: largest } } = reference;
    const error = Math.max(...logits.map((wanted, i) => Math.abs(wanted - output.data[i * step]))) / largest;
    const fits = error <= 1e-4;
    if (fits) passed++;
    else failed++;
    console.log(`${fits ? "ok  " : "FAIL"} ${name} at ${size}: off by ${error.toExponential(1)} of the largest logit`);
  }
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
