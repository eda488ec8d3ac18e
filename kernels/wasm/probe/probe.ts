/**
 * What the host's WebAssembly can do, found by tiny modules that it validates or runs. Nothing is remembered: flags of an engine
 * may be switched while it runs.
 */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import { ModuleBuilder } from "../assembler/module-builder.ts";

export interface Features {
  /** Why no module runs here, for people to read; undefined where modules run. Then all else is false. */
  readonly missing: string | undefined;
  /** 128-bit vectors. */
  readonly simd: boolean;
  /**
   * Vector instructions whose last bits depend on the machine; a module that holds one is refused as a whole where they are missing.
   * Two engines compute some of them wrong: Node 20 (behind its flag) i32x4.relaxed_dot_i8x16_i7x16_add_s, Bun 1.4
   * i32x4.relaxed_trunc_f32x4_u and relaxed_trunc_f64x2_u_zero of numbers above 2^31.
   */
  readonly relaxedSimd: boolean;
  /** Does f32x4.relaxed_madd round once? Where it does not it is a multiplication and an addition, and no gain. */
  readonly fusedMultiplyAdd: boolean;
}

const NOTHING = { simd: false, relaxedSimd: false, fusedMultiplyAdd: false };

/** A module with one function, `(f32, f32, f32) -> i32`, exported as "f". */
export function probeModule(emit: (f: FunctionBuilder) => void): Uint8Array<ArrayBuffer> {
  const m = new ModuleBuilder("senet_probe");
  m.memory({ minimum: 0 });
  m.func("f", { params: { x: "f32", y: "f32", z: "f32" }, results: ["i32"], export: true }, emit);
  return m.toBytes();
}

function multiplyAdd(f: FunctionBuilder): void {
  for (const local of f.local.all()) {
    f.local.get(local);
    f.f32x4.splat();
  }
  f.f32x4.relaxed_madd();
  f.f32x4.extract_lane(0);
  f.i32.trunc_sat_f32_s();
}

function vectors(f: FunctionBuilder): void {
  f.i32x4.const(1);
  f.i32x4.extract_lane(0);
}

/** 16777218 * 3 + 3 is 50331657; two roundings make 50331660 of it, one 50331656. */
const ONCE_ROUNDED = 50331656;

/** Runs the function of a module for these numbers. @throws where the host does not let it */
export function runProbe(bytes: Uint8Array<ArrayBuffer>, x: number, y: number, z: number): number {
  return (new WebAssembly!.Instance(new WebAssembly!.Module(bytes)).exports.f as (x: number, y: number, z: number) => number)(x, y, z);
}

export function probe(): Features {
  if (typeof WebAssembly === "undefined") return { ...NOTHING, missing: "WebAssembly is not available here" };
  try {
    const [relaxed, simd] = [probeModule(multiplyAdd), probeModule(vectors)];
    // Does anything run at all?
    runProbe(probeModule((f) => f.i32.const(0)), 0, 0, 0);
    const relaxedSimd = WebAssembly.validate(relaxed);
    return {
      missing: undefined,
      simd: WebAssembly.validate(simd),
      relaxedSimd,
      fusedMultiplyAdd: relaxedSimd && runProbe(relaxed, 16777218, 3, 3) === ONCE_ROUNDED,
    };
  } catch (error) {
    return { ...NOTHING, missing: `WebAssembly does not compile here: ${(error as Partial<Error>).message ?? String(error)}` };
  }
}
