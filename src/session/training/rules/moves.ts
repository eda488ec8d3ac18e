/** Operations that move values: concatenation, a sum over the first channels, flattening, channel shuffle, resizing, padding. */
import { upsampleNearestGradientKernel } from "../../../../kernels/wasm/training/pool-gradient.ts";
import { sliceGradientKernel } from "../../../../kernels/wasm/training/slice-gradient.ts";
import { padGradientKernel, padKernel } from "../../../../kernels/wasm/operations/pad.ts";
import { partialAddKernel } from "../../../../kernels/wasm/operations/partial-add.ts";
import { channelShuffleKernel, concatKernel, fromPlanarKernel, toPlanarKernel } from "../../../../kernels/wasm/operations/move.ts";
import { upsampleBilinearKernel, upsampleNearestKernel } from "../../../../kernels/wasm/operations/upsample.ts";
import { bilinearGradientKernel } from "../../../../kernels/wasm/training/resize-gradient.ts";
import type { PadShape } from "../../../../kernels/shapes.ts";
import type { Value } from "../../../graph/graph.ts";
import { padded } from "../../../operations/movement/pad.ts";
import { passes } from "../plain/passes.ts";
import type { Rule, Rules } from "../step/context.ts";
import type { Of, Unit } from "../step/units.ts";

const concatRule: Rule = {
  forward(unit, { plan, image }) {
    const y = image(unit.output);
    const inputs = unit.inputs.map((value) => image(value));
    plan.stage(plan.each(concatKernel(y.layout, inputs.map(({ layout }) => layout)), [y, ...inputs]));
  },
  backward(unit, dy, { plan, batch, gradients }) {
    let first = 0;
    for (const input of unit.inputs) {
      if (gradients.wants(input)) {
        const { image: dx, accumulate } = gradients.target(input);
        plan.stage(plan.whole(sliceGradientKernel(batch, dx.layout, dy.layout, first, accumulate), [dx, dy]));
      }
      first += input.shape[1];
    }
  },
};

const partialAddRule: Rule = {
  forward(unit, { plan, image }) {
    const [a, b] = unit.inputs.map((value) => image(value));
    const y = image(unit.output);
    plan.stage(plan.each(partialAddKernel(y.layout, a.layout, b.layout), [y, a, b]));
  },
  backward(unit, dy, { plan, batch, gradients }) {
    const [a, b] = unit.inputs;
    gradients.contribute(a, dy);
    if (!gradients.wants(b)) return;
    const { image: db, accumulate } = gradients.target(b);
    plan.stage(plan.whole(sliceGradientKernel(batch, db.layout, dy.layout, 0, accumulate), [db, dy]));
  },
};

const onePixel = ({ shape }: Value): boolean => shape.slice(2).every((n) => n === 1);

const flattenRule: Rule = {
  forward(unit, { plan, image, alias }) {
    const [input] = unit.inputs;
    const x = image(input);
    if (onePixel(input) && x.layout.halo === 0) return alias(unit.output, x);
    const y = image(unit.output);
    plan.stage(plan.each(toPlanarKernel(x.layout), [y, x]));
  },
  backward(unit, dy, { plan, gradients }) {
    const [input] = unit.inputs;
    if (onePixel(input)) return gradients.contribute(input, dy);
    gradients.move(input, (dx) => plan.stage(plan.each(fromPlanarKernel(dx.layout), [dx, dy])));
  },
};

const shuffleRule: Rule = {
  forward(unit, { plan, image }) {
    const [x, y] = [image(unit.inputs[0]), image(unit.output)];
    plan.stage(plan.each(channelShuffleKernel(y.layout, x.layout, groupsOf(unit)), [y, x]));
  },
  // The other way round it is a shuffle too: of as many groups as each had channels.
  backward(unit, dy, { plan, gradients }) {
    const [input] = unit.inputs;
    gradients.move(
      input, (dx) => plan.stage(plan.each(channelShuffleKernel(dx.layout, dy.layout, input.shape[1] / groupsOf(unit)), [dx, dy])),
    );
  },
};

function groupsOf({ operation }: Unit): number {
  return (operation as Of<"channel_shuffle">).groups;
}

const resizeRule: Rule = {
  forward(unit, { plan, image }) {
    const { method, alignCorners } = unit.operation as Of<"resize">;
    const [x, y] = [image(unit.inputs[0]), image(unit.output)];
    const kernel = method === "nearest"
      ? upsampleNearestKernel(y.layout, x.layout)
      : upsampleBilinearKernel(y.layout, x.layout, alignCorners);
    plan.stage(plan.each(kernel, [y, x]));
  },
  backward(unit, dy, { plan, batch, gradients }) {
    const { method, alignCorners } = unit.operation as Of<"resize">;
    const { image: { layout }, image: dx, accumulate } = gradients.target(unit.inputs[0]);
    const kernel = method === "nearest"
      ? upsampleNearestGradientKernel(batch, layout, dy.layout, accumulate)
      : bilinearGradientKernel(batch, layout, dy.layout, alignCorners, accumulate);
    plan.stage(plan.whole(kernel, [dx, dy]));
  },
};

/** What `use` makes of the padding, where there are kernels for it. */
function withPad<T>(unit: Unit, use: (shape: PadShape) => T): T | undefined {
  return padded({ operation: unit.operation as Of<"pad">, inputs: unit.inputs, output: unit.output }, use);
}

const padRule: Rule = {
  fits: (unit) => withPad(unit, () => true) === true,
  forward(unit, { plan, image }) {
    const [x, y] = [image(unit.inputs[0]), image(unit.output)];
    plan.stage(plan.each(withPad(unit, (shape) => padKernel(y.layout, x.layout, shape))!, [y, x]));
  },
  backward(unit, dy, { plan, batch, gradients }) {
    const { image: dx, accumulate } = gradients.target(unit.inputs[0]);
    plan.stage(plan.whole(withPad(unit, (shape) => padGradientKernel(batch, dx.layout, dy.layout, shape, accumulate))!, [dx, dy]));
  },
};

export const moveRules: Pick<Rules, "concat" | "partial_add" | "flatten" | "channel_shuffle" | "resize" | "pad"> = {
  concat: { pass: passes.concat, rule: concatRule },
  partial_add: { pass: passes.partial_add, rule: partialAddRule },
  flatten: { pass: passes.flatten, rule: flattenRule },
  channel_shuffle: { pass: passes.channel_shuffle, rule: shuffleRule },
  resize: { pass: passes.resize, rule: resizeRule },
  pad: { pass: passes.pad, rule: padRule },
};
