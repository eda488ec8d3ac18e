/** Chapter 5: scale. The gates do their work, and the block is whole. */
import * as reference from "../../kernels/reference/index.ts";
import { channelScaleForward } from "../../kernels/reference/joining/channel-scale.ts";
import { squeezeExciteForward } from "../../kernels/reference/squeeze-excite.ts";
import { Random } from "../../kernels/random.ts";
import { channelShape } from "../../kernels/shapes.ts";
import { SqueezeExcite } from "../../src/nn/attention/squeeze-excite.ts";
import { Tensor } from "../../src/tensor.ts";
import { chapter, claim, distance, numbers, say } from "../shared/page.ts";

chapter(5, "Scale, and the whole block");

say("The last step (equation 4) is the smallest: every pixel of channel c times gate c.");
console.log("\n      y[c, i, j] = s[c] * x[c, i, j]");
const [C, H, W] = [3, 2, 4];
const x = Float32Array.of(
  1, 2, 3, 4, 5, 6, 7, 8,
  -1, 1, -1, 1, -1, 1, -1, 1,
  9, 9, 9, 9, 0, 0, 0, 0);
const s = Float32Array.of(1, 0.5, 0);
const y = new Float32Array(x.length);
for (let c = 0; c < C; c++) {
  for (let p = 0; p < H * W; p++) y[c * H * W + p] = s[c] * x[c * H * W + p];
}
numbers("x: three channels of 2 by 4, one a line", x, C, H * W, 0);
numbers("y with the gates 1, 0.5 and 0", y, C, H * W, 1);
const fromKernel = new Float32Array(x.length);
channelScaleForward(fromKernel, x, s, channelShape(1, C, H * W));
claim("kernels/reference/joining/channel-scale.ts does this", distance(fromKernel, y) === 0);

say(`A gate between 0 and 1 can only weaken a channel: it turns no sign and moves no pixel. (The next convolution has weights of any size;
it can make up for a channel that is always weakened. What it can't do is to weaken it in one picture and not in another.)`);
claim("no value changed its sign or grew", y.every((value, i) => Math.abs(value) <= Math.abs(x[i]) && value * x[i] >= 0));

say(`Now all three steps in one function, kernels/reference/squeeze-excite.ts: the page to read next, 60 lines without its backward pass. It
leaves every value on the way, so one can look at them. On two random pictures of 6 channels:`);
const shape = { batch: 2, channels: 6, hidden: 3, height: 3, width: 3 };
const random = new Random(5);
const draw = (size: number, scale: number = 1): Float64Array => Float64Array.from({ length: size }, () => scale * random.normal());
const input = draw(2 * 6 * 9);
const [w1, b1, w2, b2] = [draw(18), draw(3, 0.1), draw(18), draw(6, 0.1)];
const [z, a, h, e, gates, output] = [12, 6, 6, 12, 12, 108].map((size) => new Float64Array(size));
squeezeExciteForward(output, z, a, h, e, gates, input, w1, b1, w2, b2, shape);
numbers("squeeze z, a picture a line", z, 2, 6);
numbers("hidden h", h, 2, 3);
numbers("gates s", gates, 2, 6);

const product = input.map((value, i) => value * gates[Math.floor(i / 9)]);
claim("the output is the input times its gates", distance(product, output) < 1e-15);
claim(
  "two pictures, two sets of gates: the block decides for each picture by itself", distance(gates.subarray(0, 6), gates.subarray(6)) > 0.05,
);

say(
  "The module SqueezeExcite of the library, with the same weights, is composed of pool, linear layers, activations and scale. It must " +
  "agree:",
);
const module = new SqueezeExcite(6, { hidden: 3 }).cast("float64").use(reference);
module.fc1.weight.value.data.set(w1);
module.fc1.bias!.value.data.set(b1);
module.fc2.weight.value.data.set(w2);
module.fc2.bias!.value.data.set(b2);
const composed = module.forward(new Tensor(input, [2, 6, 3, 3]));
claim("module and page agree to the last digits", distance(composed.data, output) < 1e-14);

say(`Mind that the whole block is not linear, though for fixed gates it is: twice the input is not twice the output, because the gates hear
of it too.`);
const doubled = new Float64Array(output.length);
squeezeExciteForward(doubled, z, a, h, e, gates, input.map((value) => 2 * value), w1, b1, w2, b2, shape);
claim("the output of a doubled picture is not the doubled output", distance(doubled, output.map((value) => 2 * value)) > 0.01);
