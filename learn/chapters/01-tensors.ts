/** Chapter 1: a picture is numbers in a row, and a tensor says which number is where. */
import { Tensor } from "../../src/tensor.ts";
import { chapter, claim, numbers, picture, say } from "../shared/page.ts";
import { garments } from "../shared/pictures.ts";

chapter(1, "Tensors, and what NCHW means");

say(`A grey picture of 28 by 28 pixels is 784 numbers. Memory has one direction only, so they lie in a row: first the top line from left to
right, then the next line, down to the last. Here is one, a boot.`);
const boot = (await garments())[0];
picture("an ankle boot", boot.pixels, 28, 28);

say(`A network sees several pictures at once (a batch), each with several channels: red, green and blue at the entrance, dozens or hundreds
of learned ones inside. So an image tensor has four sizes: N pictures, C channels, H lines, W columns. "NCHW" is the order in which they lie
in memory, the outermost first.`);
const [N, C, H, W] = [2, 3, 4, 5];
const x = Tensor.of(Array.from({ length: N * C * H * W }, (_, i) => i), [N, C, H, W]);

// To reach pixel (h, w) of channel c of picture n, walk over n whole pictures, c whole channels, h whole lines and w pixels:
const offset = (n: number, c: number, h: number, w: number): number => ((n * C + c) * H + h) * W + w;

say(`Picture n, channel c, line h, column w is element ((n * C + c) * H + h) * W + w. In a tensor whose elements are simply counted, 0, 1, 2
and so on, channel 1 of picture 1 is this:`);
const channel = x.data.subarray(offset(1, 1, 0, 0), offset(1, 2, 0, 0));
numbers(`x[1][1], from element ${offset(1, 1, 0, 0)} on`, channel, H, W, 0);

claim(
  "element (1, 2, 3, 4), the last of all, is number N * C * H * W - 1", x.data[offset(N - 1, C - 1, H - 1, W - 1)] === N * C * H * W - 1,
);
claim("one step to the right is 1 element, one line down is W, one channel on is H * W",
  offset(0, 0, 0, 1) === 1 && offset(0, 0, 1, 0) === W && offset(0, 1, 0, 0) === H * W);

say(`This order has a consequence that the whole course lives on: all H * W numbers of one channel lie side by side. "Ask how strong this
channel is over the whole picture" is one walk over one run of memory. That walk is the squeeze (chapter 3).`);

say(`The other common order is NHWC: all channels of one pixel side by side. The same numbers, another walk:`);
const nhwc = new Float32Array(x.size);
for (let n = 0; n < N; n++) {
  for (let c = 0; c < C; c++) {
    for (let h = 0; h < H; h++) {
      for (let w = 0; w < W; w++) nhwc[((n * H + h) * W + w) * C + c] = x.data[offset(n, c, h, w)];
    }
  }
}
numbers("the first two lines of picture 0 in NHWC, a pixel's three channels in each group", nhwc.subarray(0, 2 * W * C), 2, W * C, 0);
claim(
  "in NHWC the channels of pixel (0, 0) are neighbours",
  nhwc[0] === offset(0, 0, 0, 0) && nhwc[1] === offset(0, 1, 0, 0) && nhwc[2] === offset(0, 2, 0, 0),
);

say(`A shape is only a way of counting. Seen as [N, C * H * W], what a linear layer wants, the numbers stay where they are: reshape copies
nothing.`);
const flat = x.reshape([N, C * H * W]);
claim("a reshaped tensor shares its numbers with the old one", flat.data === x.data);
let refused = "";
try {
  x.reshape([N, C, H, W + 1]);
} catch (error) {
  refused = (error as Error).message;
}
say(`A shape that does not fit is an error that says what was wanted: "${refused}"`);
claim("a tensor can't be counted as more numbers than it has", refused.includes("144"));
