/** Numerics "turbo" as a backend around the usual one: its kernels are on trial, and the usual ones take over where they fail. */
import { trialFailure } from "../checks/trial.ts";
import type { Backend, Program, ProgramRequest } from "../../backend.ts";
import type { Making } from "../../making.ts";
import type { Wanted } from "../../capabilities.ts";
import { PlainConstants } from "../../plain/program.ts";
import { WasmBackend } from "../backend.ts";
import type { CheckedKernels, WasmBackendOptions } from "../options.ts";
import { checkedKernels } from "../checks/checked.ts";
import { turbo } from "./turbo.ts";

/** Turbo's kernels if there are any, and all of them pass; else why not. */
export function* turboKernels(usual: WasmBackendOptions, wanted: Wanted): Making<CheckedKernels | string> {
  const found = turbo(usual.kernels.arithmetic);
  if (typeof found === "string") return found;
  const kernels = yield* checkedKernels(found.arithmetic, found.compile, wanted, true);
  for (const [kind, what] of kernels.wrong) return `its kernel for ${kind} failed its check, ${what}`;
  return kernels;
}

/** The usual kernels, with the reason. */
export function insteadOfTurbo(usual: WasmBackendOptions, reason: string): WasmBackend {
  return new WasmBackend(usual, `fast instead of turbo: ${reason}`);
}

/** A backend on turbo's kernels if there are any, and all of them pass; else on the usual ones. */
export function* turboBackend(usual: WasmBackendOptions, wanted: Wanted): Making<Backend> {
  const instead = (reason: string): WasmBackend => insteadOfTurbo(usual, reason);
  const kernels = yield* turboKernels(usual, wanted);
  if (typeof kernels === "string") return instead(kernels);
  const { operations } = usual;
  return new TrialBackend(new WasmBackend({ ...usual, kernels }), instead, (program, request, executor) =>
    trialFailure(program, { ...request, operations, executor, constants: new PlainConstants() }, usual.kernels));
}

/** @returns what is wrong with a program, for people to read */
type Trial = (program: Program, request: ProgramRequest, executor: WasmBackend["executor"]) => string | undefined;

/** A backend whose programs are checked when they are made. From the first failure on another one makes them; those that passed stay. */
export class TrialBackend implements Backend {
  readonly #tried: WasmBackend;
  readonly #makeInstead: (reason: string) => Backend;
  readonly #failure: Trial;
  #instead: Backend | undefined;
  #passed = 0;
  readonly #held: ((() => void) | undefined)[];
  readonly collected: (() => void) | undefined;

  constructor(tried: WasmBackend, instead: (reason: string) => Backend, failure: Trial) {
    this.#tried = tried;
    this.#makeInstead = instead;
    this.#failure = failure;
    const held = [tried.collected];
    this.#held = held;
    this.collected = tried.collected === undefined ? undefined : () => held.forEach((release) => release?.());
  }

  get name(): string {
    return (this.#instead ?? this.#tried).name;
  }

  get reason(): string {
    return (this.#instead ?? this.#tried).reason;
  }

  *program(request: ProgramRequest): Making<Program> {
    if (this.#instead === undefined) {
      const program = yield* this.#tried.program(request);
      const failure = this.#failure(program, request, this.#tried.executor);
      if (failure === undefined) {
        this.#passed++;
        return program;
      }
      program.drop?.();
      if (this.#passed === 0) {
        this.#tried.release();
        this.#held.pop();
      }
      this.#instead = this.#makeInstead(failure);
      this.#held.push(this.#instead.collected);
    }
    return yield* this.#instead.program(request);
  }

  refresh(): void {
    if (this.#instead === undefined || this.#passed > 0) this.#tried.refresh();
    this.#instead?.refresh();
  }

  release(): void {
    if (this.#instead === undefined || this.#passed > 0) this.#tried.release();
    this.#instead?.release();
  }
}
