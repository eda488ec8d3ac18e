/** Adding and joining, as ../reference/joining/add.ts and concat.ts have them, in runs. */
import type { ConcatShape, ElementwiseShape, Floats } from "../shapes.ts";

export function addForward(y: Floats, a: Floats, b: Floats, { size }: ElementwiseShape): void {
  for (let i = 0; i < size; i = (i + 1) | 0) y[i] = a[i] + b[i];
}

export function concatForward(y: Floats, inputs: readonly Floats[], shape: ConcatShape): void {
  const { batch, channels, outChannels, pixels } = shape;
  let first = 0;
  for (let i = 0; i < channels.length; i++) {
    const run = channels[i] * pixels;
    for (let n = 0; n < batch; n++) y.set(inputs[i].subarray(n * run, (n + 1) * run), (n * outChannels + first) * pixels);
    first += channels[i];
  }
}

export function concatBackward(dinputs: readonly Floats[], dy: Floats, shape: ConcatShape): void {
  const { batch, channels, outChannels, pixels } = shape;
  let first = 0;
  for (let i = 0; i < channels.length; i++) {
    const run = channels[i] * pixels;
    for (let n = 0; n < batch; n++) addRun(dinputs[i], n * run, dy, (n * outChannels + first) * pixels, run);
    first += channels[i];
  }
}

function addRun(y: Floats, to: number, x: Floats, from: number, count: number): void {
  to = to | 0;
  from = from | 0;
  const end = (from + count) | 0;
  for (; from < end; from = (from + 1) | 0) {
    y[to] += x[from];
    to = (to + 1) | 0;
  }
}
