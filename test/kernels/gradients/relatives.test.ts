/** The pages of SE's relatives: as the modules have it, forward and backward, in float64; backward by finite differences too. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as reference from "../../../kernels/reference/index.ts";
import { Random } from "../../../kernels/random.ts";
import { effectiveSqueezeExciteBackward, effectiveSqueezeExciteForward } from
  "../../../kernels/reference/relatives/effective-squeeze-excite.ts";
import { efficientChannelAttentionBackward, efficientChannelAttentionForward } from
  "../../../kernels/reference/relatives/efficient-channel-attention.ts";
import { spatialSqueezeExciteBackward, spatialSqueezeExciteForward } from
  "../../../kernels/reference/relatives/spatial-squeeze-excite.ts";
import type { Attention } from "../../../src/nn/attention/attention.ts";
import { EffectiveSqueezeExcite } from "../../../src/nn/attention/effective-squeeze-excite.ts";
import { EfficientChannelAttention } from "../../../src/nn/attention/efficient-channel-attention.ts";
import { SpatialSqueezeExcite } from "../../../src/nn/attention/spatial-squeeze-excite.ts";
import { Tensor } from "../../../src/tensor.ts";

const [batch, channels, height, width] = [2, 6, 3, 4];
const pixels = height * width;
const size = batch * channels * pixels;
const zeros = (count: number): Float64Array => new Float64Array(count);

/** What a page computes: y, and by dy the gradients of x and of the parameters, in the order of the module's. */
interface Page {
  forward(y: Float64Array, x: Float64Array, parameters: readonly Float64Array[]): void;
  backward(x: Float64Array, dy: Float64Array, parameters: readonly Float64Array[]): readonly Float64Array[];
}

function eca(): Page {
  const [z, e, s, ds, de, dz] = Array.from({ length: 6 }, () => zeros(batch * channels));
  const shape = { batch, channels, size: 3, height, width };
  return {
    forward: (y, x, [weight]) => efficientChannelAttentionForward(y, z, e, s, x, weight, shape),
    backward(x, dy, [weight]) {
      const [dx, dweight] = [zeros(size), zeros(3)];
      efficientChannelAttentionBackward(dx, dweight, ds, de, dz, x, z, s, weight, dy, shape);
      return [dx, dweight];
    },
  };
}

function effective(): Page {
  const [z, e, s, ds, de, dz] = Array.from({ length: 6 }, () => zeros(batch * channels));
  const shape = { batch, channels, height, width };
  return {
    forward: (y, x, [w, b]) => effectiveSqueezeExciteForward(y, z, e, s, x, w, b, shape),
    backward(x, dy, [w]) {
      const [dx, dw, db] = [zeros(size), zeros(channels * channels), zeros(channels)];
      effectiveSqueezeExciteBackward(dx, dw, db, ds, de, dz, x, z, s, w, dy, shape);
      return [dx, dw, db];
    },
  };
}

function spatial(): Page {
  const [e, s, ds, de] = Array.from({ length: 4 }, () => zeros(batch * pixels));
  const shape = { batch, channels, pixels };
  return {
    forward: (y, x, [w, b]) => spatialSqueezeExciteForward(y, e, s, x, w, b, shape),
    backward(x, dy, [w]) {
      const [dx, dw, db] = [zeros(size), zeros(channels), zeros(1)];
      spatialSqueezeExciteBackward(dx, dw, db, ds, de, x, s, w, dy, shape);
      return [dx, dw, db];
    },
  };
}

const near = (a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number, what: string): void => {
  assert.is(a.length, b.length, what);
  for (let i = 0; i < a.length; i++) assert.ok(Math.abs(a[i] - b[i]) < tolerance, `${what} ${i}: ${a[i]} and ${b[i]}`);
};

for (const [name, page, module] of [
  ["efficient channel attention", eca(), new EfficientChannelAttention(channels)],
  ["effective SE", effective(), new EffectiveSqueezeExcite(channels)], ["spatial SE", spatial(), new SpatialSqueezeExcite(channels)],
] as readonly (readonly [string, Page, Attention])[]) {
  test(`${name}: the page, the module and finite differences agree`, () => {
    const random = new Random(8);
    const draw = (count: number, scale: number): Float64Array => Float64Array.from({ length: count }, () => scale * random.normal());
    module.initialise(random).cast("float64").use(reference).train();
    const parameters = [...module.parameters()];
    // Some gates of the hard sigmoid come to lie at its ends.
    for (const { value } of parameters) (value.data as unknown as Float64Array).set(draw(value.size, 2));
    const values = parameters.map(({ value }) => value.data as unknown as Float64Array);
    const [x, dy, y] = [draw(size, 1.5), draw(size, 1), zeros(size)];
    page.forward(y, x, values);
    near(y, module.forward(new Tensor(x, [batch, channels, height, width])).data, 1e-12, "y");
    const dx = module.backward(new Tensor(dy, [batch, channels, height, width])).data;
    const gradients = page.backward(x, dy, values);
    [dx, ...parameters.map(({ gradient }) => gradient.data)].forEach((own, i) => near(gradients[i], own, 1e-11, `gradient ${i} of`));
    const loss = (): number => {
      page.forward(y, x, values);
      return y.reduce((sum, value, i) => sum + value * dy[i], 0);
    };
    [x, ...values].forEach((array, a) => {
      for (let i = 0; i < array.length; i += array.length > 40 ? 7 : 1) {
        const kept = array[i];
        array[i] = kept + 1e-6;
        const above = loss();
        array[i] = kept - 1e-6;
        const difference = (above - loss()) / 2e-6;
        array[i] = kept;
        assert.ok(Math.abs(difference - gradients[a][i]) < 1e-6 * Math.max(1, Math.abs(difference)), `${a}, ${i}`);
      }
    });
  });
}

test.run();
