/** Cases of batch normalisation, in training and with the running statistics. */
import type { Floats } from "../../../kernels/shapes.ts";
import { batchNormShape } from "../../../kernels/shapes.ts";
import type { Case } from "../case.ts";
import { normal, uniform } from "../case.ts";

function training(batch: number, channels: number, pixels: number, epsilon: number, momentum: number, large: boolean = false): Case {
  const s = batchNormShape(batch, channels, pixels, epsilon, momentum);
  return {
    name: `batchNorm training [${batch},${channels},${pixels}] epsilon ${epsilon} momentum ${momentum}`,
    kernels: ["batchNormForwardTraining", "batchNormBackwardTraining"],
    inputs: {
      x: normal(batch * channels * pixels, 1.5, 0.5), gamma: normal(channels, 0.5, 1), beta: normal(channels),
      runningMean: normal(channels), runningVariance: uniform(channels, 0.5, 2),
    },
    by: ["x", "gamma", "beta"],
    linear: [["gamma", "beta"]],
    large,
    forward(k, { x, gamma, beta, runningMean, runningVariance }, make) {
      const y = make(x.length);
      const mean = make(channels);
      const inverseStd = make(channels);
      // The kernel changes these two in place; a case's inputs stay as they are.
      const newMean = make(channels);
      const newVariance = make(channels);
      newMean.set(runningMean);
      newVariance.set(runningVariance);
      k.batchNormForwardTraining(y, mean, inverseStd, newMean, newVariance, x, gamma, beta, s);
      return { y, rest: { mean, inverseStd, newMean, newVariance } };
    },
    backward(k, gradients, dy, { x, gamma }, { rest }) {
      k.batchNormBackwardTraining(
        gradients["x"], gradients["gamma"], gradients["beta"], x, dy, gamma, rest["mean"] as Floats, rest["inverseStd"] as Floats, s,
      );
    },
  };
}

function inference(batch: number, channels: number, pixels: number, epsilon: number, large: boolean = false): Case {
  const s = batchNormShape(batch, channels, pixels, epsilon, 0.1);
  return {
    name: `batchNorm inference [${batch},${channels},${pixels}] epsilon ${epsilon}`,
    kernels: ["batchNormForwardInference", "batchNormBackwardInference"],
    inputs: {
      x: normal(batch * channels * pixels, 1.5, 0.5), gamma: normal(channels, 0.5, 1), beta: normal(channels),
      runningMean: normal(channels), runningVariance: uniform(channels, 0.5, 2),
    },
    by: ["x", "gamma", "beta"],
    linear: [["gamma", "beta"]],
    large,
    forward(k, { x, gamma, beta, runningMean, runningVariance }, make) {
      const y = make(x.length);
      k.batchNormForwardInference(y, x, gamma, beta, runningMean, runningVariance, s);
      return { y, rest: {} };
    },
    backward(k, gradients, dy, { x, gamma, runningMean, runningVariance }) {
      k.batchNormBackwardInference(gradients["x"], gradients["gamma"], gradients["beta"], x, dy, gamma, runningMean, runningVariance, s);
    },
  };
}

export const normalisationCases: readonly Case[] = [
  training(4, 3, 5, 1e-5, 0.1),
  training(1, 2, 35, 1e-3, 0.01),
  training(8, 3, 1, 1e-5, 0.3),
  training(2, 1, 4, 0.1, 1),
  training(3, 2, 7, 1e-5, 0),
  training(5, 19, 131, 1e-5, 0.1, true),
  inference(2, 3, 5, 1e-5),
  inference(1, 4, 1, 1e-3),
  inference(3, 1, 7, 0),
  inference(5, 19, 131, 1e-5, true),
];
