/** Chapter 3: squeeze. One number for each channel. */
import { conv2dForward } from "../../kernels/reference/layers/conv2d.ts";
import { globalAveragePoolBackward, globalAveragePoolForward } from "../../kernels/reference/pooling/global-average-pool.ts";
import { globalMaxPoolForward } from "../../kernels/reference/pooling/global-max-pool.ts";
import { channelShape, conv2dShape } from "../../kernels/shapes.ts";
import { differences } from "../shared/differences.ts";
import { bars, chapter, claim, distance, picture, say } from "../shared/page.ts";
import { garments } from "../shared/pictures.ts";

chapter(3, "Squeeze");

say(`Four small kernels make four channels of the boot: its brightness, edges across, edges down, and a fine grain. (In a trained network
there are dozens, and nobody chose them.)`);
const boot = (await garments())[0];
const kernels = Float32Array.of(
  1 / 9, 1 / 9, 1 / 9, 1 / 9, 1 / 9, 1 / 9, 1 / 9, 1 / 9, 1 / 9,
  -1, -2, -1, 0, 0, 0, 1, 2, 1,
  -1, 0, 1, -2, 0, 2, -1, 0, 1,
  0, -1, 0, -1, 4, -1, 0, -1, 0);
const names = ["brightness", "edges across", "edges down", "grain"];
const maps = new Float32Array(4 * 784);
conv2dForward(maps, boot.pixels, kernels, null, conv2dShape(1, 1, 28, 28, 4, { kernel: 3, padding: 1 }));
for (let i = 0; i < maps.length; i++) maps[i] = Math.abs(maps[i]);
names.forEach((name, c) => picture(name, maps.subarray(c * 784, (c + 1) * 784), 28, 28));

say("Squeeze (equation 2 of the paper) asks each channel how strong it is over the whole picture, and takes the mean for the answer:");
console.log("\n      z[c] = 1 / (H W) * sum over i, j of x[c, i, j]");
const z = new Float32Array(4);
for (let c = 0; c < 4; c++) {
  let sum = 0;
  for (let p = 0; p < 784; p++) sum += maps[c * 784 + p];
  z[c] = sum / 784;
}
bars("the squeezed boot", names, z);

const shape = channelShape(1, 4, 784);
const fromKernel = new Float32Array(4);
globalAveragePoolForward(fromKernel, maps, shape);
claim("kernels/reference/pooling/global-average-pool.ts is this loop", distance(fromKernel, z) < 1e-7);

say(`From 4 * 784 numbers to 4. What is lost is where: put all pixels of a channel in another order, even at random, and the squeeze is the
same. What is kept is how much. That is enough to tell a boot from a sandal by "how much edge is there", and far too little to draw it.`);
const shuffled = maps.slice();
for (let c = 0; c < 4; c++) shuffled.subarray(c * 784, (c + 1) * 784).reverse();
const squeezed = new Float32Array(4);
globalAveragePoolForward(squeezed, shuffled, shape);
claim("turned by half a turn the boot has the same squeeze", distance(squeezed, z) < 1e-6);

say(
  "The maximum is the other obvious question: is it anywhere? The paper tried it (table 11): a little worse. One bright pixel decides it " +
  "alone:",
);
const largest = new Float32Array(4);
const where = new Int32Array(4);   // the pixel that decided
globalMaxPoolForward(largest, where, maps, shape);
bars("by the maximum instead", names, largest);
const spot = maps.slice();
spot[0] += 100;
const meanOfSpot = new Float32Array(4);
const maxOfSpot = new Float32Array(4);
globalAveragePoolForward(meanOfSpot, spot, shape);
globalMaxPoolForward(maxOfSpot, where, spot, shape);
say(
  `A spot of 100 in one corner: the mean goes from ${z[0].toFixed(3)} to ${meanOfSpot[0].toFixed(3)}, the maximum from ` +
  `${largest[0].toFixed(3)} to ${maxOfSpot[0].toFixed(3)}.`,
);
claim("the mean moves by 100 / 784, the maximum by nearly all of the 100",
  Math.abs(meanOfSpot[0] - z[0] - 100 / 784) < 1e-4 && maxOfSpot[0] - largest[0] > 90);

say(`And backward? z is a mean, so each of the 784 pixels has the same small say, 1 / 784. If the loss wants z[c] to grow by dz[c], every
pixel of that channel hears dz[c] / (H W), wherever it is. We check it as every gradient in this course: move one pixel, and look.`);
const small = Float64Array.from(maps.subarray(0, 2 * 9));
const tiny = channelShape(1, 2, 9);
const dz = Float64Array.of(3, -2);
const out = new Float64Array(2);
const loss = (): number => {
  globalAveragePoolForward(out, small, tiny);
  return out[0] * dz[0] + out[1] * dz[1];
};
const dx = new Float64Array(18);
globalAveragePoolBackward(dx, dz, tiny);
const measured = differences(small, loss);
claim("every pixel of channel 0 gets 3 / 9, of channel 1 gets -2 / 9, by rule and by measurement",
  distance(dx, measured) < 1e-8 && distance(dx.subarray(0, 9), Array(9).fill(3 / 9)) < 1e-12 &&
    distance(dx.subarray(9), Array(9).fill(-2 / 9)) < 1e-12);
