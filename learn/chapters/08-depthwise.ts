/** Chapter 8: SE after a depthwise convolution, as in MobileNetV3 and EfficientNet. There it is the only way across channels. */
import { channelScaleForward } from "../../kernels/reference/joining/channel-scale.ts";
import { conv2dForward } from "../../kernels/reference/layers/conv2d.ts";
import { squeezeExciteForward } from "../../kernels/reference/squeeze-excite.ts";
import { Random } from "../../kernels/random.ts";
import { channelShape, conv2dShape } from "../../kernels/shapes.ts";
import { chapter, claim, distance, numbers, say, table } from "../shared/page.ts";

chapter(8, "SE after a depthwise convolution");

say(`Small networks split a convolution in two: a depthwise one, in which each channel has one kernel for itself (groups = channels), and a
1x1 one that mixes channels at each pixel. For 96 channels and 3x3 windows, weights of the whole and of the two parts:`);
const whole = 96 * 96 * 9;
const parts = 96 * 9 + 96 * 96;
table(
  ["", "weights"],
  [["3x3, all channels", whole], ["3x3 depthwise and 1x1", parts], ["share", `${((100 * parts) / whole).toFixed(0)} %`]],
);

say(`MobileNetV3 and EfficientNet put SE between the two, behind the depthwise convolution, where the block is widest. (In SE-ResNet it
stands at the end of the branch, chapter 7.) Watch who hears of whom there. We change channel 0 of the input and look which channels change
behind the depthwise convolution, and behind SE:`);
const [C, K, side] = [4, 2, 5];
const pixels = side * side;
const random = new Random(8);
const draw = (size: number): Float64Array => Float64Array.from({ length: size }, () => random.normal());
const [kernel, w1, b1, w2, b2] = [C * 9, K * C, K, C * K, C].map(draw);
b1.fill(1);   // so that both hidden numbers are awake
const shape = conv2dShape(1, C, side, side, C, { kernel: 3, padding: 1, groups: C });
const seShape = { batch: 1, channels: C, hidden: K, height: side, width: side };
const [z, a, h, e, s] = [C, K, K, C, C].map((size) => new Float64Array(size));
const run = (input: Float64Array): { depthwise: Float64Array; scaled: Float64Array; gates: Float64Array } => {
  const depthwise = new Float64Array(C * pixels);
  const scaled = new Float64Array(C * pixels);
  conv2dForward(depthwise, input, kernel, null, shape);
  squeezeExciteForward(scaled, z, a, h, e, s, depthwise, w1, b1, w2, b2, seShape);
  return { depthwise, scaled, gates: s.slice() };
};
const x = draw(C * pixels);
const before = run(x);
const moved = x.slice();
for (let p = 0; p < pixels; p++) moved[p] += 1;
const after = run(moved);
const change = (one: Float64Array, two: Float64Array): number[] =>
  Array.from({ length: C }, (_, c) => distance(one.subarray(c * pixels, (c + 1) * pixels), two.subarray(c * pixels, (c + 1) * pixels)));
const atDepthwise = change(before.depthwise, after.depthwise);
const atScale = change(before.scaled, after.scaled);
table(
  ["largest change in channel", "0", "1", "2", "3"],
  [["behind depthwise", ...atDepthwise.map((v) => v.toFixed(4))], ["behind SE", ...atScale.map((v) => v.toFixed(4))]],
);
claim("the depthwise convolution tells no channel of another", atDepthwise.slice(1).every((v) => v === 0) && atDepthwise[0] > 0.1);
claim("SE tells all of them", atScale.every((v) => v > 0));
numbers("the gates before and after", [...before.gates, ...after.gates], 2, C, 3);

say(`Two identities make SE cheap there, and a compiler of networks uses both. First: depthwise convolution has one kernel a channel, so a
gate before it may wait until behind it, where one multiplies fewer numbers if it has a stride.`);
console.log("\n      depthwise(s * x) = s * depthwise(x)");
const gates = Float64Array.of(0.9, 0.1, 0.5, 0.7);
const scaledFirst = new Float64Array(C * pixels);
const left = new Float64Array(C * pixels);
const right = new Float64Array(C * pixels);
channelScaleForward(scaledFirst, x, gates, channelShape(1, C, pixels));
conv2dForward(left, scaledFirst, kernel, null, shape);
channelScaleForward(right, before.depthwise, gates, channelShape(1, C, pixels));
claim("both orders give the same", distance(left, right) < 1e-14);

say("Second: before a 1x1 convolution the gates may go into its weights, column by column, so that no pixel is multiplied at all:");
console.log("\n      W (s * x) = (W diag(s)) x");
const w = draw(6 * C);
const point = conv2dShape(1, C, side, side, 6, { kernel: 1 });
const one = new Float64Array(6 * pixels);
const two = new Float64Array(6 * pixels);
channelScaleForward(scaledFirst, x, gates, channelShape(1, C, pixels));
conv2dForward(one, scaledFirst, w, null, point);
conv2dForward(two, x, w.map((value, i) => value * gates[i % C]), null, point);
claim("weights times gates do as well as pixels times gates", distance(one, two) < 1e-13);
say(`That is 6 * 4 = 24 multiplications here, instead of 4 * 25 = 100; in a layer of MobileNetV3 with 960 channels of 7 by 7 pixels and 160
outputs, 153,600 instead of 47,040: so it pays where images are large, not where they are small. Chapter 15 says what this library does.`);
claim("the counts are right", 6 * C === 24 && C * pixels === 100 && 960 * 160 === 153_600 && 960 * 49 === 47_040);
