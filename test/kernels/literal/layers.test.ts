/** Convolution, linear layers and batch normalisation on numbers small enough to be worked out by hand. */
import { test } from "uvu";
import { batchNormShape, conv2dShape, convTranspose2dShape, linearShape } from "../../../kernels/shapes.ts";
import { holds, literal, scratch } from "./literal.ts";

literal("conv2d, 2x2 kernel on 3x3", (k, f, zeros) => {
  const s = conv2dShape(1, 1, 3, 3, 1, { kernel: 2 });
  const x = f(1, 2, 3, 4, 5, 6, 7, 8, 9);
  const weight = f(1, 2, 3, 4);
  const y = zeros(4);
  k.conv2dForward(y, x, weight, f(10), s, scratch);
  holds(y, 47, 57, 77, 87);
  k.conv2dForward(y, x, weight, null, s, scratch);
  holds(y, 37, 47, 67, 77);

  const dy = f(1, 0, 0, 2);
  const dx = zeros(9);
  k.conv2dBackwardInput(dx, dy, weight, s, scratch);
  holds(dx, 1, 2, 0, 3, 6, 4, 0, 6, 8);
  const dweight = f(100, 100, 100, 100);
  k.conv2dBackwardWeight(dweight, x, dy, s, scratch);
  holds(dweight, 111, 114, 120, 123);
  const dbias = f(1);
  k.conv2dBackwardBias(dbias, dy, s);
  holds(dbias, 4);
});

literal("conv2d, padding and stride", (k, f, zeros) => {
  const s = conv2dShape(1, 1, 2, 2, 1, { kernel: 3, padding: 1, stride: 2 });
  const weight = f(1, 2, 3, 4, 5, 6, 7, 8, 9);
  const y = zeros(1);
  k.conv2dForward(y, f(1, 2, 3, 4), weight, null, s, scratch);
  holds(y, 5 + 12 + 24 + 36);
  const dx = zeros(4);
  k.conv2dBackwardInput(dx, f(2), weight, s, scratch);
  holds(dx, 10, 12, 16, 18);
  const dweight = zeros(9);
  k.conv2dBackwardWeight(dweight, f(1, 2, 3, 4), f(2), s, scratch);
  holds(dweight, 0, 0, 0, 0, 2, 4, 0, 6, 8);
});

literal("conv2d, dilation", (k, f, zeros) => {
  const s = conv2dShape(1, 1, 1, 5, 1, { kernel: [1, 3], dilation: [1, 2] });
  const y = zeros(1);
  k.conv2dForward(y, f(1, 2, 3, 4, 5), f(1, 10, 100), null, s, scratch);
  holds(y, 531);
  const dx = zeros(5);
  k.conv2dBackwardInput(dx, f(1), f(1, 10, 100), s, scratch);
  holds(dx, 1, 0, 10, 0, 100);
  const dweight = zeros(3);
  k.conv2dBackwardWeight(dweight, f(1, 2, 3, 4, 5), f(1), s, scratch);
  holds(dweight, 1, 3, 5);
});

literal("conv2d, two groups of two channels, two images", (k, f, zeros) => {
  // Outputs 0 and 1 see inputs 0 and 1, output 2 and 3 see inputs 2 and 3.
  const s = conv2dShape(2, 4, 1, 1, 4, { kernel: 1, groups: 2 });
  const x = f(1, 2, 3, 4, 10, 20, 30, 40);
  const weight = f(1, 0, 0, 1, 2, 3, 1, -1);
  const y = zeros(8);
  k.conv2dForward(y, x, weight, f(0, 100, 0, 0), s, scratch);
  holds(y, 1, 102, 18, -1, 10, 120, 180, -10);
  const dy = f(1, 2, 3, 4, 0, 1, 0, 0);
  const dx = zeros(8);
  k.conv2dBackwardInput(dx, dy, weight, s, scratch);
  holds(dx, 1, 2, 10, 5, 0, 1, 0, 0);
  const dweight = zeros(8);
  k.conv2dBackwardWeight(dweight, x, dy, s, scratch);
  holds(dweight, 1, 2, 2 + 10, 4 + 20, 9, 12, 12, 16);
  const dbias = zeros(4);
  k.conv2dBackwardBias(dbias, dy, s);
  holds(dbias, 1, 3, 3, 4);
});

