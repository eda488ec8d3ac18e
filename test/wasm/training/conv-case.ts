/** One convolution, its gradients by kernels of WebAssembly, and by the reference in double precision. */
import * as assert from "uvu/assert";
import { conv2dBackwardInput, conv2dBackwardWeight } from "../../../kernels/reference/layers/conv2d.ts";
import { conv2dShape } from "../../../kernels/shapes.ts";
import type { Conv2dShape, Sides } from "../../../kernels/shapes.ts";
import { convDataKernel } from "../../../kernels/wasm/training/convolution/data.ts";
import { convFilterKernel, convFilterScratch } from "../../../kernels/wasm/training/convolution/filter.ts";
import { gradientHalo } from "../../../kernels/wasm/training/convolution/phases.ts";
import type { ConvGradientParams } from "../../../kernels/wasm/training/convolution/phases.ts";
import { packedGradientSize } from "../../../kernels/wasm/training/convolution/panels.ts";
import { depthwiseDataKernel } from "../../../kernels/wasm/training/convolution/depthwise-data.ts";
import { depthwiseFilterKernel, depthwiseFilterScratch } from "../../../kernels/wasm/training/convolution/depthwise-filter.ts";
import { packDepthwiseGradientKernel, packedDepthwiseGradientSize } from "../../../kernels/wasm/training/convolution/depthwise-pack.ts";
import { packGradientKernel } from "../../../kernels/wasm/training/convolution/pack.ts";
import type { Kernel } from "../../../kernels/wasm/shared/kernel.ts";
import { imageBytes, imagePitch } from "../../../kernels/wasm/shared/layout.ts";
import { vectorLayout } from "../images.ts";
import { assertClose, numbers, roomy, runInParts } from "./compare.ts";

export interface Case {
  readonly batch?: number;
  readonly channels: readonly [number, number];
  readonly size: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly stride?: readonly [number, number];
  /** Two for both sides, or four: top, left, bottom, right. */
  readonly padding?: readonly [number, number] | Sides;
  readonly dilation?: readonly [number, number];
  readonly groups?: number;
  /** Beyond what is wanted, of x and of dy. */
  readonly moreHalo?: readonly [number, number];
  readonly fma?: boolean;
}

/** A family of kernels; depthwise ones have their own. */
export interface Family {
  readonly pack: typeof packGradientKernel;
  readonly packedSize: typeof packedGradientSize;
  readonly data: typeof convDataKernel;
  readonly filter: typeof convFilterKernel;
  readonly scratch: typeof convFilterScratch;
  /** What is left when the filter's kernel is done, with its first two arguments. */
  readonly end?: (params: ConvGradientParams) => Kernel | undefined;
}

export const conv: Family = {
  pack: packGradientKernel, packedSize: packedGradientSize, data: convDataKernel, filter: convFilterKernel, scratch: convFilterScratch,
};
export const depthwise: Family = {
  pack: packDepthwiseGradientKernel, packedSize: packedDepthwiseGradientSize, data: depthwiseDataKernel, filter: depthwiseFilterKernel,
  scratch: depthwiseFilterScratch,
};

interface Posed {
  readonly text: string;
  readonly shape: Conv2dShape;
  readonly params: ConvGradientParams;
  readonly weight: Float32Array;
  readonly x: Float32Array;
  readonly dy: Float32Array;
}

export function pose(one: Case): Posed {
  const { batch = 2, channels, size, kernel, stride = [1, 1], padding = [0, 0], dilation = [1, 1], groups = 1, moreHalo = [0, 0] } = one;
  const shape = conv2dShape(batch, channels[0], size[0], size[1], channels[1], { kernel, stride, padding, dilation, groups });
  const input = { channels: channels[0], height: size[0], width: size[1], halo: Math.max(...padding) + moreHalo[0] };
  const output = { channels: channels[1], height: shape.outHeight, width: shape.outWidth, halo: 0 };
  const bare: ConvGradientParams = {
    batch, input, output, kernel, stride, padding: [padding[0], padding[1]],
    paddingEnd: [padding[2] ?? padding[0], padding[3] ?? padding[1]],
    dilation, groups, fma: one.fma === true,
  };
  const params = { ...bare, output: { ...output, halo: gradientHalo(bare) + moreHalo[1] } };
  return {
    text: JSON.stringify(one), shape, params,
    weight: numbers(channels[1] * (channels[0] / groups) * kernel[0] * kernel[1], 1),
    x: numbers(batch * channels[0] * size[0] * size[1], 2),
    dy: numbers(batch * channels[1] * shape.outHeight * shape.outWidth, 3),
  };
}

