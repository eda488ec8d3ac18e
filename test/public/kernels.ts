/** The makers of records of sizes, from which all kernels take theirs. */
import * as shapes from "../../kernels/shapes.ts";
import { callable } from "./entry.ts";
import type { Entry } from "./entry.ts";
import { argument, kinds, maybe, options } from "./wrong.ts";
import type { Argument, Kind } from "./wrong.ts";

const { strict, large, any } = kinds;
/** Sizes that may be huge: nothing of them is allocated. */
const size = (good: number = 4): Argument => argument(/wants/, large, () => good);
const window: Readonly<Record<string, Kind>> = { kernel: large, stride: large, padding: large, dilation: large };
const conv: Readonly<Record<string, Kind>> = { ...window, groups: strict };
const five = (): Argument[] => [size(1), size(), size(8), size(8), size()];

/** Unknown names are the layers' affair: kernels know no "did you mean". */
const shapeOptions = (parts: Readonly<Record<string, Kind>>, needed: Readonly<Record<string, unknown>>): Argument => ({
  ...options(parts, needed, /option|kernel/),
  open: true,
});

export const kernels: readonly Entry[] = [
  callable("elementwiseShape", shapes.elementwiseShape, [size()]),
  callable("channelShape", shapes.channelShape, [size(), size(), size()]),
  callable("batchNormShape", shapes.batchNormShape, [
    size(),
    size(),
    size(),
    argument("epsilon", strict, () => 1e-5),
    argument("momentum", strict, () => 0.1),
  ]),
  callable("conv2dShape", shapes.conv2dShape, [...five(), shapeOptions(conv, { kernel: 3 })]),
  callable("convTranspose2dShape", shapes.convTranspose2dShape, [
    ...five(),
    shapeOptions({ ...conv, outputPadding: strict }, { kernel: 3 }),
  ]),
  callable("linearShape", shapes.linearShape, [size(), size(), size()]),
  callable("pool2dShape", shapes.pool2dShape, [
    size(),
    size(),
    size(8),
    size(8),
    shapeOptions({ ...window, ceilMode: any, countPadding: any }, { kernel: 2 }),
  ]),
  callable("resizeShape", shapes.resizeShape, [size(), size(), size(), size(), size(), size(), argument("alignCorners", any, () => true)]),
  callable("concatShape", shapes.concatShape, [size(), argument(/channels|inputs/, strict, () => [1, 2]), size()]),
  callable("partialShape", shapes.partialShape, [size(), size(), size(2), size()]),
  callable("padShape", shapes.padShape, [
    size(),
    size(),
    size(),
    argument("padding", strict, () => [1, 1, 1, 1]),
    argument("mode", strict, () => "edge"),
    argument("value", maybe(kinds.anyNumber), () => 0),
  ]),
  callable("shuffleShape", shapes.shuffleShape, [size(), size(), size(), argument("groups", strict, () => 2)]),
  callable("crossEntropyShape", shapes.crossEntropyShape, [
    size(),
    size(),
    argument(/wants/, maybe(large), () => 1),
    argument("smoothing", maybe(strict), () => 0.1),
  ]),
  callable("pair", shapes.pair, [argument("value", any, () => 1)]),
];
