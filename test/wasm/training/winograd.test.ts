/** Winograd's method in training against the reference in double precision: forward, and both gradients; splits of parts change no bit. */
import "../../../kernels/wasm/assembler/checks/checked.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { conv2dBackwardInput, conv2dForward } from "../../../kernels/reference/layers/conv2d.ts";
import { packConvWeights, packedConvSize } from "../../../kernels/wasm/convolution/panels.ts";
import type { ConvParams } from "../../../kernels/wasm/convolution/params.ts";
import { imageBytes, imagePitch } from "../../../kernels/wasm/shared/layout.ts";
import { packGradientKernel } from "../../../kernels/wasm/training/convolution/pack.ts";
import { forwardParams, packedGradientSize } from "../../../kernels/wasm/training/convolution/panels.ts";
import { batchWinograd, dataConvolution } from "../../../kernels/wasm/training/convolution/winograd.ts";
import {
  winogradFilterEndKernel, winogradFilterKernel, winogradFilterScratch,
} from "../../../kernels/wasm/training/convolution/winograd-filter.ts";
import { vectorLayout } from "../images.ts";
import { assertClose, numbers, roomy, runInParts } from "./compare.ts";
import { checkFilter, conv, pose } from "./conv-case.ts";
import type { Case } from "./conv-case.ts";

/** Of the largest element. */
const BOUND = 5e-6;

const filters = { ...conv, filter: winogradFilterKernel, scratch: winogradFilterScratch, end: winogradFilterEndKernel };

function of(channels: Case["channels"], size: Case["size"], rest: Partial<Case> = {}): Case {
  return { channels, size, kernel: [3, 3], padding: [1, 1], ...rest };
}

interface Given {
  readonly params: ConvParams;
  readonly batch: number;
  /** Packed as for direct convolution. */
  readonly packed: Float32Array;
  readonly x: Float32Array;
  readonly residual: Float32Array | undefined;
  readonly text: string;
}

function computed({ params, batch, packed, x, residual, text }: Given): Float32Array {
  const { kernel, scratch, transform, packedSize } = batchWinograd(params, batch);
  const { input, output } = params;
  const floats = batch * (imagePitch(input) + imageBytes(output)) + 2 * (scratch + packed.length + packedSize) + 1000;
  const on = roomy([kernel, ...(transform === undefined ? [] : [transform])], floats);
  const [image, direct] = [on.images.put(input, x, batch), on.images.vector(packed)];
  const got = [0, 1].map((parts) => {
    const [y, weights, work] = [
      on.images.room(output, batch, residual), on.images.room(vectorLayout(packedSize)), on.images.room(vectorLayout(scratch)),
    ];
    const run = parts === 0 ? on.run.bind(on) : (...args: Parameters<typeof on.run>) => runInParts(on, args[0], args[1]);
    if (transform !== undefined) run(transform, [weights.address, direct.address]);
    const w = transform === undefined ? direct : weights;
    run(kernel, [y.address, image.address, w.address, residual === undefined ? 0 : y.address, work.address]);
    return on.images.read(y);
  });
  assert.is(on.images.damage(), "", text);
  assert.equal(got[1], got[0], `${text}, in parts`);
  return got[0];
}

function check(one: Case): void {
  const { text, shape, params, weight, x, dy } = pose(one);
  const { batch } = params;
  const wide = Float64Array.from;
  const y = new Float64Array(dy.length);
  const bias = numbers(one.channels[1], 7);
  conv2dForward(y, wide.call(Float64Array, x), wide.call(Float64Array, weight), wide.call(Float64Array, bias), shape);
  const forward = forwardParams(params);
  const packed = packConvWeights(weight, bias, forward, new Float32Array(packedConvSize(forward)));
  assertClose(computed({ params: forward, batch, packed, x, residual: undefined, text }), y, BOUND, `${text}, y`);

  const dx = new Float64Array(x.length);
  conv2dBackwardInput(dx, wide.call(Float64Array, dy), wide.call(Float64Array, weight), shape);
  const bare = { ...params, input: { ...params.input, halo: one.moreHalo?.[0] ?? 0 } };
  const pack = packGradientKernel(bare);
  const on = roomy([pack], weight.length + packedGradientSize(bare) + 1000);
  const [from, to] = [on.images.vector(weight), on.images.room(vectorLayout(packedGradientSize(bare)))];
  on.run(pack, [to.address, from.address]);
  const turned = on.images.read(to);
  for (const accumulate of [false, true]) {
    const data = dataConvolution(bare, accumulate);
    if (data === undefined) throw new Error(`no convolution: ${text}`);
    const got = computed({ params: data, batch, packed: turned, x: dy, residual: accumulate ? x : undefined, text });
    assertClose(got, accumulate ? dx.map((value, i) => value + x[i]) : dx, BOUND, `${text}, dx${accumulate ? ", accumulated" : ""}`);
  }
  checkFilter(one, BOUND, filters);
}

test("widths of the last panel and vector, on both sides", () => {
  for (let channels = 1; channels <= 33; channels += 3) check(of([channels, 1 + (channels * 7) % 33], [5, 6]));
  check(of([33, 48], [4, 5], { batch: 3 }));
  check(of([24, 40], [6, 7], { batch: 1 }));
});

test("every edge of a tile, paddings, wider halos", () => {
  for (let size = 1; size <= 9; size++) check(of([5, 6], [size, 10 - size], { batch: 3, moreHalo: [size % 2, size % 3] }));
  for (const padding of [[0, 0], [2, 1], [0, 0, 1, 1], [1, 2, 2, 0]] as const) check(of([6, 5], [6, 9], { padding }));
});

test("batches over several parts and blocks; weights transformed in the run", () => {
  check(of([8, 8], [8, 8], { batch: 17 }));
  check(of([16, 16], [28, 28], { batch: 9 }));
  check(of([96, 96], [7, 7], { batch: 2 }));
  check(of([136, 20], [9, 8], { batch: 3 }));
});

test("what is no 3x3 with stride 1, or pads more than it reaches, is none", () => {
  for (const one of [of([8, 8], [8, 8], { stride: [2, 2] }), of([8, 8], [8, 8], { groups: 2 }), of([8, 8], [8, 8], { padding: [3, 3] })]) {
    assert.is(dataConvolution(pose(one).params, false), undefined);
  }
});

test.run();
