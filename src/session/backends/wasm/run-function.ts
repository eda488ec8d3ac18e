/** The functions that run a program: each all its kernels, one after the other, in one call from JavaScript. */
import type { FunctionBuilder } from "../../../../kernels/wasm/assembler/function-builder.ts";
import type { Func, Local } from "../../../../kernels/wasm/assembler/handles.ts";
import type { InstructionTable } from "../../../../kernels/wasm/assembler/opcodes.ts";
import type { ModuleBuilder } from "../../../../kernels/wasm/assembler/module-builder.ts";
import type { KernelCall, Stage } from "../../plan/kernel-call.ts";

/** The function's name, and what of the program it does. */
export interface RunFunction {
  readonly name: string;
  readonly stages: readonly Stage[];
}

/** Where the kernels are that functions call. */
export interface RunPlace {
  /** Kernels of the module, by name. */
  readonly funcs: ReadonlyMap<string, Func>;
}

/** Emits these functions: for one thread, or (threads/run-shared.ts) for several. */
export interface EmitRuns {
  (m: ModuleBuilder, runs: readonly RunFunction[], place: RunPlace): void;
  /** What their module must have, if that is more than kernels have. */
  readonly instructions?: InstructionTable;
}

/** Functions without parameters. */
export const emitRunsAlone: EmitRuns = (m, runs, { funcs }) => {
  for (const { name, stages } of runs) {
    m.func(name, { export: true }, (f) => {
      const image = f.local.i32("image");
      for (const call of stages.flat()) wholeCall(f, call, funcs.get(call.kernel.name)!, image);
    });
  }
};

/** Emits a call for each image, with all of its ranges. */
export function wholeCall(f: FunctionBuilder, call: KernelCall, func: Func, image: Local<"i32">, thread?: Local<"i32">): void {
  const once = (): void => {
    pushOperands(f, call, image);
    for (const { count } of call.ranges) {
      f.i32.const(0);
      f.i32.const(count);
    }
    pushScratch(f, call, thread);
    f.call(func);
  };
  f.i32.const(0);
  f.local.set(image);
  if (call.images === 1) return once();
  f.doWhile(() => {
    once();
    f.local.increase(image, 1);
    f.local.get(image);
    f.i32.const(call.images);
    f.i32.ne();
  });
}

/** @param thread the number of the one that calls, where there are several */
export function pushScratch(f: FunctionBuilder, { scratch, scratchAt = 0 }: KernelCall, thread?: Local<"i32">): void {
  if (scratch === 0) return;
  f.i32.const(scratchAt);
  if (thread === undefined) return;
  f.local.get(thread);
  f.i32.const(scratch);
  f.i32.mul();
  f.i32.add();
}

export function pushOperands(f: FunctionBuilder, { operands, images }: KernelCall, image: Local<"i32">): void {
  for (const { address, pitch } of operands) {
    f.i32.const(address);
    if (pitch === 0 || images === 1) continue;
    f.local.get(image);
    f.i32.const(pitch);
    f.i32.mul();
    f.i32.add();
  }
}
