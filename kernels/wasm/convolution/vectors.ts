/** Arithmetic on some channels of a pixel at once, for transforms and for outputs that are put together: winograd-*.ts, strassen.ts. */
import { emitActivation } from "../shared/activation.ts";
import type { ActivationScratch, PushConstant } from "../shared/activation.ts";
import type { ConvEpilogue } from "./epilogue.ts";
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";
import type { VectorArithmetic } from "../shared/arithmetic.ts";
import { loadLanes, storeLanes } from "../shared/lanes.ts";

/** Indices of numbers, and their factors. */
export type Sum = readonly (readonly [from: number, factor: number])[];

/** Numbers of 4 channels in a vector, or of 8 in two; V8 makes one of 256 bits of those where it may. */
export type Vectors = readonly Local<"v128">[];

/** `count` times `lanes` locals. */
export function vectors(f: FunctionBuilder, name: string, count: number, lanes: number): Vectors[] {
  return Array.from({ length: count }, (_, i) => f.local.array("v128", `${name}_${i}`, lanes));
}

/** Channels that a transform takes at once, of `channels`: 8 where vectors are joined, else 4. */
export function channelsAtOnce(channels: number, wide: boolean | undefined): 4 | 8 {
  return wide === true && channels % 8 === 0 ? 8 : 4;
}

/** Pushes a number's vector. */
export type Push = (index: number, lane: number) => void;

export function inLocals(f: FunctionBuilder, from: readonly Vectors[]): Push {
  return (index, lane) => f.local.get(from[index][lane]);
}

/** How to multiply: what pushes a factor, and whether products are added in the same instruction. */
export interface Multiply extends Pick<VectorArithmetic, "fma"> {
  readonly constant: PushConstant;
}

/** to = sum, whose first factor is positive; 1 and -1 take no multiplication. */
export function emitSum(f: FunctionBuilder, sum: Sum, push: Push, to: Vectors, { constant, fma }: Multiply): void {
  const { local, f32x4 } = f;
  to.forEach((vector, lane) => sum.forEach(([index, factor], i) => {
    const size = Math.abs(factor);
    const fused = fma && i > 0 && size !== 1;
    if (i > 0 && !fused) local.get(vector);
    push(index, lane);
    if (size !== 1) constant(size);
    if (fused) {
      local.get(vector);
      factor < 0 ? f32x4.relaxed_nmadd() : f32x4.relaxed_madd();
    } else {
      if (size !== 1) f32x4.mul();
      if (i > 0) factor < 0 ? f32x4.sub() : f32x4.add();
    }
    local.set(vector);
  }));
}

/** Loads vectors of `count` channels from pointer + offset: 1 to 4, or 8. */
export function loadVectors(f: FunctionBuilder, to: Vectors, pointer: Local<"i32">, offset: number, count: number = 8): void {
  to.forEach((vector, lane) => {
    loadLanes(f, pointer, offset + 16 * lane, Math.min(4, count));
    f.local.set(vector);
  });
}

/** Stores them there. V8 keeps the first of two stores that it joins, unless that is the upper half. */
export function storeVectors(f: FunctionBuilder, pointer: Local<"i32">, offset: number, value: Vectors, count: number = 8): void {
  for (let lane = value.length - 1; lane >= 0; lane--) storeLanes(f, pointer, value[lane], offset + 16 * lane, Math.min(4, count));
}

/**
 * sum = activation(gate * (sum + bias) + residual), as far as the epilogue has them.
 * @param push what pushes a lane of bias, gate and residual
 */
export function emitEpilogue(
  f: FunctionBuilder, epilogue: ConvEpilogue, sum: Vectors, push: readonly ((lane: number) => void)[], scratch: ActivationScratch,
): void {
  const { gate, residual, activation } = epilogue;
  sum.forEach((vector, lane) => {
    f.local.get(vector);
    push[0](lane);
    f.f32x4.add();
    if (gate) {
      push[1](lane);
      f.f32x4.mul();
    }
    if (residual !== undefined) {
      push[2](lane);
      f.f32x4.add();
    }
    f.local.set(vector);
    if (activation === undefined) return;
    emitActivation(f, activation, vector, scratch);
    f.local.set(vector);
  });
}
