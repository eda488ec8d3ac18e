/** Gradients of the squeeze and of the scale by kernels of WebAssembly against the reference. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { channelScaleBackward, globalAveragePoolBackward } from "../../../kernels/reference/index.ts";
import { channelShape } from "../../../kernels/shapes.ts";
import {
  gateGradientKernel, globalMeanGradientKernel, scaleGradientKernel,
} from "../../../kernels/wasm/training/channel-scale-gradient.ts";
import { imagePitch } from "../../../kernels/wasm/shared/layout.ts";
import type { Kernel } from "../../../kernels/wasm/shared/kernel.ts";
import type { Layout } from "../../../kernels/wasm/shared/layout.ts";
import { vectorLayout } from "../images.ts";
import type { Placed } from "../images.ts";
import { assertClose, numbers, roomy, runInParts } from "./compare.ts";

const double = (values: ArrayLike<number>): Float64Array => Float64Array.from(values);

interface Case {
  readonly channels: number;
  readonly batch?: number;
  readonly relu: boolean;
  readonly mean: boolean;
  readonly residual: boolean;
  readonly accumulate: boolean;
  /** Of the gate, which a padded convolution may read too. */
  readonly gateHalo?: number;
}

function check(one: Case): void {
  const { channels, batch = 3, relu, mean, residual, accumulate, gateHalo = 0 } = one;
  const text = JSON.stringify(one);
  const x: Layout = { channels, height: 5, width: 3, halo: 0 };
  const dy = { ...x, halo: 1 };
  const y = { ...x, halo: 2 };
  const count = batch * channels * 15;
  const shape = channelShape(batch, channels, 15);
  const gateLayout: Layout = { channels, height: 1, width: 1, halo: gateHalo };
  const gateKernel = gateGradientKernel(batch, x, dy, relu ? y : undefined);
  const scale = scaleGradientKernel({
    batch, dx: y, accumulate, dy, ...(relu ? { y } : {}), gate: gateLayout, mean,
    ...(residual ? { residual: dy, accumulateResidual: accumulate } : {}),
  });
  const results = [false, true].map((inParts) => {
    const on = roomy([gateKernel, scale], 8 * batch * imagePitch(y) + 1000);
    const { images } = on;
    const [input, gradient, output] = [
      images.put(x, numbers(count, 1), batch), images.put(dy, numbers(count, 2), batch), images.put(y, numbers(count, 3), batch),
    ];
    const pixel = vectorLayout(channels);
    const [gate, dmean] = [
      images.put(gateLayout, numbers(batch * channels, 4), batch), images.put(pixel, numbers(batch * channels, 5), batch),
    ];
    const [dgate, dx, dresidual] = [
      images.room(pixel, batch), images.room(y, batch, numbers(count, 6)), images.room(dy, batch, numbers(count, 7)),
    ];
    const run = (kernel: Kernel, ...all: readonly Placed[]): void => {
      const addresses = all.map(({ address }) => address);
      if (inParts) runInParts(on, kernel, addresses);
      else on.run(kernel, addresses);
    };
    run(gateKernel, dgate, input, gradient, ...(relu ? [output] : []));
    run(scale, dx, ...(residual ? [dresidual] : []), gradient, ...(relu ? [output] : []), gate, ...(mean ? [dmean] : []));
    assert.is(images.damage(), "", text);
    return [dgate, dx, dresidual].map((each) => images.read(each));
  });
  assert.equal(results[1], results[0], `${text}: in parts`);
  const [dgate, dx, dresidual] = results[0];
  const outputs = numbers(count, 3);
  const dz = double(numbers(count, 2)).map((value, i) => (relu && outputs[i] <= 0 ? 0 : value));
  const wanted = accumulate ? double(numbers(count, 6)) : new Float64Array(count);
  const wantedGate = new Float64Array(batch * channels);
  channelScaleBackward(wanted, wantedGate, double(numbers(count, 1)), double(numbers(batch * channels, 4)), dz, shape);
  if (mean) globalAveragePoolBackward(wanted, double(numbers(batch * channels, 5)), shape);
  assertClose(dgate, wantedGate, 3e-7, `${text}, dgate`);
  assertClose(dx, wanted, 3e-7, `${text}, dx`);
  const before = numbers(count, 7);
  if (residual) assertClose(dresidual, dz.map((value, i) => value + (accumulate ? before[i] : 0)), 2e-7, `${text}, dresidual`);
  else assert.equal(dresidual, before);
}

test("scale: channels, masks, residuals, the squeeze's gradient", () => {
  for (const channels of [1, 2, 3, 4, 6, 8, 11, 16, 21]) {
    check({ channels, relu: true, mean: true, residual: true, accumulate: channels % 2 === 0 });
  }
  for (const relu of [false, true]) {
    for (const mean of [false, true]) {
      for (const residual of [false, true]) {
        for (const accumulate of [false, true]) check({ channels: 10, batch: 2, relu, mean, residual, accumulate });
      }
    }
  }
  for (const gateHalo of [1, 3]) check({ channels: 9, relu: true, mean: true, residual: true, accumulate: false, gateHalo });
});

test("the mean of an image alone", () => {
  for (const channels of [1, 3, 8, 18]) {
    const dx: Layout = { channels, height: 4, width: 3, halo: 1 };
    const count = 2 * channels * 12;
    for (const accumulate of [false, true]) {
      const kernel = globalMeanGradientKernel(2, dx, accumulate);
      const on = roomy([kernel], 5000);
      const dmean = on.images.put(vectorLayout(channels), numbers(2 * channels, 1), 2);
      const room = on.images.room(dx, 2, numbers(count, 2));
      runInParts(on, kernel, [room.address, dmean.address]);
      assert.is(on.images.damage(), "");
      const wanted = accumulate ? double(numbers(count, 2)) : new Float64Array(count);
      globalAveragePoolBackward(wanted, double(numbers(2 * channels, 1)), channelShape(2, channels, 12));
      assertClose(on.images.read(room), wanted, 2e-7, `mean of ${channels} channels`);
    }
  }
});

test.run();
