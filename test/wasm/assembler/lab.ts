/** Small modules to run instructions in. */
import "../../../kernels/wasm/assembler/checks/checked.ts";
import type { FunctionBuilder } from "../../../kernels/wasm/assembler/function-builder.ts";
import type { Local, MemoryLimits } from "../../../kernels/wasm/assembler/handles.ts";
import { ModuleBuilder } from "../../../kernels/wasm/assembler/module-builder.ts";
import { ALL } from "../../../kernels/wasm/assembler/opcodes-all.ts";
import type { All } from "../../../kernels/wasm/assembler/opcodes-all.ts";
import type { ValueType } from "../../../kernels/wasm/assembler/types.ts";

export type Callable = (...values: (number | bigint)[]) => number | bigint | readonly (number | bigint)[] | undefined;

export interface Lab {
  readonly exports: Readonly<Record<string, Callable>>;
  /** The memory, again after it has grown. */
  view(): DataView;
}

/** Compiles and starts a module; its memory is exported as "memory". */
export function start(bytes: Uint8Array<ArrayBuffer>, imports: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {}): Lab {
  if (typeof WebAssembly === "undefined") throw new Error("this test wants WebAssembly");
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports);
  return {
    exports: exports as Readonly<Record<string, Callable>>,
    view: () => new DataView((exports.memory as { buffer: ArrayBuffer }).buffer),
  };
}

/** A module with a memory of its own and one function "f" with these parameters and results. */
export function laboratory(
  params: readonly ValueType[], results: readonly ValueType[],
  emit: (f: FunctionBuilder<All>, params: readonly Local[], m: ModuleBuilder<All>) => void, limits: MemoryLimits = { minimum: 2 },
): Lab {
  const m = new ModuleBuilder("laboratory", ALL);
  m.export(m.memory(limits));
  const named = Object.fromEntries(params.map((type, i) => [`p${i}`, type]));
  m.func("f", { params: named, results, export: true }, (f) => emit(f, f.local.all(), m));
  return start(m.toBytes());
}

/** Calls the method of an instruction by its name: "i32.atomic.rmw.add". */
export function emit(f: FunctionBuilder, name: string, ...immediates: readonly unknown[]): void {
  const path = name.split(".");
  const method = path.pop() ?? "";
  const group = path.reduce<unknown>((holder, key) => (holder as Readonly<Record<string, unknown>>)[key], f);
  (group as Readonly<Record<string, (...values: readonly unknown[]) => void>>)[method](...immediates);
}

/** Does `run` trap? Engines call it a RuntimeError; anything else is thrown on. */
export function trapped(run: () => unknown): boolean {
  try {
    run();
    return false;
  } catch (error) {
    if (
      (error as Error).name === "RuntimeError" || /out of bounds|unreachable|division|divide|overflow|unaligned/i.test(
        (error as Error).message,
      )
    ) {
      return true;
    }
    throw error;
  }
}

export function hex(bytes: ArrayLike<number>): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
