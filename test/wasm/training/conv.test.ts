/** Gradients of convolutions by kernels of WebAssembly against the reference; splits of parts change no bit. */
import "../../../kernels/wasm/assembler/checks/checked.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { packConvWeights, packedConvSize } from "../../../kernels/wasm/convolution/panels.ts";
import { convDataKernel } from "../../../kernels/wasm/training/convolution/data.ts";
import { convFilterKernel } from "../../../kernels/wasm/training/convolution/filter.ts";
import { forwardParams } from "../../../kernels/wasm/training/convolution/panels.ts";
import { packForwardKernel } from "../../../kernels/wasm/training/convolution/pack.ts";
import { ModuleBuilder } from "../../../kernels/wasm/assembler/module-builder.ts";
import { vectorLayout } from "../images.ts";
import { numbers, roomy, runInParts } from "./compare.ts";
import { checkData, checkFilter, pose } from "./conv-case.ts";
import type { Case } from "./conv-case.ts";

const both = (one: Case): void => {
  checkData(one);
  checkFilter(one);
};

test("every width of the last panel", () => {
  for (let channels = 1; channels <= 33; channels++) {
    both({ channels: [channels, 1 + (channels * 7) % 33], size: [3, 5], kernel: [1, 1] });
    both({ channels: [1 + (channels * 5) % 19, channels], size: [5, 4], kernel: [3, 3], padding: [1, 1] });
  }
  both({ channels: [33, 48], size: [4, 5], kernel: [3, 3], padding: [1, 1], batch: 3 });
});

test("kernels, strides, paddings, dilations, each side its own", () => {
  for (const kernel of [[1, 1], [3, 3], [5, 3], [1, 7], [2, 2]] as const) {
    for (const stride of [[1, 1], [2, 2], [3, 1], [2, 4]] as const) {
      for (const dilation of [[1, 1], [2, 1], [1, 2], [3, 3]] as const) {
        const reach = [dilation[0] * (kernel[0] - 1), dilation[1] * (kernel[1] - 1)] as const;
        for (const padding of [[0, 0], [reach[0] >> 1, reach[1] >> 1], [2, 1], [0, 0, 1, 1], [1, 3, 2, 0]] as const) {
          const size = [Math.max(7, reach[0] + 1), Math.max(10, reach[1] + 1)] as const;
          both({ channels: [3, 6], size, kernel, stride, padding, dilation });
        }
      }
    }
  }
});

test("many channels: dy copied together, panels in several parts", () => {
  both({ channels: [40, 57], size: [9, 10], kernel: [3, 3], stride: [2, 2], padding: [1, 1] });
  both({ channels: [70, 60], size: [12, 11], kernel: [1, 1], batch: 3 });
  both({ channels: [70, 60], size: [5, 4], kernel: [1, 1], batch: 7 });
  both({ channels: [40, 40], size: [5, 6], kernel: [3, 3], padding: [1, 1], batch: 9, moreHalo: [1, 0] });
  both({ channels: [80, 80], size: [15, 14], kernel: [3, 3], padding: [1, 1], groups: 2 });
});

test("layers of ResNets, and larger halos than they want", () => {
  both({ channels: [3, 17], size: [23, 19], kernel: [7, 7], stride: [2, 2], padding: [3, 3], moreHalo: [0, 1] });
  for (const size of [[13, 13], [14, 14], [7, 8]] as const) {
    both({ channels: [16, 32], size, kernel: [3, 3], stride: [2, 2], padding: [1, 1], batch: 3, moreHalo: [1, 0] });
    both({ channels: [16, 32], size, kernel: [1, 1], stride: [2, 2], batch: 3, moreHalo: [1, 1] });
    both({ channels: [16, 16], size, kernel: [3, 3], padding: [1, 1], batch: 5 });
  }
  both({ channels: [1, 16], size: [28, 28], kernel: [3, 3], padding: [1, 1] });
  both({ channels: [16, 16], size: [28, 28], kernel: [3, 3], padding: [1, 1] });
});

