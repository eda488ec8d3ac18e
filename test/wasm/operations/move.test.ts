/** Kernels that only move numbers: the results are the same numbers, so they are compared to the bit. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { channelShuffleForward, concatForward } from "../../../kernels/reference/index.ts";
import { concatShape, shuffleShape } from "../../../kernels/shapes.ts";
import type { Kernel } from "../../../kernels/wasm/shared/kernel.ts";
import { imagePitch, interiorBytes, rowPitch } from "../../../kernels/wasm/shared/layout.ts";
import type { Layout } from "../../../kernels/wasm/shared/layout.ts";
import {
  channelShuffleKernel, clearHaloKernel, concatKernel, fromPlanarKernel, toPlanarKernel,
} from "../../../kernels/wasm/operations/move.ts";
import { assertSame, hostile } from "../compare.ts";
import { elements, vectorLayout } from "../images.ts";
import type { Placed } from "../images.ts";
import { machine } from "../machine.ts";

/** Runs the last part first. */
function inParts(
  run: (kernel: Kernel, addresses: readonly number[], begin: number, end: number) => void, kernel: Kernel, placed: readonly Placed[],
): void {
  const split = kernel.parts >> 1;
  const addresses = placed.map(({ address }) => address);
  run(kernel, addresses, split, kernel.parts);
  run(kernel, addresses, 0, split);
}

const SIZES: readonly (readonly [number, number, number])[] = [
  ...Array.from({ length: 19 }, (_, i) => [i + 1, 3, 7] as const), [3, 5, 8], [3, 2, 1], [64, 2, 4], [1, 5, 13], [2, 4, 9], [130, 1, 1],
  [5, 1, 1], [4, 7, 2], [8, 1, 5], [16, 6, 1],
];

test("NCHW to NHWC and back, all channels and halos", () => {
  for (const [channels, height, width] of SIZES) {
    for (let halo = 0; halo < 4; halo++) {
      const image = { channels, height, width, halo };
      const plain = vectorLayout(elements(image));
      const [to, from] = [fromPlanarKernel(image), toPlanarKernel(image)];
      const { images, run } = machine([to, from]);
      const values = hostile(elements(image), channels + halo);
      const y = images.room(image);
      inParts(run, to, [y, images.put(plain, values)]);
      assertSame(images.read(y), values, to.name);
      const back = images.room(plain);
      inParts(run, from, [back, images.put(image, values)]);
      assertSame(images.read(back), values, from.name);
      assert.is(images.damage(), "");
    }
  }
});

test("concat of one to four inputs", () => {
  const sets = [[3], [4, 4], [1, 5], [16, 7, 2], [33, 1, 1, 8], [2, 3, 6, 19], [64, 32]];
  sets.forEach((channels, i) => {
    const size = { height: 2 + (i % 3), width: 1 + i };
    const inputs = channels.map((c, k): Layout => ({ channels: c, ...size, halo: (i + k) % 3 }));
    const shape = concatShape(1, channels, size.height * size.width);
    const output = { channels: shape.outChannels, ...size, halo: (i + 1) % 4 };
    const kernel = concatKernel(output, inputs);
    const { images, run } = machine([kernel]);
    const values = inputs.map((input, k) => hostile(elements(input), i + k));
    const y = images.room(output);
    inParts(run, kernel, [y, ...inputs.map((input, k) => images.put(input, values[k]))]);
    const wanted = new Float32Array(elements(output));
    concatForward(wanted, values, shape);
    assertSame(images.read(y), wanted, kernel.name);
    assert.is(images.damage(), "");
  });
  const a = vectorLayout(4);
  assert.throws(() => concatKernel(vectorLayout(9), [a, a]), /wants inputs of 9 channels together, got 8/);
  assert.throws(() => concatKernel(vectorLayout(8), [a, { ...a, width: 2 }]), /input 1 wants the output's size 1x1x4, got 1x2x4/);
});

test("channel shuffle, groups from 1 to all", () => {
  for (
    const [channels, groups] of [
      [6, 1], [6, 2], [6, 3], [6, 6], [24, 2], [24, 3], [24, 4], [24, 8], [60, 5], [58, 2], [7, 7], [56, 7], [48, 3], [10, 5],
    ]
  ) {
    const input = { channels, height: 3, width: 5, halo: groups % 3 };
    const output = { ...input, halo: channels % 4 };
    const kernel = channelShuffleKernel(output, input, groups);
    const { images, run } = machine([kernel]);
    const x = hostile(elements(input), channels);
    const y = images.room(output);
    inParts(run, kernel, [y, images.put(input, x)]);
    const wanted = new Float32Array(x.length);
    channelShuffleForward(wanted, x, shuffleShape(1, channels, 15, groups));
    assertSame(images.read(y), wanted, kernel.name);
    assert.is(images.damage(), "");
  }
  assert.throws(() => channelShuffleKernel(vectorLayout(6), vectorLayout(6), 4), /groups wants a divisor of 6 channels, got 4/);
});

test("the halo is cleared, the interiorBytes and what lies around stay", () => {
  for (const [channels, height, width] of SIZES) {
    for (let halo = 0; halo < 4; halo++) {
      const image = { channels, height, width, halo };
      const kernel = clearHaloKernel(image);
      const { buffer, images, run } = machine([kernel]);
      const values = hostile(elements(image), halo);
      const x = images.room(image, 1, values);
      const floats = new Float32Array(buffer, x.start, imagePitch(image));
      // Dirt all over the halo.
      const pitch = rowPitch(image);
      for (let i = 0; i < floats.length; i++) {
        const row = Math.floor(i / pitch) - halo;
        const column = Math.floor((i % pitch) / channels) - halo;
        if (row < 0 || row >= height || column < 0 || column >= width) floats[i] = 5;
      }
      assert.is(interiorBytes(image) > 0, halo > 0);
      assert.is(images.damage() === "", halo === 0);
      inParts(run, kernel, [x]);
      assertSame(images.read(x), values, kernel.name);
      assert.is(images.damage(), "", kernel.name);
    }
  }
});

test.run();
