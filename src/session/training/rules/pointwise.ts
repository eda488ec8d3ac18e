/** Activations, and sums with a relu after them. */
import { activationGradientKernel } from "../../../../kernels/wasm/training/activation-gradient.ts";
import { activationKernel, addKernel } from "../../../../kernels/wasm/operations/elementwise.ts";
import type { Rule } from "../step/context.ts";
import type { Of } from "../step/units.ts";
import { beforeRelu } from "./shared.ts";

/** Activations whose gradient asks only where they were open: y tells that as well as x, and is needed anyway. */
const FROM_OUTPUT: ReadonlySet<string> = new Set(["relu"]);

export const activationRule: Rule = {
  forward(unit, { plan, image }) {
    const [x, y] = [image(unit.inputs[0]), image(unit.output)];
    plan.stage(plan.each(activationKernel(y.layout, x.layout, unit.operation as Of<"activation">), [y, x]));
  },
  backward(unit, dy, { plan, batch, gradients, image }) {
    const operation = unit.operation as Of<"activation">;
    const from = image(FROM_OUTPUT.has(operation.activation) ? unit.output : unit.inputs[0]);
    const dx = gradients.target(unit.inputs[0], dy);
    plan.stage(plan.whole(activationGradientKernel(batch, dx.image.layout, from.layout, dy.layout, operation, dx.accumulate), [dx.image, from, dy]));
  },
};

export const addRule: Rule = {
  forward(unit, { plan, image }) {
    const [a, b] = unit.inputs.map((value) => image(value));
    const y = image(unit.output);
    plan.stage(plan.each(addKernel(y.layout, a.layout, b.layout, unit.activation), [y, a, b]));
  },
  backward(unit, dy, context) {
    const { gradients } = context;
    const dz = beforeRelu(unit, dy, context);
    for (const input of unit.inputs) gradients.contribute(input, dz);
    gradients.release(dz);
  },
};
