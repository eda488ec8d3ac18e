/** From planned programs to functions that run: their kernels and what calls them are emitted into a module, and compiled. */
import type { Func } from "../../../../kernels/wasm/assembler/handles.ts";
import { ModuleBuilder } from "../../../../kernels/wasm/assembler/module-builder.ts";
import type { Step } from "../../../operations/record.ts";
import { argumentCount } from "../../plan/kernel-call.ts";
import type { Emitter, KernelCall, Stage } from "../../plan/kernel-call.ts";
import type { PlacedPlan } from "../../plan/plan.ts";
import { atOnce } from "../backend.ts";
import type { Making } from "../backend.ts";
import type { Arithmetic } from "../numerics.ts";
import type { EmitRuns, RunFunction } from "./run-function.ts";
import type { WasmHost } from "./engine.ts";

/** Pages that a shared memory may say it can grow to: all that 32-bit addresses reach. */
const MOST_PAGES = 65536;

/** What happens at one place of a program: stages of one function in WebAssembly, or a step in JavaScript. */
export type Part = (RunFunction & { readonly stages: Stage[] }) | Step;

/** The entries of a plan, as many in one function as JavaScript between them allows. @param newName of a function */
export function partsOf(entries: PlacedPlan["entries"], newName: () => string): Part[] {
  const parts: Part[] = [];
  for (const entry of entries) {
    const last = parts.at(-1);
    if (typeof entry === "function") parts.push(entry);
    else if (typeof last === "object") last.stages.push(entry);
    else parts.push({ name: newName(), stages: [entry] });
  }
  return parts;
}

/** All that a module is emitted from. */
export interface Code {
  readonly parts: readonly Part[];
  /** Functions that pack weights. */
  readonly packers: readonly Emitter[];
  readonly emitRuns: EmitRuns;
}

/** An empty module of kernels. @param shared is the memory one to share? */
export function kernelModule(shared: boolean, name: string, { pace }: Pick<Arithmetic, "pace">): ModuleBuilder {
  const m = new ModuleBuilder(name);
  m.pace = pace;
  m.importMemory("host", "memory", shared ? { minimum: 1, maximum: MOST_PAGES, shared: true } : { minimum: 1 });
  return m;
}

/** The calls of all parts, one of each kernel, by its name. */
export function callsOf(parts: readonly Part[]): Map<string, KernelCall> {
  const calls = new Map<string, KernelCall>();
  for (const part of parts) {
    if (typeof part !== "function") for (const call of part.stages.flat()) calls.set(call.kernel.name, call);
  }
  return calls;
}

/** Emits kernels, packers and the functions that run the parts. @param funcs what the module has already, by name; it receives the rest */
export function emitCode(m: ModuleBuilder, { parts, packers, emitRuns }: Code, funcs: Map<string, Func> = new Map()): void {
  for (const kernel of [...[...callsOf(parts).values()].map((call) => call.kernel), ...packers]) {
    if (!funcs.has(kernel.name)) funcs.set(kernel.name, kernel.emit(m));
  }
  emitRuns(m, parts.filter((part) => typeof part !== "function"), { funcs });
}

/** The same at once. */
export function install(parts: readonly Part[], host: WasmHost): Step[] {
  return atOnce(installing(parts, host));
}

/** Emits and compiles what the host does not have yet, and the functions that run the parts. @returns what runs them */
export function* installing(parts: readonly Part[], host: WasmHost): Making<Step[]> {
  const { shared } = host.memory;
  const calls = callsOf(parts);
  for (const { kernel } of host.apart ? calls.values() : []) {
    if (host.has(kernel.name)) continue;
    yield host.install(() => {
      const m = kernelModule(shared, kernel.name, host.arithmetic);
      kernel.emit(m);
      return m;
    });
  }
  yield host.install(() => {
    const m = kernelModule(shared, "senet", host.arithmetic);
    const funcs = new Map<string, Func>();
    for (const call of calls.values()) {
      const { name } = call.kernel;
      if (!host.has(name)) continue;
      const params = Object.fromEntries(Array.from({ length: argumentCount(call) }, (_, i) => [`a${i}`, "i32" as const]));
      funcs.set(name, m.importFunc("kernels", name, { params }));
    }
    emitCode(m, { parts, packers: host.memory.packers.filter(({ name }) => !host.has(name)), emitRuns: host.emitRuns }, funcs);
    return m;
  });
  return runners(parts, host);
}

/** What runs the parts, where the host has their functions. */
export function runners(parts: readonly Part[], host: WasmHost): Step[] {
  return parts.map((part) => (typeof part === "function" ? part : host.runner(part.name)));
}
