/**
 * A whole small SE-ResNet in training mode against PyTorch (test/goldens/networks/torch_se_resnet.py): logits, loss, the gradient of
 * every parameter and of the image, running statistics after the step, and evaluation with them.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as reference from "../../../kernels/reference/index.ts";
import { crossEntropyShape } from "../../../kernels/shapes.ts";
import { createModel } from "../../../models/index.ts";
import type { Module } from "../../../src/nn/module.ts";
import { Statistic } from "../../../src/nn/parameter.ts";
import { loadStateDict, stateShapes } from "../../../src/nn/state-dict.ts";
import { Tensor } from "../../../src/tensor.ts";
import type { Floats } from "../../../src/tensor.ts";
import { float32FromBase64, float64FromBase64 } from "../../support/base64.ts";
import { fileJson } from "../../support/files.ts";
import { families } from "../../kernels/families.ts";
import { difference } from "../../support/compare.ts";

const golden = fileJson<{
  readonly options: Readonly<Record<string, unknown>>;
  readonly state: readonly (readonly [name: string, shape: number[], data: string])[];
  readonly input: readonly [shape: number[], data: string];
  readonly labels: readonly number[];
  readonly logits: string;
  readonly loss: number;
  readonly smoothed_loss: number;
  readonly gradients: Readonly<Record<string, string>>;
  readonly input_gradient: string;
  readonly statistics: Readonly<Record<string, string>>;
  readonly evaluation: string;
}>("goldens/networks/torch_se_resnet.json");

function network(): Module {
  return createModel("se_resnet8", golden.options, null);
}

const state = new Map(golden.state.map(([name, shape, data]) => [name, new Tensor(float32FromBase64(data), shape)]));
const image = new Tensor(float32FromBase64(golden.input[1]), golden.input[0]);

/** Mean loss of these logits; with `dlogits`, its gradient too. */
function meanLoss(logits: Tensor, smoothing: number, dlogits?: Floats): number {
  const [batch, classes] = logits.shape;
  const shape = crossEntropyShape(batch, classes, 1, smoothing);
  const probabilities = logits.like().data;
  const loss = logits.like([batch]).data;
  const labels = Int32Array.from(golden.labels);
  reference.softmaxForward(probabilities, logits.data, shape);
  reference.crossEntropyForward(loss, probabilities, logits.data, labels, shape);
  if (dlogits !== undefined) reference.crossEntropyBackward(dlogits, probabilities, labels, 1 / batch, shape);
  return Array.from(loss).reduce((a, b) => a + b, 0) / batch;
}

test("the state dict has PyTorch's names and shapes in PyTorch's order", () => {
  assert.equal([...stateShapes(network())], golden.state.map(([name, shape]) => [name, shape]));
});

for (const [family, kernels] of Object.entries(families)) {
  for (const [precision, tolerance] of [["float64", 1e-11], ["float32", 2e-5]] as const) {
    const title = `${family}, ${precision}`;
    const near = (what: string, actual: ArrayLike<number>, expected: ArrayLike<number>): void => {
      const error = difference(actual, expected);
      assert.ok(error <= tolerance, `${title}: ${what} differs by ${error}`);
    };

    test(`${title}: one training step and an evaluation`, () => {
      const model = network().use(kernels).cast(precision);
      loadStateDict(model, state);
      const x: Tensor = precision === "float64" ? image.toFloat64() : image;

      const logits = model.train().forward(x);
      near("logits", logits.data, float64FromBase64(golden.logits));
      const dlogits = logits.like();
      near("loss", [meanLoss(logits, 0, dlogits.data)], [golden.loss]);
      near("loss with label smoothing", [meanLoss(logits, 0.1)], [golden.smoothed_loss]);

      const dx = model.backward(dlogits);
      near("the gradient by the image", dx.data, float64FromBase64(golden.input_gradient));
      assert.equal([...model.namedParameters().keys()].sort(), Object.keys(golden.gradients).sort());
      for (const [name, parameter] of model.namedParameters()) {
        near(`the gradient by ${name}`, parameter.gradient.data, float64FromBase64(golden.gradients[name]));
      }

      const statistics = [...model.namedState()].filter(([, entry]) => entry instanceof Statistic);
      assert.equal(statistics.map(([name]) => name).sort(), Object.keys(golden.statistics).sort());
      for (const [name, entry] of statistics) near(name, entry.value.data, float64FromBase64(golden.statistics[name]));
      near("logits in evaluation mode", model.evaluate().forward(x).data, float64FromBase64(golden.evaluation));
    });
  }
}

test.run();
