/**
 * Optimisers, each one pass over all parameters of a group. What changes from step to step lies in memory, as floats at `settings`, in the
 * order that the kernel's settings list says: learning rates follow schedules, and the gradient's scale (clipping, or the mean over
 * accumulated batches) is known only when the gradient is.
 */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";
import type { Kernel } from "../shared/kernel.ts";
import { loadLanes, storeLanes } from "../shared/lanes.ts";
import { flatKernel, splat } from "./flat.ts";

type Vector = Local<"v128">;

/** Settings of each optimiser, in the order in which they lie in memory. */
export const SGD_SETTINGS = ["learningRate", "momentum", "weightDecay", "gradientScale"] as const;

/** The corrections are 1 / (1 - beta1^t) and 1 / sqrt(1 - beta2^t), of step t = 1, 2, ... */
export const ADAMW_SETTINGS = [
  "learningRate", "beta1", "oneLessBeta1", "beta2", "oneLessBeta2", "epsilon", "weightDecay", "gradientScale", "correction1",
  "rootCorrection2",
] as const;

export const EMA_SETTINGS = ["oneLessDecay"] as const;

/** Takes two vectors, leaves a * b; and the like. */
function operate(f: FunctionBuilder, a: Vector, b: Vector, operation: "add" | "sub" | "mul"): void {
  f.local.get(a);
  f.local.get(b);
  f.f32x4[operation]();
}

/**
 * Stochastic gradient descent as PyTorch has it: g = gradientScale * gradient + weightDecay * p; v = momentum * v + g; p -= learningRate *
 * v, or with Nesterov's rule p -= learningRate * (g + momentum * v). Velocities begin at 0. Arguments: p, velocity, gradient, settings
 * (SGD_SETTINGS), begin, end.
 */
export function sgdKernel(size: number, nesterov: boolean): Kernel {
  return flatKernel({
    name: `f32_sgd_${nesterov ? "nesterov_" : ""}${size}`, size, arrays: ["p", "velocity", "gradient"], others: ["settings"],
    body: (f, { p, velocity, gradient }, { settings }) => {
      const { local, f32x4 } = f;
      const [rate, momentum, decay, scale] = SGD_SETTINGS.map((_, i) => splat(f, settings, i));
      const [value, g, v] = ["value", "g", "v"].map((each) => local.v128(each));
      return (at, count) => {
        loadLanes(f, p, at, count);
        local.set(value);
        loadLanes(f, gradient, at, count);
        local.get(scale);
        f32x4.mul();
        operate(f, decay, value, "mul");
        f32x4.add();
        local.set(g);
        loadLanes(f, velocity, at, count);
        local.get(momentum);
        f32x4.mul();
        local.get(g);
        f32x4.add();
        local.set(v);
        storeLanes(f, velocity, v, at, count);
        if (nesterov) {
          operate(f, momentum, v, "mul");
          local.get(g);
          f32x4.add();
          local.set(v);
        }
        local.get(value);
        operate(f, rate, v, "mul");
        f32x4.sub();
        local.set(value);
        storeLanes(f, p, value, at, count);
      };
    },
  });
}

/**
 * AdamW (arXiv 1711.05101, algorithm 2, as PyTorch has it): g = gradientScale * gradient; p -= learningRate * weightDecay * p; m = beta1 *
 * m + (1
 * - beta1) * g; v = beta2 * v + (1 - beta2) * g^2; p -= learningRate * (m * correction1) / (sqrt(v) * rootCorrection2 + epsilon). Moments
 * begin at 0. Arguments: p, m, v, gradient, settings (ADAMW_SETTINGS), begin, end.
 */
export function adamwKernel(size: number): Kernel {
  return flatKernel({
    name: `f32_adamw_${size}`, size, arrays: ["p", "m", "v", "gradient"], others: ["settings"],
    body: (f, { p, m, v, gradient }, { settings }) => {
      const { local, f32x4 } = f;
      const names = ["g", "first", "second", "value"].map((each) => local.v128(each));
      const [g, first, second, value] = names;
      // More settings than registers: read where they are used.
      const setting = (name: (typeof ADAMW_SETTINGS)[number]): void => {
        local.get(settings);
        f.v128.load32_splat(4 * ADAMW_SETTINGS.indexOf(name));
      };
      return (at, count) => {
        loadLanes(f, gradient, at, count);
        setting("gradientScale");
        f32x4.mul();
        local.set(g);
        loadLanes(f, m, at, count);
        setting("beta1");
        f32x4.mul();
        local.get(g);
        setting("oneLessBeta1");
        f32x4.mul();
        f32x4.add();
        local.set(first);
        storeLanes(f, m, first, at, count);
        loadLanes(f, v, at, count);
        setting("beta2");
        f32x4.mul();
        operate(f, g, g, "mul");
        setting("oneLessBeta2");
        f32x4.mul();
        f32x4.add();
        local.set(second);
        storeLanes(f, v, second, at, count);
        loadLanes(f, p, at, count);
        local.tee(value);
        setting("learningRate");
        local.get(value);
        setting("weightDecay");
        f32x4.mul();
        local.get(first);
        setting("correction1");
        f32x4.mul();
        local.get(second);
        f32x4.sqrt();
        setting("rootCorrection2");
        f32x4.mul();
        setting("epsilon");
        f32x4.add();
        f32x4.div();
        f32x4.add();
        f32x4.mul();
        f32x4.sub();
        local.set(value);
        storeLanes(f, p, value, at, count);
      };
    },
  });
}

/**
 * Exponential moving average of weights: average += (1 - decay) * (p - average). Arguments: average, p, settings (EMA_SETTINGS), begin,
 * end.
 */
export function averageKernel(size: number): Kernel {
  return flatKernel({
    name: `f32_average_${size}`, size, arrays: ["average", "p"], others: ["settings"],
    body: (f, { average, p }, { settings }) => {
      const { local, f32x4 } = f;
      const share = splat(f, settings, 0);
      const value = local.v128("value");
      return (at, count) => {
        loadLanes(f, average, at, count);
        local.tee(value);
        loadLanes(f, p, at, count);
        local.get(value);
        f32x4.sub();
        local.get(share);
        f32x4.mul();
        f32x4.add();
        local.set(value);
        storeLanes(f, average, value, at, count);
      };
    },
  });
}

/** x = 0. Arguments: x, begin, end. */
export function zeroKernel(size: number): Kernel {
  return flatKernel({
    name: `f32_zero_${size}`, size, arrays: ["x"], others: [],
    body: (f, { x }) => {
      const zero = f.local.v128("zero");
      return (at, count) => storeLanes(f, x, zero, at, count);
    },
  });
}
