/**
 * Batch normalisation in training, backward, with the activation's gradient fused, in three kernels:
 *
 *   dz = dy * activation'(z),  z = gamma * xhat + beta,  xhat = (x - mean) * inverseStd
 *   1. sums over the pixels of each image of dz and of dz * (x - mean)
 *   2. dbeta += sum(dz), dgamma += sum(dz * xhat), and the coefficients of
 *   3. dx = gamma * inverseStd * (dz - dbeta / m - xhat * dgamma / m)
 *
 * z is computed again from x with the bits of the forward pass, so y need not be read. Where a residual was added before the
 * activation, which must be relu then, dz comes from y (relu was open where y > 0), and the residual's gradient is dz.
 */
import { activationName, activationScratch } from "../shared/activation.ts";
import type { Activation } from "../shared/activation.ts";
import { checkSameSize } from "../operations/elementwise.ts";
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";
import { layoutName } from "../shared/kernel.ts";
import type { Kernel } from "../shared/kernel.ts";
import { loadLanes, storeLanes } from "../shared/lanes.ts";
import type { Layout } from "../shared/layout.ts";
import { emitActivationGradient } from "./activation-gradient.ts";
import { NORMALISATION, emitNormalised } from "./batch-norm.ts";
import { emitTotals, sumKernel } from "./channel-sums.ts";
import { offset } from "../shared/addresses.ts";
import { range } from "../shared/loops.ts";
import { overBatchRows, overPixels } from "../shared/rows.ts";

type I32 = Local<"i32">;
type Vector = Local<"v128">;

export interface BatchNormGradient {
  readonly batch: number;
  readonly x: Layout;
  readonly dy: Layout;
  readonly activation?: Activation;
  /** Where y lies, if the activation is relu and its mask is to come from y: after a residual was added. */
  readonly y?: Layout;
}

function gradientText({ batch, x, dy, y, activation }: BatchNormGradient): string {
  const masked = y === undefined ? "" : `_from_${layoutName(y)}`;
  return `n${batch}_${layoutName(x)}_${layoutName(dy)}${masked}${activation === undefined ? "" : `__${activationName(activation)}`}`;
}

/** @throws RangeError where the sizes, or the activation and y, do not belong together */
function checkOperands(name: string, { x, dy, y, activation }: BatchNormGradient): void {
  checkSameSize(name, x, y === undefined ? { dy } : { dy, y });
  if (y !== undefined && activation?.activation !== "relu") {
    throw new RangeError(`${name}: a mask from y wants the activation relu, got ${activation?.activation}`);
  }
}

/** Makes what computes dz and x - mean into locals of its own. Pointers are x, dy and, if there, y; vectors as in NORMALISATION. */
function operands(f: FunctionBuilder, { y, activation }: BatchNormGradient): {
  dz: Vector;
  centred: Vector;
  load: (pointers: readonly I32[], vectors: readonly I32[], at: number, count: number) => void;
} {
  const { local, f32x4 } = f;
  const [dz, centred, z] = [local.v128("dz"), local.v128("centred"), local.v128("z")];
  const scratch = activationScratch(f);
  const load = (pointers: readonly I32[], vectors: readonly I32[], at: number, count: number): void => {
    loadLanes(f, pointers[0], at, count);
    loadLanes(f, vectors[0], at, count);
    f32x4.sub();
    local.set(centred);
    loadLanes(f, pointers[1], at, count);
    local.set(dz);
    if (activation === undefined) return;
    if (y === undefined) {
      loadLanes(f, pointers[0], at, count);
      emitNormalised(f, vectors, at, count);
    } else {
      loadLanes(f, pointers[2], at, count);
    }
    local.set(z);
    emitActivationGradient(f, activation, z, dz, scratch);
    local.set(dz);
  };
  return { dz, centred, load };
}

/**
 * The first kernel. Arguments: partial (`partialBytes(batch, channels, 2)` bytes), x, dy, y (where its layout is given), mean, inverseStd,
 * gamma, beta, begin, end; parts are images.
 * @param short as of `sumKernel`
 */
export function batchNormGradientSumsKernel(options: BatchNormGradient, short: boolean = false): Kernel {
  const name = `f64_batch_norm_gradient_sums_${short ? "short_" : ""}${gradientText(options)}`;
  checkOperands(name, options);
  const { batch, x, dy, y } = options;
  return sumKernel({
    name, batch, streams: { x, dy, ...(y === undefined ? {} : { y }) }, vectors: NORMALISATION, sums: 2, short,
    terms: (f) => {
      const { dz, centred, load } = operands(f, options);
      return ({ pointers, vectors }, at, count, [first, second]) => {
        load(pointers, vectors, at, count);
        f.local.get(dz);
        f.local.set(first);
        f.local.get(dz);
        f.local.get(centred);
        f.f32x4.mul();
        f.local.set(second);
      };
    },
  });
}

/** Floats of the coefficients that the second kernel writes and the third reads. */
export function batchNormCoefficients(channels: number): number {
  return 3 * channels;
}

/**
 * The second kernel. Arguments: dgamma, dbeta (both added to), coefficients, partial, gamma, inverseStd, begin, end; parts are channels.
 *
 * @param frozen statistics were constants (running ones), so that no gradient goes through them
 */
