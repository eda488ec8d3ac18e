/**
 * Makes a planned program run. Its kernels, and functions that call them in order, are emitted into one module; the executor compiles it.
 */
import type { Func } from "../../../../kernels/wasm/assembler/handles.ts";
import { ModuleBuilder } from "../../../../kernels/wasm/assembler/module-builder.ts";
import type { Core, InstructionTable } from "../../../../kernels/wasm/assembler/opcodes.ts";
import type { Routine } from "../../../operations/record.ts";
import { argumentCount } from "../../plan/kernel-call.ts";
import type { Emitter } from "../../../../kernels/wasm/shared/kernel.ts";
import type { KernelCall, Stage } from "../../plan/kernel-call.ts";
import type { PlacedPlan } from "../../plan/plan.ts";
import { atOnce } from "../making.ts";
import type { Making } from "../making.ts";
import type { Arithmetic } from "../numerics.ts";
import type { EmitRuns, RunFunction } from "./run-function.ts";
import type { WasmExecutor } from "./executor.ts";

/** Pages that a shared memory may say it can grow to: all that 32-bit addresses reach. */
const MOST_PAGES = 65536;

/** What happens at one place of a program: stages of one function in WebAssembly, or a routine in JavaScript. */
export type Span = (RunFunction & { readonly stages: Stage[] }) | Routine;

/** The entries of a plan, as many in one function as JavaScript between them allows. @param newName of a function */
export function spansOf(entries: PlacedPlan["entries"], newName: () => string): Span[] {
  const spans: Span[] = [];
  for (const entry of entries) {
    const last = spans.at(-1);
    if (typeof entry === "function") spans.push(entry);
    else if (typeof last === "object") last.stages.push(entry);
    else spans.push({ name: newName(), stages: [entry] });
  }
  return spans;
}

/** All that a module is emitted from. */
export interface Code {
  readonly spans: readonly Span[];
  /** Functions that pack weights. */
  readonly packers: readonly Emitter[];
  readonly emitRuns: EmitRuns;
}

/** An empty module of kernels. @param shared is the memory one to share? @param further instructions, where kernels ask for none */
export function kernelModule(
  shared: boolean, name: string, { pace, instructions }: Pick<Arithmetic, "pace" | "instructions">, further?: InstructionTable,
): ModuleBuilder {
  const m = new ModuleBuilder(name, (instructions ?? further) as Core | undefined);
  m.pace = pace;
  m.importMemory("host", "memory", shared ? { minimum: 1, maximum: MOST_PAGES, shared: true } : { minimum: 1 });
  return m;
}

/** The calls of all spans, one of each kernel, by its name. */
export function callsOf(spans: readonly Span[]): Map<string, KernelCall> {
  const calls = new Map<string, KernelCall>();
  for (const span of spans) {
    if (typeof span !== "function") for (const call of span.stages.flat()) calls.set(call.kernel.name, call);
  }
  return calls;
}

/** Emits kernels, packers and the functions that run the spans. @param funcs what the module has already, by name; it receives the rest */
export function emitCode(m: ModuleBuilder, { spans, packers, emitRuns }: Code, funcs: Map<string, Func> = new Map()): void {
  for (const kernel of [...[...callsOf(spans).values()].map((call) => call.kernel), ...packers]) {
    if (!funcs.has(kernel.name)) funcs.set(kernel.name, kernel.emit(m));
  }
  emitRuns(m, spans.filter((span) => typeof span !== "function"), { funcs });
}

/** The same at once. */
export function install(spans: readonly Span[], executor: WasmExecutor): Routine[] {
  return atOnce(installing(spans, executor));
}

/** Emits and compiles what the executor does not have yet, and the functions that run the spans. @returns what runs them */
export function* installing(spans: readonly Span[], executor: WasmExecutor): Making<Routine[]> {
  const { shared } = executor.memory;
  const calls = callsOf(spans);
  for (const { kernel } of executor.apart ? calls.values() : []) {
    if (executor.has(kernel.name)) continue;
    yield executor.install(() => {
      const m = kernelModule(shared, kernel.name, executor.arithmetic);
      kernel.emit(m);
      return m;
    });
  }
  yield executor.install(() => {
    const m = kernelModule(shared, "senet", executor.arithmetic, executor.emitRuns.instructions);
    const funcs = new Map<string, Func>();
    for (const call of calls.values()) {
      const { name } = call.kernel;
      if (!executor.has(name)) continue;
      const params = Object.fromEntries(Array.from({ length: argumentCount(call) }, (_, i) => [`a${i}`, "i32" as const]));
      funcs.set(name, m.importFunc("kernels", name, { params }));
    }
    emitCode(m, { spans, packers: executor.memory.packers.filter(({ name }) => !executor.has(name)), emitRuns: executor.emitRuns }, funcs);
    return m;
  });
  return runners(spans, executor);
}

/** What runs the spans, where the executor has their functions. */
export function runners(spans: readonly Span[], executor: WasmExecutor): Routine[] {
  return spans.map((span) => (typeof span === "function" ? span : executor.runner(span.name)));
}
