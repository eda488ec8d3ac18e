/** Chapter 2: convolution, one number by hand, then the loops, then the kernel. */
import { conv2dForward } from "../../kernels/reference/layers/conv2d.ts";
import { conv2dShape } from "../../kernels/shapes.ts";
import { chapter, claim, distance, numbers, picture, say, table } from "../shared/page.ts";
import { garments } from "../shared/pictures.ts";

chapter(2, "Convolution by hand");

say(`A convolution slides a small window, its kernel, over the picture. At each place it multiplies what lies under the window with the
kernel's weights and adds up: one output pixel. Take a picture of 5 by 5 and a kernel of 3 by 3 that answers to edges:`);
const image = Float32Array.of(
  0, 0, 9, 9, 9,
  0, 0, 9, 9, 9,
  0, 0, 9, 9, 9,
  0, 0, 0, 0, 0,
  0, 0, 0, 0, 0);
const kernel = Float32Array.of(
  -1, 0, 1,
  -2, 0, 2,
  -1, 0, 1);
numbers("the picture", image, 5, 5, 0);
numbers("the kernel", kernel, 3, 3, 0);

say("The output pixel in line 0, column 0 is what the window in the upper left corner gives, term by term:");
// Window rows 0 to 2, columns 0 to 2.
const byHand =
  -1 * 0 + 0 * 0 + 1 * 9 +
  -2 * 0 + 0 * 0 + 2 * 9 +
  -1 * 0 + 0 * 0 + 1 * 9;
say(`-1*0 + 0*0 + 1*9, -2*0 + 0*0 + 2*9, -1*0 + 0*0 + 1*9, together ${byHand}.`);

say(`The window can stand in 3 by 3 places, so that is the output's size: (5 + 2 * padding - 3) / stride + 1. The loops, for one channel:`);
const y = new Float32Array(9);
for (let oh = 0; oh < 3; oh++) {
  for (let ow = 0; ow < 3; ow++) {
    let sum = 0;
    for (let kh = 0; kh < 3; kh++) {
      for (let kw = 0; kw < 3; kw++) sum += kernel[kh * 3 + kw] * image[(oh + kh) * 5 + (ow + kw)];
    }
    y[oh * 3 + ow] = sum;
  }
}
numbers("the output", y, 3, 3, 0);
claim("the loops give what we reckoned by hand", y[0] === byHand);

say(
  "The library's textbook kernel (kernels/reference/layers/conv2d.ts) has the same loops, and around them those over pictures and " +
  "channels:",
);
const shape = conv2dShape(1, 1, 5, 5, 1, { kernel: 3 });
const fromKernel = new Float32Array(9);
conv2dForward(fromKernel, image, kernel, null, shape);
claim("and gives the same nine numbers", distance(fromKernel, y) === 0);

say(`Padding puts zeros around the picture, so that the output can be as large as the input; stride 2 moves the window by two pixels and
halves the size. What happens to a side of 28 pixels:`);
const rows: [string, number, number, number, number][] = [
  ["3x3", 3, 1, 0, 0], ["3x3, padding 1", 3, 1, 1, 0], ["3x3, padding 1, stride 2", 3, 2, 1, 0], ["1x1", 1, 1, 0, 0],
  ["7x7, padding 3, stride 2", 7, 2, 3, 0]];
for (const row of rows) {
  const [, k, stride, padding] = row;
  row[4] = conv2dShape(1, 1, 28, 28, 1, { kernel: k, stride, padding }).outHeight;
  if (row[4] !== Math.floor((28 + 2 * padding - k) / stride) + 1) throw new Error("the formula above is wrong");
}
table(["kernel", "output side"], rows.map(([name, , , , out]) => [name, out]));

say(
  "On the boot, with padding, the kernel finds what goes from dark to light (bright) and from light to dark (dark) as one reads to the " +
  "right:",
);
const boot = (await garments())[0];
const edges = new Float32Array(28 * 28);
conv2dForward(edges, boot.pixels, kernel, null, conv2dShape(1, 1, 28, 28, 1, { kernel: 3, padding: 1 }));
picture("edges of the boot", edges, 28, 28);

say(`Now channels. An output channel has one kernel for each input channel, and adds up all they give: with 3 input channels and 2 output
channels the weights are [2, 3, 3, 3]. So a convolution mixes channels, but only through what lies under its window: a 3x3 kernel in the
upper left corner can't know what is in the lower right one.`);
const wide = conv2dShape(1, 3, 6, 6, 2, { kernel: 3, padding: 1 });
const x = Float32Array.from({ length: 3 * 36 }, (_, i) => ((i * 7) % 11) - 5);
const weight = Float32Array.from({ length: 2 * 3 * 9 }, (_, i) => ((i * 5) % 7) - 3);
const before = new Float32Array(2 * 36);
const after = new Float32Array(2 * 36);
conv2dForward(before, x, weight, null, wide);
x[35] += 100;   // channel 0, the pixel in the lower right corner
conv2dForward(after, x, weight, null, wide);
const changed = [...after].map((value, i): number => (value === before[i] ? 0 : 1));
numbers("pixels of output channel 0 that notice a change in the lower right corner", changed.slice(0, 36), 6, 6, 0);
claim("only the four pixels whose window reaches the corner change, in every output channel",
  changed.reduce((a, b) => a + b, 0) === 2 * 4 && [28, 29, 34, 35].every((p) => changed[p] === 1 && changed[36 + p] === 1));

say(`That is what Squeeze-and-Excitation is about. Convolution asks "what is here?" for each place by itself. SE lets every place hear,
through one number a channel, what there is in the whole picture. The next three chapters build it.`);

const macs = wide.outChannels * wide.outHeight * wide.outWidth * (wide.inChannels / wide.groups) * wide.kernelHeight * wide.kernelWidth;
say(
  `What it costs: each of the ${2 * 36} output numbers takes 3 * 3 * 3 multiplications, ${macs} together. Chapter 13 counts whole ` +
  `networks so.`,
);
claim("the count is outputs times weights of one output", macs === before.length * 27);
