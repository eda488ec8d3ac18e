/** Resize that smooths as it shrinks, beside ONNX Runtime 1.32 (ONNX's own reference evaluator gives the same numbers). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { importOnnx } from "../../../src/io/onnx/import.ts";
import { compileSync } from "../../../src/session/session.ts";
import { Tensor } from "../../../src/tensor.ts";
import { modelBytes, tensor } from "./model-bytes.ts";

/** Mode, exclude_outside, coordinate_transformation_mode; i ** 1.5 for i in 0 to 8, resized to 4. */
const cases: readonly (readonly [string, number, string, readonly number[]])[] = [
  ["linear", 0, "half_pixel", [0.869975, 5.01531, 11.8168, 19.6994]],
  ["linear", 0, "align_corners", [0.372782, 4.47086, 12.5672, 21.2719]],
  ["linear", 1, "half_pixel", [0.994257, 5.01531, 11.8168, 19.2811]],
  ["linear", 1, "align_corners", [0.521895, 4.47086, 12.5672, 20.7297]],
  ["cubic", 0, "half_pixel", [0.548729, 4.77179, 11.6066, 20.152]],
  ["cubic", 0, "align_corners", [0.0625155, 4.25444, 12.3609, 21.813]],
  ["cubic", 1, "half_pixel", [0.585468, 4.68479, 11.8076, 19.9863]],
  ["cubic", 1, "align_corners", [0.0865721, 4.13536, 12.6483, 21.4996]],
];

test("Resize with antialias: what lies outside counts as the edge does, unless exclude_outside leaves it out", () => {
  const x = new Tensor(Float32Array.from({ length: 9 }, (_, i) => i ** 1.5), [1, 1, 1, 9]);
  for (const [mode, exclude, transformation, expected] of cases) {
    const attributes = { mode, antialias: 1, exclude_outside: exclude, coordinate_transformation_mode: transformation };
    const network = importOnnx(modelBytes({
      nodes: [{ type: "Resize", inputs: ["x", "", "", "s"], outputs: ["y"], attributes }], inputs: { x: [1, 1, 1, 9] },
      weights: [tensor("s", [4], [1, 1, 1, 4], "int64")], opset: 19,
    }));
    const { data } = compileSync(network, { input: x.shape }).run({ x }).y;
    expected.forEach((value, i) => assert.ok(Math.abs(data[i] - value) < 1e-4, `${mode}, ${exclude}, ${transformation}, ${i}: ${data[i]}`));
  }
});

test.run();