export function batchNormGradientTotalsKernel(batch: number, channels: number, pixels: number, frozen: boolean): Kernel {
  const name = `f64_batch_norm_gradient_totals_n${batch}_c${channels}_p${pixels}${frozen ? "_frozen" : ""}`;
  const params = {
    dgamma: "i32", dbeta: "i32", coefficients: "i32", partial: "i32", gamma: "i32", inverseStd: "i32", begin: "i32", end: "i32",
  } as const;
  const emit: Kernel["emit"] = (m) => m.func(name, { params, export: true }, (f, p) => {
    const { local, f32, f64 } = f;
    const [to, from] = [local.i32("to"), local.i32("from")];
    const [sum, product, inverse] = [local.f64("sum"), local.f64("product"), local.f64("inverse")];
    const share = 1 / (batch * pixels);
    const loadAt = (base: I32): void => {
      offset(f, to, base, p.begin, 4);
      local.get(to);
      f32.load();
      f64.promote_f32();
    };
    const add = (base: I32, value: Local<"f64">): void => {
      offset(f, to, base, p.begin, 4);
      local.get(to);
      loadAt(base);
      local.get(value);
      f64.add();
      f32.demote_f64();
      f32.store();
    };
    const coefficient = (index: number, value: () => void): void => {
      offset(f, to, p.coefficients, p.begin, 4);
      local.get(to);
      value();
      f32.demote_f64();
      f32.store(4 * index * channels);
    };
    range(f, p.begin, p.end, () => {
      offset(f, from, p.partial, p.begin, 8);
      emitTotals(f, batch, channels, from, [sum, product]);
      loadAt(p.inverseStd);
      local.tee(inverse);
      local.get(product);
      f64.mul();
      local.set(product);
      add(p.dgamma, product);
      add(p.dbeta, sum);
      // dx = c0 * (dz - c1 - (x - mean) * c2)
      loadAt(p.gamma);
      local.get(inverse);
      f64.mul();
      const scale = local.f64("scale");
      local.set(scale);
      coefficient(0, () => local.get(scale));
      coefficient(1, () => {
        local.get(sum);
        f64.const(frozen ? 0 : share);
        f64.mul();
      });
      coefficient(2, () => {
        local.get(product);
        local.get(inverse);
        f64.mul();
        f64.const(frozen ? 0 : share);
        f64.mul();
      });
    });
  });
  return { name, parts: channels, emit };
}

export interface BatchNormGradientOutputs {
  readonly dx: Layout;
  /** Is dx added to? */
  readonly accumulate: boolean;
  /** Where dz is to be written to as well: the gradient of the residual. */
  readonly residual?: Layout;
  /** Is that added to? */
  readonly accumulateResidual?: boolean;
}

/**
 * The third kernel. Arguments: dx, residual's gradient (if any), x, dy, y (where its layout is given), mean, inverseStd, gamma, beta,
 * coefficients, begin, end; parts are rows of all images. dx may be dy, or the residual's gradient may be.
 */
export function batchNormGradientKernel(options: BatchNormGradient, outputs: BatchNormGradientOutputs): Kernel {
  const { batch, x, dy, y } = options;
  const { dx, accumulate, residual, accumulateResidual = false } = outputs;
  const extra = residual === undefined ? "" : `_${accumulateResidual ? "add_" : ""}residual_${layoutName(residual)}`;
  const name = `f32_batch_norm_gradient_${accumulate ? "add_" : ""}${layoutName(dx)}${extra}_${gradientText(options)}`;
  checkOperands(name, options);
  checkSameSize(name, x, residual === undefined ? { dx } : { dx, residual });
  const names = ["dx", ...(residual === undefined ? [] : ["residual"]), "x", "dy", ...(y === undefined ? [] : ["y"])];
  const layouts = [dx, ...(residual === undefined ? [] : [residual]), x, dy, ...(y === undefined ? [] : [y])];
  const params = Object.fromEntries([...names, ...NORMALISATION, "coefficients", "begin", "end"].map((each) => [each, "i32" as const]));
  const emit: Kernel["emit"] = (m) => m.func(name, { params, export: true }, (f, all) => {
    const p = all as Readonly<Record<string, I32>>;
    const { local, f32x4 } = f;
    const { dz, centred, load } = operands(f, options);
    const vectors = [...NORMALISATION.map((each) => p[each]), p.coefficients];
    const streams = names.map((each, i) => ({ base: p[each], layout: layouts[i] }));
    const { channels } = dx;
    const put = (pointer: I32, value: Vector, add: boolean, at: number, count: number): void => {
      if (add) {
        local.get(value);
        loadLanes(f, pointer, at, count);
        f32x4.add();
        local.set(value);
      }
      storeLanes(f, pointer, value, at, count);
    };
    overBatchRows(f, p.begin, p.end, streams, (pointers) => {
      overPixels(f, dx, pointers, vectors, 1, (at, count) => {
        load(pointers.slice(residual === undefined ? 1 : 2), vectors, at, count);
        local.get(dz);
        loadLanes(f, p.coefficients, 4 * channels + at, count);
        f32x4.sub();
        local.get(centred);
        loadLanes(f, p.coefficients, 8 * channels + at, count);
        f32x4.mul();
        f32x4.sub();
        loadLanes(f, p.coefficients, at, count);
        f32x4.mul();
        local.set(centred);
        put(pointers[0], centred, accumulate, at, count);
        if (residual !== undefined) put(pointers[1], dz, accumulateResidual, at, count);
      });
    });
  });
  return { name, parts: batch * dx.height, emit };
}
