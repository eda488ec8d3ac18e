/**
 * Squeeze-and-Excitation's scale by channel, with a sum and relu after it, and the squeeze itself. Where the gate comes from the mean of
 * what it scales, and nothing else uses that, the gradient of x is written once, when that of the mean is known.
 */
import {
  gateGradientKernel, globalMeanGradientKernel, scaleGradientKernel,
} from "../../../../kernels/wasm/training/channel-scale-gradient.ts";
import { maxPoolGradientKernel } from "../../../../kernels/wasm/training/pool-gradient.ts";
import { scaleKernel } from "../../../../kernels/wasm/operations/elementwise.ts";
import { globalPoolKernel } from "../../../../kernels/wasm/operations/global-pool.ts";
import { pool2dShape } from "../../../../kernels/shapes.ts";
import type { Value } from "../../../graph/graph.ts";
import { passes } from "../plain/passes.ts";
import type { Rule, Rules, TrainingContext } from "../step/context.ts";
import type { Image, Place } from "../../plan/places.ts";
import type { Of, Unit } from "../step/units.ts";
import { beforeRelu } from "./shared.ts";

function forward(unit: Unit, context: TrainingContext): void {
  const { plan } = context;
  const [x, gate] = unit.inputs.map((value) => context.image(value));
  const y = context.image(unit.output);
  const residual = unit.residual === undefined ? undefined : context.image(unit.residual);
  const { activation } = unit;
  const kernel = scaleKernel(y.layout, x.layout, {
    ...(residual === undefined ? {} : { residual: residual.layout }), ...(activation === undefined ? {} : { activation }),
  });
  plan.stage(plan.each(kernel, [y, x, gate, ...(residual === undefined ? [] : [residual])]));
}

/** The squeeze that the gate comes from, if x is used by it and the scale alone. */
function squeezeOf(unit: Unit, context: TrainingContext): Unit | undefined {
  const users = context.users(unit.inputs[0]).filter((user) => user !== unit);
  if (users.length !== 1 || !context.gradients.wants(unit.inputs[1]) || !context.trusts("global_pool")) return undefined;
  const { operation, inputs, residual } = users[0];
  if (operation.kind !== "global_pool" || operation.by !== "mean" || inputs[0] !== unit.inputs[0] || residual !== undefined) {
    return undefined;
  }
  return reaches(unit.inputs[1], users[0], context) ? users[0] : undefined;
}

/** Is `gate` computed from what `from` makes, and from nothing else, one after the other? */
function reaches(gate: Unit["output"], from: Unit, context: TrainingContext): boolean {
  let { output } = from;
  while (output !== gate) {
    const users = context.users(output);
    if (users.length !== 1 || users[0].inputs.length !== 1 || users[0].residual !== undefined) return false;
    ({ output } = users[0]);
  }
  return true;
}

function backward(unit: Unit, dy: Image, context: TrainingContext): void {
  const { gradients } = context;
  const { residual, activation, inputs: [input, gate] } = unit;
  if (residual === undefined || activation === undefined) {
    if (residual !== undefined) gradients.contribute(residual, dy);
    return scaled(unit, dy, {}, context);
  }
  const y = context.image(unit.output);
  if (!gradients.wants(residual)) return scaled(unit, dy, { y }, context);
  // Gates that scale something else are ready after what that is for, which may be the residual: it cannot wait for the mean then.
  if (residual !== input && gradients.wants(input) && context.users(gate).length === 1) return scaled(unit, dy, { y, residual }, context);
  const dz = beforeRelu(unit, dy, context);
  gradients.contribute(residual, dz);
  scaled(unit, dz, {}, context);
  gradients.release(dz);
}

/**
 * Of the scale itself.
 * @param after the output of a relu after it, if that is not undone yet, and the term of a sum to which dz goes too
 */
function scaled(unit: Unit, dy: Image, { y, residual }: { readonly y?: Image; readonly residual?: Value }, context: TrainingContext): void {
  const { plan, batch, gradients } = context;
  const [input, gateValue] = unit.inputs;
  const [x, gate] = [context.image(input), context.image(gateValue)];
  const mask = y === undefined ? [] : [y];
  const squeeze = squeezeOf(unit, context);
  if (gradients.wants(gateValue)) {
    const dgate = plan.image({ ...gate.layout, halo: 0 });
    plan.stage(plan.whole(gateGradientKernel(batch, x.layout, dy.layout, y?.layout), [dgate, x, dy, ...mask]));
    gradients.give(gateValue, dgate);
  }
  if (!gradients.wants(input)) return;
  const finish = (mean?: Image): void => {
    const sum = residual === undefined ? undefined : gradients.target(residual, dy);
    const dx = gradients.target(input);
    const kernel = scaleGradientKernel({
      batch, dx: dx.image.layout, accumulate: dx.accumulate, dy: dy.layout, gate: gate.layout, mean: mean !== undefined,
      ...(y === undefined ? {} : { y: y.layout }),
      ...(sum === undefined ? {} : { residual: sum.image.layout, accumulateResidual: sum.accumulate }),
    });
    const places: Place[] = [dx.image, ...(sum === undefined ? [] : [sum.image]), dy, ...mask, gate, ...(mean === undefined ? [] : [mean])];
    plan.stage(plan.whole(kernel, places));
    gradients.release(dy);
  };
  // It is written when the mean's gradient is known, if there is such: until then dy is held.
  gradients.hold(dy);
  if (squeeze === undefined) finish();
  else context.awaitingMean.set(squeeze.output, finish);
}

const scaleRule: Rule = { forward, backward };

const globalPoolRule: Rule = {
  forward(unit, context) {
    const { by } = unit.operation as Of<"global_pool">;
    const [x, y] = [context.image(unit.inputs[0]), context.image(unit.output)];
    context.plan.stage(context.plan.each(globalPoolKernel(x.layout, by), [y, x], x.region.bytes / 2));
  },
  backward(unit, dy, context) {
    const { plan, batch, gradients } = context;
    const waiting = context.awaitingMean.get(unit.output);
    if (waiting !== undefined) {
      context.awaitingMean.delete(unit.output);
      return waiting(dy);
    }
    const dx = gradients.target(unit.inputs[0]);
    const { layout } = dx.image;
    if ((unit.operation as Of<"global_pool">).by === "mean") {
      plan.stage(plan.whole(globalMeanGradientKernel(batch, layout, dx.accumulate), [dx.image, dy]));
      return;
    }
    const [x, y] = [context.image(unit.inputs[0]), context.image(unit.output)];
    const shape = pool2dShape(batch, layout.channels, layout.height, layout.width, { kernel: [layout.height, layout.width] });
    plan.stage(plan.whole(maxPoolGradientKernel(layout, x.layout, y.layout, dy.layout, shape, dx.accumulate), [dx.image, x, y, dy]));
  },
};

export const scaleRules: Pick<Rules, "scale" | "global_pool"> = {
  scale: { pass: passes.scale, rule: scaleRule },
  global_pool: { pass: passes.global_pool, rule: globalPoolRule },
};
