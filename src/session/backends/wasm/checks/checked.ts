/** Kernels, checked before they are used (verify.ts): once a process for each arithmetic and each thing that kernels tell apart. */
import type { Making } from "../../making.ts";
import type { Arithmetic } from "../../numerics.ts";
import type { Wanted } from "../../capabilities.ts";
import type { Operations } from "../../operations.ts";
import { WasmExecutor } from "../executor.ts";
import type { CompileWasm } from "../executor.ts";
import type { CheckedKernels } from "../options.ts";
import { makeWasmProgram } from "../program.ts";
import { checkOf, wrongKinds } from "./verify.ts";

/** What kernels of an arithmetic got wrong on this host, and which of them were checked. */
interface Found {
  readonly done: Set<string>;
  readonly wrong: Map<string, string>;
}

const known = new Map<string, Found>();

/** What the kernels of these labels get wrong, and how. @param operations know the right answers */
export function* wrongKernels(
  labels: ReadonlySet<string>, executor: WasmExecutor, operations: Operations,
): Making<ReadonlyMap<string, string>> {
  const check = checkOf(labels, operations, executor.arithmetic);
  const program = yield* makeWasmProgram({ ...check, executor });
  return wrongKinds(check, program);
}

/** @param apart has each kernel a module of its own? @throws Refusal where the host compiles none */
export function* checkedKernels(
  arithmetic: Arithmetic, compile: CompileWasm, { labels, operations, check }: Wanted, apart: boolean = false,
): Making<CheckedKernels> {
  const key = Object.keys(arithmetic).filter((name) => arithmetic[name as keyof Arithmetic]).join();
  const { done, wrong } = known.get(key) ?? { done: new Set<string>(), wrong: new Map<string, string>() };
  known.set(key, { done, wrong });
  const missing = new Set([...labels].filter((label) => !done.has(label)));
  if (missing.size > 0) {
    const executor = new WasmExecutor({ arithmetic, threads: 1, pool: undefined, refused: new Set(), compile, apart });
    try {
      const found = yield* (check ?? wrongKernels)(missing, executor, operations);
      for (const [what, how] of found) wrong.set(what, how);
    } finally {
      executor.release();
    }
    for (const label of missing) done.add(label);
  }
  return { arithmetic, compile, apart, wrong, refused: new Set(wrong.keys()) };
}
