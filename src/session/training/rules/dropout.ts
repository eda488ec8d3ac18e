/** Dropout: times a mask that is drawn before each step (../step/masks.ts), the same on the way back. */
import { dropoutKernel } from "../../../../kernels/wasm/training/dropout.ts";
import { passes } from "../plain/passes.ts";
import type { Rule, Rules } from "../step/context.ts";

const dropoutRule: Rule = {
  forward(unit, { plan, batch, image, mask }) {
    const [x, y, drawn] = [image(unit.inputs[0]), image(unit.output), mask(unit.output)];
    plan.stage(plan.whole(dropoutKernel(batch, y.layout, x.layout, drawn.layout, false), [y, x, drawn]));
  },
  backward(unit, dy, { plan, batch, gradients, mask }) {
    const drawn = mask(unit.output);
    const { image: dx, accumulate } = gradients.target(unit.inputs[0], dy);
    plan.stage(plan.whole(dropoutKernel(batch, dx.layout, dy.layout, drawn.layout, accumulate), [dx, dy, drawn]));
  },
};

export const dropoutRules: Pick<Rules, "dropout"> = {
  dropout: { pass: passes.dropout, rule: dropoutRule },
};
