/** What else the host and the machine under it are, for tests and benchmarks: sessions need not know. */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import { ModuleBuilder } from "../assembler/module-builder.ts";
import { THREADS } from "../assembler/opcodes-threads.ts";
import { probe, probeModule, runProbe } from "./probe.ts";
import type { Features } from "./probe.ts";

export interface Machine extends Features {
  /** Atomic instructions, and memories to share. (Whether they can be sent to a worker is another matter: browsers want headers.) */
  readonly threads: boolean;
  /**
   * x86, or at least no ARM: the NaN that arithmetic makes from numbers has its sign set there, and cleared on ARM. (The test
   * XNNPACK's hardware-config.c makes; the specification allows both.)
   */
  readonly x86: boolean;
}

/** The sign and other bits of inf - inf; not known before it runs, so that the processor computes it. */
function difference(f: FunctionBuilder): void {
  const [x, y] = f.local.all();
  f.local.get(x);
  f.local.get(y);
  f.f32.sub();
  f.i32.reinterpret_f32();
}

function atomics(): Uint8Array<ArrayBuffer> {
  const m = new ModuleBuilder("senet_probe", THREADS);
  m.memory({ minimum: 0 });
  m.func("f", { results: ["i32"] }, (f) => {
    f.i32.const(0);
    f.i32.atomic.load();
  });
  return m.toBytes();
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

export function probeMachine(): Machine {
  const features = probe();
  if (features.missing !== undefined || typeof WebAssembly === "undefined") return { ...features, threads: false, x86: false };
  const threads = WebAssembly.validate(atomics()) && shares();
  return { ...features, threads, x86: runProbe(probeModule(difference), Infinity, Infinity, 0) < 0 };
}
