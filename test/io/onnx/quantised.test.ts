/** Networks that ONNX Runtime's quantiser wrote, in all of its forms, give its answers; so do those that senet writes as QDQ. */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../../models/index.ts";
import { importOnnx } from "../../../src/io/onnx/import.ts";
import { writeOnnx } from "../../../src/io/onnx/write.ts";
import { quantise } from "../../../src/quantise/quantise.ts";
import { compileSync } from "../../../src/session/session.ts";
import { Tensor } from "../../../src/tensor.ts";
import { fileJson } from "../../support/files.ts";
import { draws, stir } from "../../support/random.ts";

const folder = "fixtures/onnx-quantised";
const answers = fileJson<Readonly<Record<string, readonly number[]>>>(`${folder}/answers.json`);
const input = [2, 3, 14, 12];
const x = new Tensor(Float32Array.from(answers.input), input);

/** Where a number lies between two steps roundings may differ: one step of the output, else that of float32. */
const bounds: Readonly<Record<string, number>> = { "qdq-symmetric": 0.0102, "qdq-uint16": 1e-4 };

for (const [name, wanted] of Object.entries(answers)) {
  if (name === "input") continue;
  test(`${name}: ONNX Runtime's answers`, () => {
    const network = importOnnx(readFileSync(new URL(`../../${folder}/${name}.onnx`, import.meta.url)));
    const largest = Math.max(...wanted.map(Math.abs));
    for (const options of [{ numerics: "exact" }, { numerics: "fast" }, { kernels: "plain" }] as const) {
      const { data } = compileSync(network, { input, ...options }).run(x);
      const off = Math.max(...wanted.map((value, i) => Math.abs(value - data[i]))) / largest;
      assert.ok(off <= (bounds[name] ?? 1e-6), `${JSON.stringify(options)}: ${off} of the largest`);
    }
  });
}

test("what senet writes as QDQ is read again, and gives the same answers", () => {
  for (const [name, options, shape] of [
    ["se_resnet8", { width: 8, reduction: 4 }, [1, 3, 17, 15]], ["mobilenet_v3_small", { classes: 10 }, [1, 3, 32, 32]],
  ] as const) {
    const model = stir(createModel(name, options, 1)).evaluate();
    const images = draws(shape, 3);
    const { network } = quantise(model, images, { reported: 0 });
    const read = importOnnx(writeOnnx(network.lower({ input: shape })));
    const [own, again] = [network, read].map((source) => compileSync(source, { input: shape, numerics: "exact" }).run(images[0]).data);
    const largest = Math.max(...own.map(Math.abs));
    const off = Math.max(...own.map((value: number, i: number) => Math.abs(value - again[i]))) / largest;
    assert.ok(off < 1e-5, `${name}: ${off} of the largest`);
  }
});

test.run();
