/** Pooling over windows. */
import {
  adaptiveAveragePoolGradientKernel, averagePoolGradientKernel, maxPoolGradientKernel,
} from "../../../../kernels/wasm/training/pool-gradient.ts";
import { adaptiveAveragePoolKernel, averagePoolKernel, maxPoolKernel } from "../../../../kernels/wasm/operations/pool.ts";
import { pool2dShape } from "../../../../kernels/shapes.ts";
import type { Pool2dShape } from "../../../../kernels/shapes.ts";
import { passes } from "../plain/passes.ts";
import type { Rule, Rules } from "../step/context.ts";
import type { Of, Unit } from "../step/units.ts";

function shapeOf({ operation, inputs }: Unit): Pool2dShape {
  const [batch, channels, height, width] = inputs[0].shape;
  return pool2dShape(batch, channels, height, width, operation as Of<"max_pool"> | Of<"average_pool">);
}

const poolRule: Rule = {
  fits: ({ operation }) => (operation as Of<"max_pool"> | Of<"average_pool">).dilation === undefined,
  forward(unit, { plan, image }) {
    const [x, y] = [image(unit.inputs[0]), image(unit.output)];
    const kernel = unit.operation.kind === "max_pool" ? maxPoolKernel : averagePoolKernel;
    plan.stage(plan.each(kernel(y.layout, x.layout, shapeOf(unit)), [y, x], x.region.bytes));
  },
  backward(unit, dy, { plan, gradients, image }) {
    const { image: dx, accumulate } = gradients.target(unit.inputs[0]);
    const work = 2 * dx.region.bytes;
    if (unit.operation.kind === "max_pool") {
      const [x, y] = [image(unit.inputs[0]), image(unit.output)];
      plan.stage(
        plan.whole(maxPoolGradientKernel(dx.layout, x.layout, y.layout, dy.layout, shapeOf(unit), accumulate), [dx, x, y, dy], work),
      );
    } else {
      plan.stage(plan.whole(averagePoolGradientKernel(dx.layout, dy.layout, shapeOf(unit), accumulate), [dx, dy], work));
    }
  },
};

const adaptivePoolRule: Rule = {
  forward(unit, { plan, image }) {
    const [x, y] = [image(unit.inputs[0]), image(unit.output)];
    plan.stage(plan.each(adaptiveAveragePoolKernel(y.layout, x.layout), [y, x]));
  },
  backward(unit, dy, { plan, batch, gradients }) {
    const { image: dx, accumulate } = gradients.target(unit.inputs[0]);
    plan.stage(plan.whole(adaptiveAveragePoolGradientKernel(batch, dx.layout, dy.layout, accumulate), [dx, dy]));
  },
};

export const poolingRules: Pick<Rules, "max_pool" | "average_pool" | "adaptive_average_pool"> = {
  max_pool: { pass: passes.max_pool, rule: poolRule },
  average_pool: { pass: passes.average_pool, rule: poolRule },
  adaptive_average_pool: { pass: passes.adaptive_average_pool, rule: adaptivePoolRule },
};
