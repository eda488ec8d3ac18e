/**
 * What computes a command's answers. `--engine` names who runs the network (a session, or the modules eagerly), `--kernels` the family of
 * kernels that it runs on. Both mean the same in every command.
 */
import * as plain from "../../kernels/plain/index.ts";
import * as reference from "../../kernels/reference/index.ts";
import type { Module } from "../nn/module.ts";
import { numericsNames } from "../session/backends/numerics.ts";
import type { Numerics } from "../session/backends/numerics.ts";
import type { QuantisedNetwork } from "../quantise/network.ts";
import { compile } from "../session/session.ts";
import type { Shape, Tensor } from "../tensor.ts";
import { UsageError } from "./command.ts";
import type { Arguments, OptionHelp } from "./command.ts";
import { adding, numericsOption, options } from "./options.ts";

export const engineNames = ["session", "eager"] as const;
export type EngineName = (typeof engineNames)[number];
/** `auto`: wasm where the host has it, else plain. */
export const kernelNames = ["auto", "wasm", "plain", "reference"] as const;
export type KernelName = (typeof kernelNames)[number];

/** Which engine, on which kernels. */
export interface EngineChoice {
  readonly engine: EngineName;
  readonly kernels: KernelName;
  readonly numerics?: Numerics | undefined;
  /** Of wasm kernels; by default as many as the host has processors, at most 4. */
  readonly threads?: number | undefined;
}

export const engineOptions: Readonly<Record<string, OptionHelp>> = {
  engine: adding(options.engine, "; default session"),
  kernels: adding(options.kernels, "; default wasm where the host can"),
  numerics: numericsOption(numericsNames, "exact"),
  threads: options.threads,
};

/** Which engine has these kernels. @throws UsageError where the one that is asked for has them not */
export function engineFor(command: string, kernels: KernelName, engine: EngineName | undefined): EngineName {
  if (engine === "eager" && kernels === "wasm") {
    throw new UsageError(`senet ${command}: the eager engine has plain and reference kernels; wasm ones want --engine session`);
  }
  if (engine === "session" && kernels === "reference") {
    throw new UsageError(`senet ${command}: a session has wasm and plain kernels; reference ones want --engine eager`);
  }
  return engine ?? (kernels === "reference" ? "eager" : "session");
}

export function threadsFrom(args: Arguments): number | undefined {
  return args.text("threads") === undefined ? undefined : args.number("threads", 1, { least: 1, whole: true });
}

/** What the arguments choose. @throws UsageError */
export function engineFromArguments(args: Arguments): EngineChoice {
  const kernels = args.choice("kernels", kernelNames, "auto");
  const asked = args.text("engine") === undefined ? undefined : args.choice("engine", engineNames, "session");
  return {
    engine: engineFor(args.command.name, kernels, asked), kernels, numerics: args.choice("numerics", numericsNames, "exact"),
    threads: threadsFrom(args),
  };
}

/** A network that answers. */
export interface Inference {
  readonly run: (x: Tensor<Float32Array>) => Tensor<Float32Array>;
  /** For people: what computes, and why. */
  readonly kernels: string;
  close(): void;
}

/** @param input of the first run; others may have another batch or image size @throws UsageError for a quantised network run eagerly */
export async function inference(
  model: Module | QuantisedNetwork, { engine, kernels, numerics = "exact", threads }: EngineChoice, input: Shape,
): Promise<Inference> {
  if (engine === "eager" || kernels === "reference") {
    if ("quantised" in model) throw new UsageError("senet: a quantised network runs in a session; the eager engine has float32 only");
    model.use(kernels === "reference" ? reference : plain);
    return {
      run: (x) => model.forward(x), kernels: `eager, ${kernels === "reference" ? "reference" : "plain"} kernels`, close: () => undefined,
    };
  }
  const session = await compile(model, { input, numerics, kernels, ...(threads === undefined ? {} : { threads }) });
  return { run: (x) => session.run(x), kernels: session.kernels, close: () => session.close() };
}
