/** Rounding of int8 training: straight through on the way back. */
import { fakeQuantiseGradientKernel, fakeQuantiseKernel } from "../../../../kernels/wasm/training/fake-quantise.ts";
import { passes } from "../plain/passes.ts";
import type { Rule, Rules, TrainingContext } from "../step/context.ts";
import type { Place } from "../../plan/places.ts";
import type { Of, Unit } from "../step/units.ts";
import { biasGradient } from "./shared.ts";

function vectorsOf(unit: Unit, { state }: TrainingContext): readonly Place[] {
  const { offset, limits, factor } = unit.operation as Of<"fake_quantise">;
  return [state.value(offset), state.statistic(limits), ...(factor === undefined ? [] : [state.statistic(factor)])];
}

const swishes = (unit: Unit): boolean => (unit.operation as Of<"fake_quantise">).factor !== undefined;

const fakeQuantiseRule: Rule = {
  forward(unit, context) {
    const { plan, batch, image } = context;
    const [x, y] = [image(unit.inputs[0]), image(unit.output)];
    plan.stage(plan.whole(fakeQuantiseKernel(batch, y.layout, x.layout, swishes(unit)), [y, x, ...vectorsOf(unit, context)]));
  },
  backward(unit, dy, context) {
    const { plan, batch, gradients, image, state } = context;
    const { offset } = unit.operation as Of<"fake_quantise">;
    const [input] = unit.inputs;
    const x = image(input);
    const vectors = vectorsOf(unit, context);
    if (!state.trains(offset)) {
      const { image: dx, accumulate } = gradients.target(input, dy);
      const kernel = fakeQuantiseGradientKernel(batch, dx.layout, x.layout, dy.layout, swishes(unit), accumulate);
      plan.stage(plan.whole(kernel, [dx, x, dy, ...vectors]));
      return;
    }
    // What goes to the offset is summed before anything else is added.
    const dt = gradients.sole(dy) ? dy : plan.image(dy.layout, dy.images);
    plan.stage(
      plan.whole(fakeQuantiseGradientKernel(batch, dt.layout, x.layout, dy.layout, swishes(unit), false), [dt, x, dy, ...vectors]),
    );
    gradients.hold(dt);
    const { sums, totals } = biasGradient(offset, dt, context);
    plan.stage(...sums);
    plan.stage(...totals);
    gradients.contribute(input, dt);
    gradients.release(dt);
  },
};

export const fakeQuantiseRules: Pick<Rules, "fake_quantise"> = {
  fake_quantise: { pass: passes.fake_quantise, rule: fakeQuantiseRule },
};
