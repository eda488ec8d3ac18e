/** Gradients of depthwise convolutions by kernels of WebAssembly against the reference; splits of parts change no bit. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { packDepthwiseWeights, packedDepthwiseSize } from "../../../kernels/wasm/convolution/depthwise/panels.ts";
import { forwardParams } from "../../../kernels/wasm/training/convolution/panels.ts";
import { depthwiseDataKernel } from "../../../kernels/wasm/training/convolution/depthwise-data.ts";
import { depthwiseFilterKernel } from "../../../kernels/wasm/training/convolution/depthwise-filter.ts";
import { packDepthwiseKernel } from "../../../kernels/wasm/training/convolution/depthwise-pack.ts";
import { vectorLayout } from "../images.ts";
import { numbers, roomy, runInParts } from "./compare.ts";
import { checkData, checkFilter, depthwise, pose } from "./conv-case.ts";
import type { Case } from "./conv-case.ts";

type Options = Omit<Case, "channels" | "groups">;

const both = (channels: number, options: Options): void => {
  const one: Case = { ...options, channels: [channels, channels], groups: channels };
  checkData(one, depthwise);
  checkFilter(one, 2e-6, depthwise);
};

test("every number of channels left over, 3x3 and 5x5, stride 1 and 2", () => {
  for (let channels = 1; channels <= 18; channels++) {
    for (const k of [3, 5]) {
      for (const s of [1, 2]) {
        both(channels, { size: [6, 7], kernel: [k, k], stride: [s, s], padding: [k >> 1, k >> 1], moreHalo: [channels % 2, 1] });
      }
    }
  }
});

test("kernels, strides, paddings, dilations, each side its own", () => {
  for (const kernel of [[1, 1], [3, 3], [1, 7], [4, 2]] as const) {
    for (const stride of [[1, 1], [2, 2], [3, 1], [2, 4]] as const) {
      for (const dilation of [[1, 1], [2, 1], [3, 3]] as const) {
        const reach = [dilation[0] * (kernel[0] - 1), dilation[1] * (kernel[1] - 1)] as const;
        for (const padding of [[0, 0], [reach[0] >> 1, reach[1] >> 1], [2, 1], [0, 0, 1, 1], [1, 3, 2, 0]] as const) {
          both(6, { size: [Math.max(7, reach[0] + 1), Math.max(10, reach[1] + 1)], kernel, stride, padding, dilation });
        }
      }
    }
  }
});

test("several blocks", () => {
  both(12, { size: [33, 29], kernel: [3, 3], padding: [1, 1], batch: 3 });
  both(9, { size: [34, 28], kernel: [5, 5], stride: [2, 2], padding: [2, 2], batch: 3 });
});

test("packing for the forward pass gives the bits of packDepthwiseWeights", () => {
  for (const channels of [1, 3, 4, 6, 16]) {
    const { params, weight } = pose({ channels: [channels, channels], groups: channels, size: [5, 5], kernel: [3, 2] });
    const size = packedDepthwiseSize(forwardParams(params));
    for (const bias of [null, numbers(channels, 5)]) {
      const kernel = packDepthwiseKernel(params, bias !== null);
      const on = roomy([kernel], 3 * size + 1000);
      const inputs = [on.images.vector(weight), ...(bias === null ? [] : [on.images.vector(bias)])].map(({ address }) => address);
      const room = on.images.room(vectorLayout(size));
      runInParts(on, kernel, [room.address, ...inputs]);
      assert.is(on.images.damage(), "");
      assert.equal(on.images.read(room), packDepthwiseWeights(weight, bias, forwardParams(params)));
    }
  }
});

test("what is not depthwise is refused", () => {
  const { params } = pose({ channels: [4, 8], groups: 4, size: [5, 5], kernel: [3, 3], padding: [1, 1] });
  for (const make of [() => depthwiseDataKernel(params, false), () => depthwiseFilterKernel(params)]) {
    assert.throws(make, /groups wants as many as 4 input and 8 output channels, got 4/);
  }
});

test.run();
