/**
 * Every family of kernels against PyTorch (test/goldens/layers/torch_layers.py, torch_layers_second.py): outputs and gradients, in float64
 * and in float32.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Kernels } from "../../../kernels/contract.ts";
import { float32FromBase64, float64FromBase64, int32FromBase64 } from "../../support/base64.ts";
import { fileJson } from "../../support/files.ts";
import { families } from "../families.ts";
import type { Precision } from "../harness.ts";
import { operations } from "./torch-operations.ts";

interface Golden {
  readonly name: string;
  readonly operation: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, readonly [shape: number[], data: string]>>;
  readonly outputs: Readonly<Record<string, string>>;
}

const goldens = ["torch_layers", "torch_layers_second"].flatMap((file) => fileJson<readonly Golden[]>(`goldens/layers/${file}.json`));

/** The largest difference, each relative to the expected value or to the typical one, whichever is larger. */
function elementError(actual: ArrayLike<number>, expected: Float64Array): number {
  if (actual.length !== expected.length) return Infinity;
  const sizes = expected.map(Math.abs).filter((size) => size > 0).sort();
  const typical = sizes.length === 0 ? 1 : sizes[sizes.length >> 1];
  let most = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i] - expected[i]) / Math.max(Math.abs(expected[i]), typical);
    if (!(error <= most)) most = error === error ? error : Infinity;
  }
  return most;
}

/** Runs the golden's operation: by name, how far each of its outputs lies from PyTorch's. */
function differences(golden: Golden, k: Kernels, precision: Precision): Record<string, number> {
  const inputs: Record<string, Float32Array | Float64Array> = {};
  const shapes: Record<string, number[]> = {};
  let labels: Int32Array = new Int32Array(0);
  for (const [name, [shape, data]] of Object.entries(golden.inputs)) {
    shapes[name] = shape;
    if (name === "labels") labels = int32FromBase64(data);
    else inputs[name] = precision.from(float32FromBase64(data));
  }
  const actual = operations[golden.operation]({ k, inputs, shapes, labels, options: golden.options, make: (size) => new precision(size) });
  assert.equal(Object.keys(actual).sort(), Object.keys(golden.outputs).sort());
  return Object.fromEntries(
    Object.entries(golden.outputs).map(([name, data]) => [name, elementError(actual[name], float64FromBase64(data))]),
  );
}

for (const [family, kernels] of Object.entries(families)) {
  for (const [precision, tolerance] of [[Float64Array, 1e-12], [Float32Array, 1e-5]] as const) {
    for (const golden of goldens) {
      test(`${family}: ${precision.name}: ${golden.operation} ${golden.name}`, () => {
        for (const [name, error] of Object.entries(differences(golden, kernels, precision))) {
          assert.ok(error <= tolerance, `${name} differs by ${error}`);
        }
      });
    }
  }
}

/** Rounds as docs/int8.md says, in units of its own; test/kernels/cases/rounding.ts holds it. */
const own = ["fakeQuantiseBackward", "fakeQuantiseForward"];

test("the goldens reach every kernel", () => {
  const called = new Set<string>(own);
  const listening = new Proxy(families["reference"], {
    get(kernels, name) {
      called.add(String(name));
      return Reflect.get(kernels, name) as unknown;
    },
  });
  for (const golden of goldens) differences(golden, listening, Float64Array);
  assert.equal([...called].sort(), Object.keys(families["reference"]).sort());
});

test.run();
