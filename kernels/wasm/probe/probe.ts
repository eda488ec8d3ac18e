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
  /** Atomic instructions, and memories to share. (Whether they can be sent to a worker is another matter: browsers want headers.) */
  readonly threads: boolean;
  /**
   * x86, or at least no ARM: the NaN that arithmetic makes from numbers has its sign set there, and cleared on ARM. (The test
   * XNNPACK's hardware-config.c makes; the specification allows both.)
   */
  readonly x86: boolean;
  /** Does f32x4.relaxed_madd round once? Where it does not it is a multiplication and an addition, and no gain. */
  readonly fusedMultiplyAdd: boolean;
}

const NOTHING = { simd: false, relaxedSimd: false, threads: false, x86: false, fusedMultiplyAdd: false };

/** A module with one function, `(f32, f32, f32) -> i32`, exported as "f". */
function moduleOf(emit: (f: FunctionBuilder) => void): Uint8Array<ArrayBuffer> {
  const m = new ModuleBuilder("senet_probe");
  m.memory({ minimum: 0 });
  m.func("f", { params: { x: "f32", y: "f32", z: "f32" }, results: ["i32"], export: true }, emit);
  return m.toBytes();
}

/** The sign and other bits of inf - inf; not known before it runs, so that the processor computes it. */
function difference(f: FunctionBuilder): void {
  const [x, y] = f.local.all();
  f.local.get(x);
  f.local.get(y);
  f.f32.sub();
  f.i32.reinterpret_f32();
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

function atomics(f: FunctionBuilder): void {
  f.i32.const(0);
  f.i32.atomic.load();
}

/** Makes a shared memory of one page: engines that know no sharing ignore the wish, or refuse it. */
function shares(): boolean {
  if (typeof WebAssembly === "undefined" || typeof SharedArrayBuffer === "undefined") return false;
  try {
    return new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer instanceof SharedArrayBuffer;
  } catch {
    return false;
  }
}

/** 16777218 * 3 + 3 is 50331657; two roundings make 50331660 of it, one 50331656. */
const ONCE_ROUNDED = 50331656;

export function probe(): Features {
  if (typeof WebAssembly === "undefined") return { ...NOTHING, missing: "WebAssembly is not available here" };
  const wasm = WebAssembly;
  const run = (bytes: Uint8Array<ArrayBuffer>, x: number, y: number, z: number): number =>
    (new wasm.Instance(new wasm.Module(bytes)).exports.f as (x: number, y: number, z: number) => number)(x, y, z);
  try {
    const x86 = run(moduleOf(difference), Infinity, Infinity, 0) < 0;
    const relaxed = moduleOf(multiplyAdd);
    const relaxedSimd = wasm.validate(relaxed);
    return {
      missing: undefined,
      simd: wasm.validate(moduleOf(vectors)),
      relaxedSimd,
      threads: wasm.validate(moduleOf(atomics)) && shares(),
      x86,
      fusedMultiplyAdd: relaxedSimd && run(relaxed, 16777218, 3, 3) === ONCE_ROUNDED,
    };
  } catch (error) {
    return { ...NOTHING, missing: `WebAssembly does not compile here: ${error instanceof Error ? error.message : String(error)}` };
  }
}
