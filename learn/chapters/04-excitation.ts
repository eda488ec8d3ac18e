/** Chapter 4: excitation. All channels decide together how much each one counts. */
import { sigmoid } from "../../kernels/math.ts";
import { linearForward } from "../../kernels/reference/layers/linear.ts";
import { reluForward } from "../../kernels/reference/activations/relu.ts";
import { sigmoidForward } from "../../kernels/reference/activations/sigmoid.ts";
import { elementwiseShape, linearShape } from "../../kernels/shapes.ts";
import { hiddenWidth } from "../../src/nn/attention/squeeze-excite.ts";
import { bars, chapter, claim, distance, numbers, say, table } from "../shared/page.ts";

chapter(4, "Excitation");

say(`The squeeze left one number a channel. Excitation makes one gate a channel of them, between 0 and 1 (equation 3). It is a tiny network
of two layers: down to C / r hidden numbers, up again to C.`);
console.log("\n      a = W1 z + b1      h = relu(a)      e = W2 h + b2      s = sigmoid(e)");

say("With C = 4 channels, reduction ratio r = 2 and weights that one can follow by eye:");
const [C, hidden] = [4, 2];
const z = Float32Array.of(0.8, 0.1, 0.5, 0.0);
const w1 = Float32Array.of(
  1, 0, 1, 0,      // hidden 0 hears channels 0 and 2
  0, 1, -1, 0);    // hidden 1 hears channel 1, and channel 2 against it
const b1 = Float32Array.of(0, 0);
const w2 = Float32Array.of(
  2, 0,
  -2, 0,
  0, 3,
  1, 1);
const b2 = Float32Array.of(0, 1, -1, -3);
numbers("z, the squeeze", z, 1, C);
numbers("W1 [2, 4]", w1, hidden, C, 0);
numbers("W2 [4, 2]", w2, C, hidden, 0);

const a = new Float32Array(hidden);
for (let k = 0; k < hidden; k++) {
  a[k] = b1[k];
  for (let c = 0; c < C; c++) a[k] += w1[k * C + c] * z[c];
}
const h = a.map((value) => Math.max(value, 0));
say(`a = (${a[0].toFixed(2)}, ${a[1].toFixed(2)}); the second is below zero, so relu keeps h = (${h[0].toFixed(2)}, ${h[1].toFixed(2)}).`);

const s = new Float32Array(C);
for (let c = 0; c < C; c++) {
  let e = b2[c];
  for (let k = 0; k < hidden; k++) e += w2[c * hidden + k] * h[k];
  s[c] = sigmoid(e);
}
const labels = Array.from({ length: C }, (_, c) => `channel ${c}`);
bars("the gates", labels, s, 1);

say(
  "The library has no kernel for excitation: it is two linear layers with an activation behind each (a published checkpoint stores them " +
  "as 1x1 convolutions).",
);
const kernelA = new Float32Array(hidden);
const kernelH = new Float32Array(hidden);
const kernelE = new Float32Array(C);
const kernelS = new Float32Array(C);
linearForward(kernelA, z, w1, b1, linearShape(1, C, hidden));
reluForward(kernelH, kernelA, elementwiseShape(hidden));
linearForward(kernelE, kernelH, w2, b2, linearShape(1, hidden, C));
sigmoidForward(kernelS, kernelE, elementwiseShape(C));
claim("those kernels give our gates", distance(kernelS, s) < 1e-7);

say(`Why a sigmoid and not a softmax? A softmax makes channels compete: its outputs add up to 1, so one open gate closes the others. Gates
do not compete. Two can be open at once, or none:`);
claim(
  `these four gates add up to ${[...s].reduce((x, y) => x + y, 0).toFixed(2)}, not to 1`,
  Math.abs([...s].reduce((x, y) => x + y, 0) - 1) > 0.1,
);

say("Every gate may depend on every channel. Make channel 0 weaker, and look at all gates:");
const gatesFor = (squeeze: Float32Array): Float32Array => {
  linearForward(kernelA, squeeze, w1, b1, linearShape(1, C, hidden));
  reluForward(kernelH, kernelA, elementwiseShape(hidden));
  linearForward(kernelE, kernelH, w2, b2, linearShape(1, hidden, C));
  const gates = new Float32Array(C);
  sigmoidForward(gates, kernelE, elementwiseShape(C));
  return gates;
};
const weaker = gatesFor(Float32Array.of(0.2, 0.1, 0.5, 0.0));
table(["", ...labels], [["z[0] = 0.8", ...[...s].map((v) => v.toFixed(3))], ["z[0] = 0.2", ...[...weaker].map((v) => v.toFixed(3))]]);
claim(
  "gates 0, 1 and 3 heard of it through the hidden number 0; gate 2 listens to the other one",
  weaker[0] < s[0] && weaker[1] > s[1] && weaker[3] < s[3] && weaker[2] === s[2],
);
const same = gatesFor(Float32Array.of(0.1, 0.1, 1.2, 0.0));
claim("one bottleneck, one view: what leaves h unchanged changes no gate", distance(same, s) < 1e-6);

say(`What is the bottleneck for? One layer from C to C has C * C weights: for 2,048 channels four million, for one block. With a hidden
layer of C / r it is 2 * C * C / r. The paper takes r = 16; smaller networks round C / r up to a multiple of 8.`);
table(["C", "one layer", "r = 4", "r = 16", "hidden at r = 16"], [64, 256, 1024, 2048].map((channels) => [
  channels, channels * channels, (2 * channels * channels) / 4, (2 * channels * channels) / 16, hiddenWidth(channels, { reduction: 16 })]));
claim("SE-ResNet-50's largest block has 2,048 / 16 = 128 hidden numbers", hiddenWidth(2048, { reduction: 16 }) === 128);
