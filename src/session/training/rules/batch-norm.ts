/** Batch normalisation in training, with an activation, or a sum and relu, after it. */
import { bytesOf } from "../../../../kernels/formats.ts";
import {
  batchNormCoefficients, batchNormGradientKernel, batchNormGradientSumsKernel, batchNormGradientTotalsKernel,
} from "../../../../kernels/wasm/training/batch-norm-gradient.ts";
import type { BatchNormGradient } from "../../../../kernels/wasm/training/batch-norm-gradient.ts";
import { batchNormKernel, batchNormStatisticsKernel, batchNormSumsKernel } from "../../../../kernels/wasm/training/batch-norm.ts";
import { geluEmitters } from "../../../../kernels/wasm/shared/gelu.ts";
import { partialBytes } from "../../../../kernels/wasm/training/channel-sums.ts";
import type { Activation, Value } from "../../../graph/graph.ts";
import { emitted } from "../../backends/wasm/bindings/binding.ts";
import { passes } from "../plain/passes.ts";
import type { Rule, Rules, TrainingContext } from "../step/context.ts";
import { storedFloats } from "../../plan/places.ts";
import type { Image, Place } from "../../plan/places.ts";
import type { Of, Unit } from "../step/units.ts";
import { beforeRelu } from "./shared.ts";

/** Mean and inverse standard deviation of each unit, for its backward pass. */
const statistics = new WeakMap<Unit, readonly [Place, Place]>();

function forward(unit: Unit, context: TrainingContext): void {
  const { plan, batch, state } = context;
  const norm = unit.operation as Of<"batch_norm">;
  const { gamma, beta, mean: runningMean, variance, epsilon, momentum = 0.1, frozen = false } = norm;
  const [x, y] = [context.image(unit.inputs[0]), context.image(unit.output)];
  const { channels, height, width } = x.layout;
  const residual = unit.residual === undefined ? undefined : context.image(unit.residual);
  let mean: Place = state.statistic(runningMean);
  let inverseStd: Place;
  if (frozen) {
    // Constants; written anew when the model's values are taken over.
    inverseStd = storedFloats(`inverse deviation ${variance.name}`, channels, {
      fill: (into) => variance.read().data.forEach((value, c) => (into[c] = 1 / Math.sqrt(value + norm.epsilon))),
    });
  } else {
    if (batch * height * width < 2) {
      throw new RangeError(
        `compile: ${unit.output.name} wants more than one value per channel in training, got batch ${batch} of ${height * width} pixel`,
      );
    }
    const partial = plan.region(partialBytes(batch, channels, 2));
    mean = plan.region(bytesOf(channels));
    inverseStd = plan.region(bytesOf(channels));
    plan.stage(plan.whole(batchNormSumsKernel(batch, x.layout), [partial, x]));
    const kernel = batchNormStatisticsKernel({ batch, channels, pixels: height * width, epsilon, momentum });
    plan.stage(
      plan.whole(kernel, [mean, inverseStd, state.statistic(runningMean), state.statistic(variance), partial], 4 * batch * channels),
    );
  }
  statistics.set(unit, [mean, inverseStd]);
  const activation = emitted(unit.activation, { emitters: geluEmitters });
  const kernel = batchNormKernel(batch, y.layout, x.layout, {
    ...(residual === undefined ? {} : { residual: residual.layout }), ...(activation === undefined ? {} : { activation }),
  });
  plan.stage(
    plan.whole(kernel, [y, x, mean, inverseStd, state.value(gamma), state.value(beta), ...(residual === undefined ? [] : [residual])]),
  );
}

/** What stands between the normalisation and dy. */
interface After {
  readonly activation?: Activation;
  /** The output of a sum and relu after it, whose mask is that of the sum. */
  readonly y?: Image;
  /** Where relu's gradient goes to as well. */
  readonly residual?: Value;
}

function backward(unit: Unit, dy: Image, context: TrainingContext): void {
  const { residual, activation, inputs: [input] } = unit;
  const { gradients } = context;
  if (residual === undefined) return normalisation(unit, dy, activation === undefined ? {} : { activation }, context);
  if (activation === undefined) {
    gradients.contribute(residual, dy);
    return normalisation(unit, dy, {}, context);
  }
  const y = context.image(unit.output);
  if (!gradients.wants(residual)) return normalisation(unit, dy, { activation, y }, context);
  if (residual !== input && gradients.wants(input)) return normalisation(unit, dy, { activation, y, residual }, context);
  // Both gradients go into the same memory, or there is but one: relu comes before, for itself.
  const dz = beforeRelu(unit, dy, context);
  gradients.contribute(residual, dz);
  normalisation(unit, dz, {}, context);
  gradients.release(dz);
}

function normalisation(unit: Unit, dy: Image, { activation, y, residual }: After, context: TrainingContext): void {
  const { plan, batch, state, gradients } = context;
  const { gamma, beta, frozen = false } = unit.operation as Of<"batch_norm">;
  const [input] = unit.inputs;
  const x = context.image(input);
  const { channels, height, width } = x.layout;
  const [mean, inverseStd] = statistics.get(unit)!;
  const options: BatchNormGradient = {
    batch, x: x.layout, dy: dy.layout, ...(activation === undefined ? {} : { activation }), ...(y === undefined ? {} : { y: y.layout }),
  };
  const read = [x, dy, ...(y === undefined ? [] : [y])];
  const vectors = [mean, inverseStd, state.value(gamma), state.value(beta)];
  const partial = plan.region(partialBytes(batch, channels, 2));
  const coefficients = plan.region(bytesOf(batchNormCoefficients(channels)));
  plan.stage(plan.whole(batchNormGradientSumsKernel(options, context.short), [partial, ...read, ...vectors]));
  const totals = batchNormGradientTotalsKernel(batch, channels, height * width, frozen);
  plan.stage(
    plan.whole(
      totals, [state.gradient(gamma), state.gradient(beta), coefficients, partial, state.value(gamma), inverseStd], 4 * batch * channels,
    ),
  );
  if (!gradients.wants(input)) return;
  const sum = residual === undefined ? undefined : gradients.target(residual, dy);
  const dx = gradients.target(input, dy);
  const kernel = batchNormGradientKernel(options, {
    dx: dx.image.layout, accumulate: dx.accumulate,
    ...(sum === undefined ? {} : { residual: sum.image.layout, accumulateResidual: sum.accumulate }),
  });
  plan.stage(plan.whole(kernel, [dx.image, ...(sum === undefined ? [] : [sum.image]), ...read, ...vectors, coefficients]));
}

const batchNormRule: Rule = { forward, backward };

export const batchNormRules: Pick<Rules, "batch_norm"> = {
  batch_norm: { pass: passes.batch_norm, rule: batchNormRule },
};
