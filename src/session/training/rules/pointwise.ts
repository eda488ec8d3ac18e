/** Activations, and sums with a relu after them. */
import { activationGradientKernel } from "../../../../kernels/wasm/training/activation-gradient.ts";
import { geluEmitters } from "../../../../kernels/wasm/shared/gelu.ts";
import { preluKernel } from "../../../../kernels/wasm/operations/prelu.ts";
import { addTotalsKernel, partialBytes } from "../../../../kernels/wasm/training/channel-sums.ts";
import { preluGradientKernel, preluSlopeSumsKernel } from "../../../../kernels/wasm/training/prelu-gradient.ts";
import { activationKernel, addKernel } from "../../../../kernels/wasm/operations/elementwise.ts";
import { emitted } from "../../backends/wasm/bindings/binding.ts";
import { passes } from "../plain/passes.ts";
import type { Rule, Rules } from "../step/context.ts";
import type { Of } from "../step/units.ts";
import { beforeRelu } from "./shared.ts";

/** Activations whose gradient asks only where they were open: y tells that as well as x, and is needed anyway. */
const FROM_OUTPUT: ReadonlySet<string> = new Set(["relu"]);

const activationRule: Rule = {
  forward(unit, { plan, image }) {
    const [x, y] = [image(unit.inputs[0]), image(unit.output)];
    const activation = emitted(unit.operation as Of<"activation">, { emitters: geluEmitters })!;
    plan.stage(plan.each(activationKernel(y.layout, x.layout, activation), [y, x]));
  },
  backward(unit, dy, { plan, batch, gradients, image }) {
    const operation = unit.operation as Of<"activation">;
    const from = image(FROM_OUTPUT.has(operation.activation) ? unit.output : unit.inputs[0]);
    const dx = gradients.target(unit.inputs[0], dy);
    plan.stage(
      plan.whole(activationGradientKernel(batch, dx.image.layout, from.layout, dy.layout, operation, dx.accumulate), [dx.image, from, dy]),
    );
  },
};

const preluRule: Rule = {
  forward(unit, { plan, image, state }) {
    const [x, y] = [image(unit.inputs[0]), image(unit.output)];
    plan.stage(plan.each(preluKernel(y.layout, x.layout), [y, x, state.value((unit.operation as Of<"prelu">).slope)]));
  },
  backward(unit, dy, { plan, batch, gradients, image, state }) {
    const { slope } = unit.operation as Of<"prelu">;
    const [input] = unit.inputs;
    const x = image(input);
    if (state.trains(slope)) {
      const { channels } = x.layout;
      const partial = plan.region(partialBytes(batch, channels, 1));
      plan.stage(plan.whole(preluSlopeSumsKernel(batch, x.layout, dy.layout), [partial, x, dy]));
      plan.stage(plan.whole(addTotalsKernel(batch, channels), [state.gradient(slope), partial], batch * channels));
    }
    if (!gradients.wants(input)) return;
    const dx = gradients.target(input, dy);
    const kernel = preluGradientKernel(batch, dx.image.layout, x.layout, dy.layout, dx.accumulate);
    plan.stage(plan.whole(kernel, [dx.image, x, dy, state.value(slope)]));
  },
};

const addRule: Rule = {
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

export const pointwiseRules: Pick<Rules, "activation" | "prelu" | "add"> = {
  activation: { pass: passes.activation, rule: activationRule },
  prelu: { pass: passes.prelu, rule: preluRule },
  add: { pass: passes.add, rule: addRule },
};
