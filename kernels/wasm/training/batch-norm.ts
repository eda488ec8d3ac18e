/**
 * Batch normalisation (arXiv 1502.03167) in training, forward, in three kernels: sums over the pixels of each image; statistics of the
 * batch from these, and the running ones; y = activation(gamma * (x - mean) * inverseStd + beta + residual).
 *
 * Sums are in double precision, and so are squares, which are exact then: (sum of squares) / m - mean^2 loses nothing that float32 values
 * have.
 */
import { activationName, activationScratch, emitActivation, isHeavy } from "../shared/activation.ts";
import type { Activation } from "../shared/activation.ts";
import { checkSameSize } from "../operations/elementwise.ts";
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";
import { layoutName } from "../shared/kernel.ts";
import type { Kernel } from "../shared/kernel.ts";
import { loadLanes, storeLanes } from "../shared/lanes.ts";
import type { Layout } from "../shared/layout.ts";
import { emitTotals, sumKernel } from "./channel-sums.ts";
import { offset } from "../shared/addresses.ts";
import { range } from "../shared/loops.ts";
import { overBatchRows, overPixels } from "../shared/rows.ts";

/** Sums and sums of squares. Arguments: partial (`partialBytes(batch, channels, 2)` bytes), x, begin, end; parts are images. */
export function batchNormSumsKernel(batch: number, x: Layout): Kernel {
  return sumKernel({
    name: `f64_batch_norm_sums_n${batch}_${layoutName(x)}`, batch, streams: { x }, vectors: [], sums: 2, squares: true,
    terms: (f) => ({ pointers }, at, count, [term]) => {
      loadLanes(f, pointers[0], at, count);
      f.local.set(term);
    },
  });
}

export interface BatchNormOptions {
  readonly batch: number;
  readonly channels: number;
  /** Of an image: height * width. */
  readonly pixels: number;
  /** Added to the variance before the root. */
  readonly epsilon: number;
  /** Share of the new statistics in the running ones, of which the variance is the unbiased one, as PyTorch has it. */
  readonly momentum: number;
}

/**
 * Arguments: mean, inverseStd, runningMean, runningVariance (all [channels], float32; the running ones are updated), partial, begin, end;
 * parts are channels.
 */
export function batchNormStatisticsKernel({ batch, channels, pixels, epsilon, momentum }: BatchNormOptions): Kernel {
  const name = `f64_batch_norm_statistics_n${batch}_c${channels}_p${pixels}_e${epsilon}_m${momentum}`;
  const m = batch * pixels;
  const params = {
    mean: "i32", inverseStd: "i32", runningMean: "i32", runningVariance: "i32", partial: "i32", begin: "i32", end: "i32",
  } as const;
  const emit: Kernel["emit"] = (module) => module.func(name, { params, export: true }, (f, p) => {
    const { local, f32, f64 } = f;
    const [to, from] = [local.i32("to"), local.i32("from")];
    const [average, variance] = [local.f64("average"), local.f64("variance")];
    const store = (base: Local<"i32">, value: () => void): void => {
      offset(f, to, base, p.begin, 4);
      local.get(to);
      value();
      f32.demote_f64();
      f32.store();
    };
    /** running = (1 - momentum) * running + momentum * value */
    const mix = (base: Local<"i32">, value: () => void): void => store(base, () => {
      local.get(to);
      f32.load();
      f64.promote_f32();
      f64.const(1 - momentum);
      f64.mul();
      value();
      f64.const(momentum);
      f64.mul();
      f64.add();
    });
    range(f, p.begin, p.end, () => {
      offset(f, from, p.partial, p.begin, 8);
      emitTotals(f, batch, channels, from, [average, variance]);
      local.get(average);
      f64.const(m);
      f64.div();
      local.set(average);
      // Rounding may leave less than nothing.
      local.get(variance);
      f64.const(m);
      f64.div();
      local.get(average);
      local.get(average);
      f64.mul();
      f64.sub();
      f64.const(0);
      f64.max();
      local.set(variance);
      store(p.mean, () => local.get(average));
      store(p.inverseStd, () => {
        f64.const(1);
        local.get(variance);
        f64.const(epsilon);
        f64.add();
        f64.sqrt();
        f64.div();
      });
      mix(p.runningMean, () => local.get(average));
      mix(p.runningVariance, () => {
        local.get(variance);
        f64.const(m / Math.max(m - 1, 1));
        f64.mul();
      });
    });
  });
  return { name, parts: channels, emit };
}

/** What a row of normalisation is told, in this order. */
export const NORMALISATION = ["mean", "inverseStd", "gamma", "beta"] as const;

/** Takes x, leaves gamma * ((x - mean) * inverseStd) + beta; the vectors point to those, `at` bytes before. */
export function emitNormalised(f: FunctionBuilder, vectors: readonly Local<"i32">[], at: number, count: number): void {
  const instructions = [() => f.f32x4.sub(), () => f.f32x4.mul(), () => f.f32x4.mul(), () => f.f32x4.add()];
  instructions.forEach((instruction, i) => {
    loadLanes(f, vectors[i], at, count);
    instruction();
  });
}

/**
 * Arguments: y, x, mean, inverseStd, gamma, beta, residual (where there is one), begin, end; parts are rows of all images. y may be x, or
 * the residual.
 */
export function batchNormKernel(
  batch: number, y: Layout, x: Layout, options: { readonly residual?: Layout; readonly activation?: Activation } = {},
): Kernel {
  const { residual, activation } = options;
  const extra =
    `${residual === undefined ? "" : `_add_${layoutName(residual)}`}${activation === undefined ? "" : `__${activationName(activation)}`}`;
  const name = `f32_batch_norm_n${batch}_${layoutName(y)}_${layoutName(x)}${extra}`;
  checkSameSize(name, y, residual === undefined ? { x } : { x, residual });
  const params: Record<string, "i32"> = { y: "i32", x: "i32", mean: "i32", inverseStd: "i32", gamma: "i32", beta: "i32" };
  if (residual !== undefined) params.residual = "i32";
  const emit: Kernel["emit"] = (m) => m.func(name, { params: { ...params, begin: "i32", end: "i32" }, export: true }, (f, all) => {
    const p = all as Readonly<Record<string, Local<"i32">>>;
    const value = f.local.v128("value");
    const scratch = activationScratch(f);
    const vectors = NORMALISATION.map((each) => p[each]);
    const streams = [{ base: p.y, layout: y }, { base: p.x, layout: x }];
    if (residual !== undefined) streams.push({ base: p.residual, layout: residual });
    overBatchRows(f, p.begin, p.end, streams, (pointers) => {
      overPixels(f, y, pointers, vectors, activation !== undefined && isHeavy(activation) ? 1 : 2, (at, count) => {
        loadLanes(f, pointers[1], at, count);
        emitNormalised(f, vectors, at, count);
        if (residual !== undefined) {
          loadLanes(f, pointers[2], at, count);
          f.f32x4.add();
        }
        f.local.set(value);
        if (activation !== undefined) {
          emitActivation(f, activation, value, scratch);
          f.local.set(value);
        }
        storeLanes(f, pointers[0], value, at, count);
      });
    });
  });
  return { name, parts: batch * y.height, emit };
}
