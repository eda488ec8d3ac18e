/**
 * One module that holds all a session wants, for hosts that compile none: the program, the check of its kernels (verify.ts) and, for
 * threads, how workers wait. `senet compile` writes it, `compile(model, { module })` plans the same again and takes it where the plan is
 * the same.
 */
import type { Func } from "../../../../../kernels/wasm/assembler/handles.ts";
import type { ModuleBuilder } from "../../../../../kernels/wasm/assembler/module-builder.ts";
import type { Threads } from "../../../../../kernels/wasm/assembler/opcodes-threads.ts";
import type { Operation } from "../../../../graph/graph.ts";
import type { HostWasmModule } from "../../../../host-types.ts";
import type { Arithmetic } from "../../numerics.ts";
import type { Operations } from "../../operations.ts";
import { emitWait } from "../../../threads/wait-module.ts";
import { checkOf, wrongKinds } from "../checks/verify.ts";
import { WasmExecutor, compileNothing } from "../executor.ts";
import { emitCode, kernelModule, runners } from "../install.ts";
import type { Code } from "../install.ts";
import { planProgram } from "../program.ts";

/** Names of the functions that run the check begin with this. */
const CHECK = "check_";

/** A check that is part of a module. */
export interface PlannedCheck {
  readonly code: Code;
  /**
   * Computes it with the module's kernels.
   * @returns the kinds of operations that do not give what the plain kernels give, and what went wrong
   */
  run(module: HostWasmModule): ReadonlyMap<Operation["kind"], string>;
  /** Takes its memory back; to be called once. */
  readonly release: () => void;
}

/**
 * @param labels what the network has in it: `labelsOf` (verify.ts)
 * @param operations know the right answers
 * @param shared is the module's memory one to share?
 */
export function planCheck(labels: ReadonlySet<string>, operations: Operations, arithmetic: Arithmetic, shared: boolean): PlannedCheck {
  // One thread does it, whatever the memory.
  const executor = new WasmExecutor({
    arithmetic, shared, threads: 1, pool: undefined, refused: new Set(), compile: compileNothing, runs: CHECK,
  });
  const check = checkOf(labels, operations, arithmetic);
  const { code, finish } = planProgram({ ...check, executor });
  return {
    code,
    run(module) {
      executor.adopt(module);
      return wrongKinds(check, finish(runners(code.spans, executor)));
    },
    release: () => executor.release(),
  };
}

/** The module's bytes, without its description. The same plans give the same bytes. @param shared is its memory one to share? */
export function wholeModule(program: Code, check: Code, arithmetic: Arithmetic, shared: boolean): Uint8Array<ArrayBuffer> {
  const m = kernelModule(shared, "senet", arithmetic, program.emitRuns.instructions);
  const funcs = new Map<string, Func>();
  for (const code of [check, program]) emitCode(m, code, funcs);
  if (shared) emitWait(m as unknown as ModuleBuilder<Threads>);
  return m.toBytes();
}
