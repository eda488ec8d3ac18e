/**
 * Cases of sums over the first channels, padding, scaling by channel and by pixel, concatenation, channel shuffle, softmax and
 * cross-entropy.
 */
import { channelShape, concatShape, crossEntropyShape, padShape, partialShape, shuffleShape } from "../../../kernels/shapes.ts";
import type { Floats, PadMode, Sides } from "../../../kernels/shapes.ts";
import type { Case, Input } from "../case.ts";
import { fixed, normal, uniform } from "../case.ts";

function channelScale(batch: number, channels: number, pixels: number, large: boolean = false): Case {
  const s = channelShape(batch, channels, pixels);
  return {
    name: `channelScale [${batch},${channels},${pixels}]`, kernels: ["channelScaleForward", "channelScaleBackward"],
    inputs: { x: normal(batch * channels * pixels), gate: uniform(batch * channels, 0.1, 0.9) }, by: ["x", "gate"],
    linear: [["x"], ["gate"]], large,
    forward(k, { x, gate }, make) {
      const y = make(x.length);
      k.channelScaleForward(y, x, gate, s);
      return { y, rest: {} };
    },
    backward(k, gradients, dy, { x, gate }) {
      k.channelScaleBackward(gradients["x"], gradients["gate"], x, gate, dy, s);
    },
  };
}

function pixelScale(batch: number, channels: number, pixels: number, large: boolean = false): Case {
  const s = channelShape(batch, channels, pixels);
  return {
    name: `pixelScale [${batch},${channels},${pixels}]`, kernels: ["pixelScaleForward", "pixelScaleBackward"],
    inputs: { x: normal(batch * channels * pixels), gate: uniform(batch * pixels, 0.1, 0.9) }, by: ["x", "gate"], linear: [["x"], ["gate"]],
    large,
    forward(k, { x, gate }, make) {
      const y = make(x.length);
      k.pixelScaleForward(y, x, gate, s);
      return { y, rest: {} };
    },
    backward(k, gradients, dy, { x, gate }) {
      k.pixelScaleBackward(gradients["x"], gradients["gate"], x, gate, dy, s);
    },
  };
}

function partialAdd(batch: number, channels: number, added: number, pixels: number, large: boolean = false): Case {
  const s = partialShape(batch, channels, added, pixels);
  return {
    name: `partialAdd [${batch},${channels} and ${added},${pixels}]`, kernels: ["partialAddForward", "partialAddBackward"],
    inputs: { a: normal(batch * channels * pixels), b: normal(batch * added * pixels) }, by: ["a", "b"], linear: [["a", "b"]], large,
    forward(k, { a, b }, make) {
      const y = make(a.length);
      k.partialAddForward(y, a, b, s);
      return { y, rest: {} };
    },
    backward(k, gradients, dy) {
      k.partialAddBackward(gradients["a"], gradients["b"], dy, s);
    },
  };
}

function pad(planes: number, height: number, width: number, sides: Sides, mode: PadMode, large: boolean = false): Case {
  const s = padShape(planes, height, width, sides, mode);
  return {
    name: `pad [${planes},${height},${width}] by ${sides.join("x")}, ${mode}`, kernels: ["padForward", "padBackward"],
    inputs: { x: normal(planes * height * width) }, by: ["x"], linear: [["x"]], large,
    forward(k, { x }, make) {
      const y = make(planes * s.outHeight * s.outWidth);
      k.padForward(y, x, s);
      return { y, rest: {} };
    },
    backward(k, gradients, dy) {
      k.padBackward(gradients["x"], dy, s);
    },
  };
}

function concat(batch: number, channels: readonly number[], pixels: number, large: boolean = false): Case {
  const s = concatShape(batch, channels, pixels);
  const names = channels.map((_, i) => `x${i}`);
  return {
    name: `concat [${batch},${channels.join("+")},${pixels}]`, kernels: ["concatForward", "concatBackward"],
    inputs: Object.fromEntries(channels.map((c, i) => [`x${i}`, normal(batch * c * pixels)])), by: names, linear: [names], large,
    forward(k, inputs, make) {
      const y = make(batch * s.outChannels * pixels);
      k.concatForward(y, names.map((name) => inputs[name]), s);
      return { y, rest: {} };
    },
    backward(k, gradients, dy) {
      k.concatBackward(names.map((name) => gradients[name]), dy, s);
    },
  };
}

function channelShuffle(batch: number, channels: number, pixels: number, groups: number, large: boolean = false): Case {
  const s = shuffleShape(batch, channels, pixels, groups);
  return {
    name: `channelShuffle [${batch},${channels},${pixels}] in ${groups} groups`,
    kernels: ["channelShuffleForward", "channelShuffleBackward"],
    inputs: { x: normal(batch * channels * pixels) }, by: ["x"], linear: [["x"]], large,
    forward(k, { x }, make) {
      const y = make(x.length);
      k.channelShuffleForward(y, x, s);
      return { y, rest: {} };
    },
    backward(k, gradients, dy) {
      k.channelShuffleBackward(gradients["x"], dy, s);
    },
  };
}

function softmax(
  batch: number, classes: number, pixels: number, what: string, logits: Input, flags: { kinks?: boolean; large?: boolean } = {},
): Case {
  const s = crossEntropyShape(batch, classes, pixels);
  return {
    name: `softmax [${batch},${classes},${pixels}]${what}`, kernels: ["softmaxForward"], inputs: { logits }, by: [], ...flags,
    forward(k, { logits }, make) {
      const y = make(logits.length);
      k.softmaxForward(y, logits, s);
      return { y, rest: {} };
    },
    backward() {},
  };
}

