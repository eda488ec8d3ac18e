/** Chapter 10: the relatives of SE, each as a change of a few lines. */
import * as reference from "../../kernels/reference/index.ts";
import { sigmoid } from "../../kernels/math.ts";
import { Random } from "../../kernels/random.ts";
import type { Attention } from "../../src/nn/attention/attention.ts";
import { ConcurrentSqueezeExcite } from "../../src/nn/attention/concurrent-squeeze-excite.ts";
import { EffectiveSqueezeExcite } from "../../src/nn/attention/effective-squeeze-excite.ts";
import { EfficientChannelAttention } from "../../src/nn/attention/efficient-channel-attention.ts";
import { SpatialSqueezeExcite } from "../../src/nn/attention/spatial-squeeze-excite.ts";
import { SqueezeExcite } from "../../src/nn/attention/squeeze-excite.ts";
import { Tensor } from "../../src/tensor.ts";
import { chapter, claim, distance, numbers, say, table } from "../shared/page.ts";

chapter(10, "The relatives: a few lines each");

const [C, H, W] = [8, 3, 3];
const P = H * W;
const random = new Random(10);
const x = Float64Array.from({ length: C * P }, () => random.normal());

/** The library's module on our numbers, with random weights. */
function outputOf(module: Attention): { y: Float64Array; weights: Map<string, Float64Array> } {
  module.initialise(random).cast("float64").use(reference).evaluate();
  const weights = new Map([...module.namedState()].map(([name, { value }]) => [name, value.data as Float64Array]));
  return { y: module.forward(new Tensor(x, [1, C, H, W])).data, weights };
}
const squeeze = (): Float64Array => {
  const z = new Float64Array(C);
  for (let c = 0; c < C; c++) {
    for (let p = 0; p < P; p++) z[c] += x[c * P + p] / P;
  }
  return z;
};
const scale = (gates: Float64Array): Float64Array => x.map((value, i) => value * gates[Math.floor(i / P)]);

say("All of them are gate(x) * x. They differ in who may speak about whom. SE: every channel about every channel, through a bottleneck.");

say(
  "ECA (arXiv 1910.03151) drops the two layers: a gate hears its own channel and its neighbours, by one short kernel that all channels " +
  "share.",
);
console.log("\n      s[c] = sigmoid(sum over j of k[j] * z[c + j - 1])");
const eca = outputOf(new EfficientChannelAttention(C));
{
  const z = squeeze();
  const k = eca.weights.get("conv.weight")!;
  const gates = new Float64Array(C);
  for (let c = 0; c < C; c++) {
    let e = 0;
    for (let j = 0; j < 3; j++) e += k[j] * (z[c + j - 1] ?? 0);
    gates[c] = sigmoid(e);
  }
  numbers("ECA's gates", gates, 1, C);
  claim("three lines are the library's ECA", distance(scale(gates), eca.y) < 1e-12);
}

say(
  "Effective SE (arXiv 1911.06667) drops the bottleneck: one layer from C to C, because a narrow middle forgets. The gate is a hard " +
  "sigmoid.",
);
console.log("\n      s = hard_sigmoid(W z + b)");
const ese = outputOf(new EffectiveSqueezeExcite(C));
{
  const z = squeeze();
  const w = ese.weights.get("fc.weight")!;
  const b = ese.weights.get("fc.bias")!;
  const gates = Float64Array.from({ length: C }, (_, o) => {
    let e = b[o];
    for (let c = 0; c < C; c++) e += w[o * C + c] * z[c];
    return Math.min(Math.max(e / 6 + 0.5, 0), 1);
  });
  numbers("effective SE's gates", gates, 1, C);
  claim("so are these", distance(scale(gates), ese.y) < 1e-12);
}

say(`Spatial SE (arXiv 1803.02579) turns the block by a quarter: it squeezes the channels and gates the pixels. "Where?" instead of "what?",
which segmentation asks.`);
console.log("\n      s[p] = sigmoid(b + sum over c of w[c] * x[c,p])");
const sse = outputOf(new SpatialSqueezeExcite(C));
const pixelGates = new Float64Array(P);
{
  const w = sse.weights.get("conv.weight")!;
  const b = sse.weights.get("conv.bias")!;
  for (let p = 0; p < P; p++) {
    let e = b[0];
    for (let c = 0; c < C; c++) e += w[c] * x[c * P + p];
    pixelGates[p] = sigmoid(e);
  }
  numbers("a gate a pixel", pixelGates, H, W);
  claim("and these", distance(x.map((value, i) => value * pixelGates[i % P]), sse.y) < 1e-12);
}

say("Concurrent SE (scSE, the same paper) asks both, and adds the two answers:");
console.log("\n      y = SE(x) + sSE(x)");
const both = outputOf(new ConcurrentSqueezeExcite(C));
{
  const weight = (name: string): Float64Array => both.weights.get(name)!;
  const z = squeeze();
  const hidden = C / 2;
  const h = Float64Array.from({ length: hidden }, (_, k) => {
    let sum = weight("cse.fc1.bias")[k];
    for (let c = 0; c < C; c++) sum += weight("cse.fc1.weight")[k * C + c] * z[c];
    return Math.max(sum, 0);
  });
  const gates = Float64Array.from({ length: C }, (_, c) => {
    let sum = weight("cse.fc2.bias")[c];
    for (let k = 0; k < hidden; k++) sum += weight("cse.fc2.weight")[c * hidden + k] * h[k];
    return sigmoid(sum);
  });
  const sum = scale(gates).map((value, i) => {
    let e = weight("sse.conv.bias")[0];
    for (let c = 0; c < C; c++) e += weight("sse.conv.weight")[c] * x[c * P + (i % P)];
    return value + sigmoid(e) * x[i];
  });
  claim("a channel's gate and a pixel's gate, added", distance(sum, both.y) < 1e-12);
}

say("What each has to learn, in a layer of 256 channels:");
const parameters = (module: Attention): number => module.parameterCount();
const rows: [string, number, string][] = [
  ["SE, r = 16", parameters(new SqueezeExcite(256)), "all channels, through 16 numbers"],
  ["effective SE", parameters(new EffectiveSqueezeExcite(256)), "all channels"],
  ["ECA", parameters(new EfficientChannelAttention(256)), "its neighbours in memory"],
  ["spatial SE", parameters(new SpatialSqueezeExcite(256)), "all channels of this pixel"],
  ["scSE, r = 2", parameters(new ConcurrentSqueezeExcite(256)), "both"]];
table(["", "parameters", "a gate hears"], rows);
claim("2 * C * C / r and biases; C * C and biases; a kernel of 5; C + 1; and a sum",
  rows[0][1] === 2 * 256 * 16 + 16 + 256 && rows[1][1] === 256 * 256 + 256 && rows[2][1] === 5 && rows[3][1] === 257 &&
    rows[4][1] === 2 * 256 * 128 + 128 + 256 + 257);
say(`ECA's neighbours deserve a thought: nothing makes channel 7 and channel 8 related before training. That it works at all says that the
network arranges its channels so that it does. Exercise 4 asks what is left of ECA when its channels are shuffled.`);