test("groups", () => {
  const cases: readonly (readonly [number, number, number])[] = [
    [2, 2, 2], [4, 6, 2], [12, 12, 3], [8, 40, 2], [40, 8, 2], [10, 5, 5], [6, 6, 6], [32, 64, 4], [57, 6, 3],
  ];
  for (const [channelsIn, out, groups] of cases) {
    both({ channels: [channelsIn, out], size: [5, 6], kernel: [3, 3], padding: [1, 1], groups });
    both({ channels: [channelsIn, out], size: [6, 7], kernel: [3, 3], stride: [2, 2], padding: [1, 1], groups });
    both({ channels: [channelsIn, out], size: [4, 7], kernel: [1, 1], groups });
  }
});

test("linear layers: images of one pixel, and kernels as large as the image", () => {
  for (const batch of [1, 2, 5, 300]) both({ batch, channels: [19, 10], size: [1, 1], kernel: [1, 1] });
  both({ batch: 7, channels: [18, 37], size: [3, 2], kernel: [3, 2] });
  both({ batch: 7, channels: [18, 37], size: [3, 2], kernel: [3, 2], stride: [3, 2] });
  both({ batch: 3, channels: [5, 7], size: [2, 2], kernel: [1, 1], stride: [2, 2] });
});

test("a long sum stays accurate", () => {
  checkFilter({ batch: 40, channels: [4, 4], size: [28, 28], kernel: [3, 3], padding: [1, 1] }, 1e-6);
});

test("packing for the forward pass gives the bits of packConvWeights", () => {
  const cases: readonly Case[] = [
    { channels: [3, 17], size: [9, 9], kernel: [7, 7] }, { channels: [12, 42], size: [3, 3], kernel: [1, 1], groups: 3 },
    { channels: [5, 16], size: [3, 3], kernel: [3, 2] }, { channels: [8, 6], size: [3, 3], kernel: [3, 3], groups: 2 },
    { channels: [1, 1], size: [1, 1], kernel: [1, 1] },
  ];
  for (const one of cases) {
    const { params, weight } = pose(one);
    const forward = forwardParams(params);
    for (const bias of [null, numbers(one.channels[1], 5)]) {
      const kernel = packForwardKernel(params, bias !== null);
      const on = roomy([kernel], 3 * packedConvSize(forward) + 1000);
      const inputs = [on.images.vector(weight), ...(bias === null ? [] : [on.images.vector(bias)])].map(({ address }) => address);
      const rooms = [0, 1].map(() => on.images.room(vectorLayout(packedConvSize(forward))));
      on.run(kernel, [rooms[0].address, ...inputs]);
      runInParts(on, kernel, [rooms[1].address, ...inputs]);
      assert.is(on.images.damage(), "");
      const wanted = packConvWeights(weight, bias, forward);
      for (const room of rooms) assert.equal(on.images.read(room), wanted, JSON.stringify(one));
    }
  }
});

test("fused multiply-adds are within rounding, where the host has them", () => {
  const one: Case = { channels: [19, 29], size: [7, 9], kernel: [3, 3], padding: [1, 1], fma: true };
  const m = new ModuleBuilder("fma");
  m.importMemory("host", "memory", { minimum: 1 });
  convFilterKernel(pose(one).params).emit(m);
  if (typeof WebAssembly !== "undefined" && WebAssembly.validate(m.toBytes())) {
    both(one);
    assert.not.equal(convFilterKernel(pose(one).params).name, convFilterKernel(pose({ ...one, fma: false }).params).name);
  } else {
    assert.throws(() => checkFilter(one), /relaxed|opcode|invalid/i);
    assert.throws(() => checkData(one), /relaxed|opcode|invalid/i);
  }
});

test("sizes that do not belong together are refused", () => {
  const { params } = pose({ channels: [4, 8], size: [5, 6], kernel: [3, 3], padding: [1, 1] });
  assert.throws(() => convDataKernel({ ...params, output: { ...params.output, halo: 0 } }, false), /output halo wants at least 1, got 0/);
  assert.throws(
    () => convFilterKernel({ ...params, input: { ...params.input, halo: 0 } }), /input halo wants at least the padding, 1, got 0/,
  );
  assert.throws(() => convFilterKernel({ ...params, output: { ...params.output, width: 5 } }), /output wants 5x6, got 5x5/);
  assert.throws(() => convFilterKernel({ ...params, batch: 0 }), /batch wants a whole number of at least 1, got 0/);
  assert.throws(() => convDataKernel({ ...params, groups: 3 }, true), /groups wants a divisor of 4 input and 8 output channels, got 3/);
});

test.run();