/** Overwriting and accumulating, whole and in parts: all must agree to the bit where they should, and with the reference. */
export function checkData(one: Case, family: Family = conv): void {
  const { text, shape, params: posed, weight, x, dy } = pose(one);
  // Only x wants a halo as wide as the padding, not its gradient.
  const params = { ...posed, input: { ...posed.input, halo: one.moreHalo?.[0] ?? 0 } };
  const wanted = new Float64Array(x.length);
  conv2dBackwardInput(wanted, Float64Array.from(dy), Float64Array.from(weight), shape);
  const pack = family.pack(params);
  const overwrite = family.data(params, false);
  const add = family.data(params, true);
  const { batch, input, output } = params;
  const floats = batch * imageBytes(input) + batch * imagePitch(output) + 2 * family.packedSize(params) + weight.length + 1000;
  const on = roomy([pack, overwrite, add], floats);
  const w = on.images.vector(weight);
  const gradient = on.images.put(output, dy, batch);
  const packed = [on.images.room(vectorLayout(family.packedSize(params))), on.images.room(vectorLayout(family.packedSize(params)))];
  const dx = [on.images.room(input, batch), on.images.room(input, batch)];
  const sum = [on.images.room(input, batch, x), on.images.room(input, batch, x)];
  on.run(pack, [packed[0].address, w.address]);
  runInParts(on, pack, [packed[1].address, w.address]);
  on.run(overwrite, [dx[0].address, gradient.address, packed[0].address]);
  runInParts(on, overwrite, [dx[1].address, gradient.address, packed[1].address]);
  on.run(add, [sum[0].address, gradient.address, packed[0].address]);
  runInParts(on, add, [sum[1].address, gradient.address, packed[1].address]);
  assert.is(on.images.damage(), "", text);
  const [got, gotSum] = [on.images.read(dx[0]), on.images.read(sum[0])];
  assertClose(got, wanted, 2e-6, `${text}, dx`);
  assert.equal(gotSum, x.map((value, i) => value + got[i]), `${text}: accumulated`);
  assert.equal(on.images.read(dx[1]), got, `${text}: dx in parts`);
  assert.equal(on.images.read(sum[1]), gotSum, `${text}: accumulated in parts`);
}

export function checkFilter(one: Case, tolerance = 2e-6, family: Family = conv): void {
  const { text, shape, params, weight, x, dy } = pose(one);
  const wanted = Float64Array.from(weight);
  conv2dBackwardWeight(wanted, Float64Array.from(x), Float64Array.from(dy), shape);
  const [kernel, end] = [family.filter(params), family.end?.(params)];
  const { batch, input, output } = params;
  const scratchSize = family.scratch(params);
  const floats = batch * imagePitch(input) + batch * imagePitch(output) + 2 * scratchSize + 2 * weight.length + 1000;
  const on = roomy([kernel, ...(end === undefined ? [] : [end])], floats);
  const [image, gradient] = [on.images.put(input, x, batch), on.images.put(output, dy, batch)];
  const outputs = [0, 1].map(() => [on.images.room(vectorLayout(weight.length), 1, weight), on.images.room(vectorLayout(scratchSize))]);
  const addresses = outputs.map((each) => [...each, image, gradient].map(({ address }) => address));
  on.run(kernel, addresses[0]);
  runInParts(on, kernel, addresses[1]);
  if (end !== undefined) {
    on.run(end, addresses[0].slice(0, 2));
    runInParts(on, end, addresses[1].slice(0, 2));
  }
  assert.is(on.images.damage(), "", text);
  const got = on.images.read(outputs[0][0]);
  assertClose(got, wanted, tolerance, `${text}, dweight`);
  assert.equal(on.images.read(outputs[1][0]), got, `${text}: in parts`);
}
