/**
 * Activations on four numbers at once, as the epilogues of kernels apply them.
 *
 * NaN stays NaN in all of them, as in the reference. Where the reference compares and chooses, so does f32x4.pmin(a, b) = b < a ? b : a
 * and f32x4.pmax(a, b) = a < b ? b : a, one machine instruction each on x64 (f32x4.min and max are six), if the number itself
 * is operand a: then NaN, which is neither larger nor smaller, comes through, and relu(-0) is -0 as there.
 *
 * Those with an exponential are in exp.ts, GELU in gelu.ts.
 * Largest errors measured against kernels/math.ts, in units in the last place of float32, on 32,768 numbers each of all floats, of
 * [-1, 1], [-20, 20] and [-110, 110] (silu: [-80, 80]): sigmoid 2.02, silu 2.91, tanh 2.44 (test/wasm/shared/activation.test.ts).
 */
import type { Activation as Named } from "../../activations.ts";
import { emitSigmoid, emitTanh } from "./exp.ts";
import type { ExpScratch } from "./exp.ts";
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";

/** An activation as kernels take it. */
export interface Activation extends Omit<Named, "activation"> {
  /** Any other where `emit` is given. */
  readonly activation: string;
  /** What emits those that not every bundle has (gelu.ts, functions.ts). */
  readonly emit?: ActivationEmitter | undefined;
  /** Before a loop, makes constants that `emit` finds in the scratch: V8 13 and newer build them anew in each pass. */
  readonly hold?: ((f: FunctionBuilder, scratch: ActivationScratch) => void) | undefined;
}

/** Takes nothing, leaves the function of x, which stays. */
export type ActivationEmitter = (f: FunctionBuilder, x: Local<"v128">, scratch: ActivationScratch) => void;

/**
 * Does it take an exponential, or as long? Then it is better applied in a pass of its own over results that lie in the cache, away from
 * busy registers.
 */
export function isHeavy({ activation, emit }: Activation): boolean {
  return emit !== undefined || activation === "sigmoid" || activation === "silu" || activation === "tanh";
}

/** For the names of kernels: "relu", "leaky_relu_0.01". Equal names are equal functions. */
export function activationName({ activation, slope, offset }: Activation): string {
  if (activation === "leaky_relu") return `leaky_relu_${slope}`;
  return activation === "hard_sigmoid" ? `hard_sigmoid_${slope}_${offset}` : activation;
}

/** What an activation needs besides its argument. */
export interface ActivationScratch extends ExpScratch {
  /** Made where it is wanted. */
  inner?: Local<"v128">;
  /** Constants that are held in locals, by number. */
  held?: Map<number, Local<"v128">>;
}

export function activationScratch(f: FunctionBuilder): ActivationScratch {
  return { a: f.local.v128("a"), b: f.local.v128("b"), c: f.local.v128("c") };
}

/** Pushes a vector of four times the number. */
export type PushConstant = (value: number) => void;

/**
 * Pushes constants that are made behind the loop over sums. V8 up to 12 moves constant vectors before all loops; the innermost loop then
 * has fewer registers, and relu cost 7 % (docs/kernels.md, rung 3). V8 cannot move what depends on an address that changes. So each
 * constant is made of its own bits or those of an address that are always 0, which V8 does not know.
 * @param locals hold the constants, by number; all such places of a function may share them
 */
export function lateConstants(f: FunctionBuilder, address: Local<"i32">, locals: Map<number, Local<"v128">>): PushConstant {
  const pushed = new Set<number>();
  return (value) => {
    const place = locals.get(value) ?? f.local.v128("constant");
    locals.set(value, place);
    if (pushed.has(value)) return f.local.get(place);
    pushed.add(value);
    f.local.get(address);
    f.i32.const(3);
    f.i32.and();
    const [bits] = new Int32Array(Float32Array.of(value).buffer);
    if (bits !== 0) {
      f.i32.const(bits);
      f.i32.or();
    }
    f.i32x4.splat();
    f.local.tee(place);
  };
}

/** Takes nothing, leaves activation(x). The scratch is used by those with an exponential; x stays. */
export function emitActivation(
  f: FunctionBuilder, activation: Activation, x: Local<"v128">, scratch: ActivationScratch, constant: PushConstant = (value) =>
    f.f32x4.const(value),
): void {
  const { local, f32x4, v128 } = f;
  switch (activation.activation) {
    case "relu":
      local.get(x);
      constant(0);
      f32x4.pmax();
      return;
    case "relu6":
      local.get(x);
      clip(f, constant, 6);
      return;
    case "leaky_relu":
      local.get(x);
      local.get(x);
      constant(activation.slope);
      f32x4.mul();
      local.get(x);
      constant(0);
      f32x4.gt();
      v128.bitselect();
      return;
    case "hard_sigmoid":
      local.get(x);
      constant(activation.slope);
      f32x4.mul();
      constant(activation.offset);
      f32x4.add();
      clip(f, constant, 1);
      return;
    case "hard_swish":
      local.get(x);
      constant(3);
      f32x4.add();
      clip(f, constant, 6);
      constant(1 / 6);
      f32x4.mul();
      local.get(x);
      f32x4.mul();
      return;
    case "sigmoid":
      return emitSigmoid(f, x, scratch);
    case "silu":
      emitSigmoid(f, x, scratch);
      local.get(x);
      f32x4.mul();
      return;
    case "tanh":
      return emitTanh(f, x, scratch);
    default:
      if (activation.emit === undefined) throw new RangeError(`${activation.activation}: wants its emitter`);
      return activation.emit(f, x, scratch);
  }
}

/** Takes a vector, leaves it cut to 0 ... high. */
function clip(f: FunctionBuilder, constant: PushConstant, high: number): void {
  constant(0);
  f.f32x4.pmax();
  constant(high);
  f.f32x4.pmin();
}