function crossEntropy(
  batch: number, classes: number, pixels: number, smoothing: number, what: string, logits: Input,
  flags: { kinks?: boolean; large?: boolean } = {},
): Case {
  const s = crossEntropyShape(batch, classes, pixels, smoothing);
  const labels = Int32Array.from({ length: batch * pixels }, (_, i) => (i * 7 + 2) % classes);
  return {
    name: `crossEntropy [${batch},${classes},${pixels}] smoothing ${smoothing}${what}`,
    kernels: ["crossEntropyForward", "crossEntropyBackward"],
    inputs: { logits }, by: ["logits"], uniform: true, ...flags,
    forward(k, { logits }, make) {
      const y = make(batch * pixels);
      const probabilities = make(logits.length);
      k.crossEntropyForward(y, probabilities, logits, labels, s);
      return { y, rest: { probabilities } };
    },
    backward(k, gradients, dy, _inputs, { rest }) {
      k.crossEntropyBackward(gradients["logits"], rest["probabilities"] as Floats, labels, dy[0], s);
    },
  };
}

function softCrossEntropy(
  batch: number, classes: number, pixels: number, smoothing: number, what: string, logits: Input,
  flags: { kinks?: boolean; large?: boolean } = {},
): Case {
  const s = crossEntropyShape(batch, classes, pixels, smoothing);
  return {
    name: `softCrossEntropy [${batch},${classes},${pixels}] smoothing ${smoothing}${what}`,
    kernels: ["softCrossEntropyForward", "softCrossEntropyBackward"],
    inputs: { logits, shares: sharesOf(batch * pixels, classes) }, by: ["logits"], uniform: true, ...flags,
    forward(k, { logits, shares }, make) {
      const y = make(batch * pixels);
      const probabilities = make(logits.length);
      k.softCrossEntropyForward(y, probabilities, logits, shares, s);
      return { y, rest: { probabilities } };
    },
    backward(k, gradients, dy, { shares }, { rest }) {
      k.softCrossEntropyBackward(gradients["logits"], rest["probabilities"] as Floats, shares, dy[0], s);
    },
  };
}

/** Rows that add up to 1: of two classes, as mixed images have them, in every other row; else of all. */
function sharesOf(rows: number, classes: number): Input {
  return {
    size: rows * classes,
    draw: (random) => Array.from({ length: rows }, (_, row) => {
      const some = Array.from(
        { length: classes }, (_, k) => (row % 2 === 1 || k === row % classes || k === (row + 1) % classes ? 0.1 + random.uniform() : 0),
      );
      const sum = some.reduce((a, b) => a + b, 0);
      return some.map((share) => share / sum);
    }).flat(),
  };
}

const EXTREME = fixed([1000, 0, -1000, 5, 5, 5, -1e30, 88, 1e30, -700, -710, -720]);

export const joiningCases: readonly Case[] = [
  partialAdd(1, 1, 1, 1),
  partialAdd(2, 5, 3, 4),
  partialAdd(2, 3, 3, 5),
  partialAdd(3, 37, 20, 31, true),
  ...(["constant", "edge", "reflect", "wrap"] as const).flatMap((mode) => [
    pad(3, 4, 5, [1, 2, 3, 0], mode),
    pad(1, 3, 2, [2, 1, 0, 1], mode),
    pad(17, 19, 23, [2, 3, 1, 4], mode, true),
  ]),
  channelScale(1, 1, 1),
  channelScale(2, 3, 5),
  channelScale(3, 7, 1),
  channelScale(2, 29, 193, true),

  pixelScale(1, 1, 1),
  pixelScale(2, 3, 5),
  pixelScale(3, 1, 7),
  pixelScale(2, 29, 193, true),

  concat(1, [3], 4),
  concat(2, [1, 2], 3),
  concat(3, [2, 1, 3], 5),
  concat(2, [13, 29, 7, 1], 49, true),

  channelShuffle(1, 6, 3, 2),
  channelShuffle(2, 6, 5, 3),
  channelShuffle(1, 4, 2, 1),
  channelShuffle(2, 5, 1, 5),
  channelShuffle(2, 36, 49, 4, true),

  softmax(1, 1, 1, "", normal(1)),
  softmax(3, 5, 1, "", normal(15, 2)),
  softmax(2, 4, 3, "", normal(24, 2)),
  softmax(4, 3, 1, " of extremes", EXTREME, { kinks: true }),
  softmax(7, 1000, 1, "", normal(7000, 3), { large: true }),

  crossEntropy(3, 5, 1, 0, "", normal(15, 2)),
  crossEntropy(4, 3, 1, 0.1, "", normal(12, 2)),
  crossEntropy(2, 4, 3, 0, "", normal(24, 2)),
  crossEntropy(2, 3, 5, 0.2, "", normal(30, 2)),
  crossEntropy(4, 3, 1, 0.1, " of extremes", EXTREME, { kinks: true }),
  crossEntropy(7, 1000, 1, 0.1, "", normal(7000, 3), { large: true }),

  softCrossEntropy(3, 5, 1, 0, "", normal(15, 2)),
  softCrossEntropy(4, 3, 1, 0.1, "", normal(12, 2)),
  softCrossEntropy(2, 4, 3, 0, "", normal(24, 2)),
  softCrossEntropy(2, 3, 5, 0.2, "", normal(30, 2)),
  softCrossEntropy(4, 3, 1, 0.1, " of extremes", EXTREME, { kinks: true }),
  softCrossEntropy(7, 1000, 1, 0.1, "", normal(7000, 3), { large: true }),
];