literal("convTranspose2d, apart and overlapping", (k, f, zeros) => {
  const apart = convTranspose2dShape(1, 1, 1, 2, 1, { kernel: [1, 2], stride: [1, 2] });
  const x = f(1, 2);
  const weight = f(3, 4);
  const wide = zeros(4);
  k.convTranspose2dForward(wide, x, weight, f(1), apart, scratch);
  holds(wide, 4, 5, 7, 9);

  const s = convTranspose2dShape(1, 1, 1, 2, 1, { kernel: [1, 2] });
  const y = zeros(3);
  k.convTranspose2dForward(y, x, weight, null, s, scratch);
  holds(y, 3, 10, 8);
  const dy = f(1, 10, 100);
  const dx = f(1000, 1000);
  k.convTranspose2dBackwardInput(dx, dy, weight, s, scratch);
  holds(dx, 1043, 1430);
  const dweight = zeros(2);
  k.convTranspose2dBackwardWeight(dweight, x, dy, s, scratch);
  holds(dweight, 21, 210);
  const dbias = zeros(1);
  k.convTranspose2dBackwardBias(dbias, dy, s);
  holds(dbias, 111);
});

literal("linear", (k, f, zeros) => {
  const s = linearShape(1, 2, 3);
  const x = f(1, 2);
  const weight = f(1, 2, 3, 4, 5, 6);
  const y = zeros(3);
  k.linearForward(y, x, weight, f(10, 20, 30), s, scratch);
  holds(y, 15, 31, 47);
  const dy = f(1, 0, 2);
  const dx = zeros(2);
  k.linearBackwardInput(dx, dy, weight, s, scratch);
  holds(dx, 11, 14);
  const dweight = zeros(6);
  k.linearBackwardWeight(dweight, x, dy, s, scratch);
  holds(dweight, 1, 2, 0, 0, 2, 4);
  const dbias = f(1, 1, 1);
  k.linearBackwardBias(dbias, dy, s);
  holds(dbias, 2, 1, 3);
});

literal("linear, gradients summed over the batch", (k, f, zeros) => {
  const s = linearShape(2, 1, 2);
  const dweight = zeros(2);
  k.linearBackwardWeight(dweight, f(2, 3), f(1, 10, 100, 1000), s, scratch);
  holds(dweight, 302, 3020);
  const dbias = zeros(2);
  k.linearBackwardBias(dbias, f(1, 10, 100, 1000), s);
  holds(dbias, 101, 1010);
});

literal("batchNorm in training", (k, f, zeros) => {
  // Mean 2, variance 4: xhat is -1, -1, 1, 1. The unbiased variance is 16 / 3.
  const s = batchNormShape(2, 1, 2, 0, 0.25);
  const x = f(0, 0, 4, 4);
  const y = zeros(4);
  const [mean, inverseStd, runningMean, runningVariance] = [zeros(1), zeros(1), f(1), f(3)];
  k.batchNormForwardTraining(y, mean, inverseStd, runningMean, runningVariance, x, f(3), f(1), s);
  holds(y, -2, -2, 4, 4);
  holds(mean, 2);
  holds(inverseStd, 0.5);
  holds(runningMean, 1.25);
  holds(runningVariance, 2.25 + 4 / 3);

  const [dx, dgamma, dbeta] = [zeros(4), f(10), f(20)];
  k.batchNormBackwardTraining(dx, dgamma, dbeta, x, f(1, 0, 0, 0), f(3), mean, inverseStd, s);
  holds(dx, 0.75, -0.75, 0, 0);
  holds(dgamma, 9);
  holds(dbeta, 21);
});

literal("batchNorm with running statistics", (k, f, zeros) => {
  const s = batchNormShape(1, 2, 1, 1, 0.1);
  const [y, gamma, runningMean, runningVariance] = [zeros(2), f(3, 2), f(2, 0), f(3, 0)];
  const x = f(0, 5);
  k.batchNormForwardInference(y, x, gamma, f(1, -1), runningMean, runningVariance, s);
  holds(y, -2, 9);
  const [dx, dgamma, dbeta] = [zeros(2), zeros(2), zeros(2)];
  k.batchNormBackwardInference(dx, dgamma, dbeta, x, f(4, 1), gamma, runningMean, runningVariance, s);
  holds(dx, 6, 2);
  holds(dgamma, -4, 5);
  holds(dbeta, 4, 1);
});

literal("batchNorm of a single value leaves the running variance a number", (k, f, zeros) => {
  const s = batchNormShape(1, 1, 1, 1, 0.5);
  const [y, mean, inverseStd, runningMean, runningVariance] = [zeros(1), zeros(1), zeros(1), f(0), f(1)];
  k.batchNormForwardTraining(y, mean, inverseStd, runningMean, runningVariance, f(7), f(2), f(3), s);
  holds(y, 3);
  holds(runningMean, 3.5);
  holds(runningVariance, 0.5);
});

test.run();
