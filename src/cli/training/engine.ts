/**
 * What computes a run of `senet train`: a training session where the host and the model can, else the eager engine; and what measures it.
 */
import * as plain from "../../../kernels/plain/index.ts";
import * as reference from "../../../kernels/reference/index.ts";
import type { Module } from "../../nn/module.ts";
import type { QuantisedNetwork } from "../../quantise/network.ts";
import type { UpdateRule } from "../../session/training/update-rules.ts";
import { compileTraining } from "../../session/training/training-session.ts";
import type { TrainingSession } from "../../session/training/training-session.ts";
import type { Shape } from "../../tensor.ts";
import { Adam, AdamW } from "../../train/optimisers/adam.ts";
import type { Normalisation } from "../../train/data/augment.ts";
import type { Dataset } from "../../train/data/dataset.ts";
import { evaluateLoading } from "../../train/evaluate.ts";
import type { EvaluateOptions, Evaluation } from "../../train/evaluate.ts";
import type { Optimiser } from "../../train/optimisers/optimiser.ts";
import { Sgd } from "../../train/optimisers/sgd.ts";
import { UsageError } from "../command.ts";
import { engineFor, inference } from "../engine.ts";
import type { EngineChoice } from "../engine.ts";
import { parseGroups } from "./fine-tuning.ts";
import type { Settings } from "./settings.ts";

function makeOptimiser(settings: EngineSettings, model: Module): Optimiser {
  const { optimiser, momentum, weightDecay } = settings;
  const parameters = model.namedParameters();
  if (optimiser === "adam") return new Adam(parameters, { weightDecay });
  if (optimiser === "adamw") return new AdamW(parameters, { weightDecay });
  return new Sgd(parameters, { momentum, weightDecay, nesterov: optimiser === "nesterov" });
}

/** What of a run's settings decides what computes it. */
export type EngineSettings = Pick<
  Settings, "engine" | "kernels" | "numerics" | "optimiser" | "momentum" | "weightDecay" | "smoothing" | "clip" | "average" | "groups"
>;

function updateRule({ optimiser, momentum, weightDecay }: EngineSettings): UpdateRule {
  return optimiser === "adamw"
    ? { method: "adamw", weightDecay }
    : { method: "sgd", momentum, weightDecay, nesterov: optimiser === "nesterov" };
}

/** One of the two, as `Trainer` wants it, and what runs in words. */
export interface Chosen {
  readonly optimiser?: Optimiser;
  readonly session?: TrainingSession;
  readonly classWeights?: readonly number[];
  readonly kernels: string;
}

/**
 * @throws UsageError where settings ask for what the eager engine has not; RangeError or Error where wasm kernels are asked for and cannot
 * be had
 */
export async function chooseEngine(
  settings: EngineSettings, model: Module, input: Shape, threads: number | undefined, classWeights: readonly number[] | undefined,
  { int8, command = "train" }: { readonly int8?: QuantisedNetwork | undefined; readonly command?: string } = {},
): Promise<Chosen> {
  const { kernels, numerics, smoothing, clip, average, optimiser } = settings;
  const groups = parseGroups(settings.groups);
  let why = "";
  const engine = settings.engine === "auto" ? undefined : settings.engine;
  engineFor(command, kernels, engine);
  const must = engine === "session" || kernels === "wasm" || int8 !== undefined;
  if (must && kernels === "plain") {
    throw new UsageError(`senet ${command}: a training session has wasm kernels only; plain ones want --engine eager`);
  }
  if (must && optimiser === "adam") throw new UsageError("senet train: a training session has sgd, nesterov and adamw, not adam");
  if (kernels === "plain") why = ", because training sessions have wasm kernels only";
  else if (optimiser === "adam") why = ", because training sessions have no adam";
  else if (engine !== "eager" && kernels !== "reference") {
    try {
      const session = await compileTraining(model, {
        input, optimiser: updateRule(settings), numerics, smoothing,
        ...(threads === undefined ? {} : { threads }), ...(clip === undefined ? {} : { clip }), ...(average === 0 ? {} : { average }),
        ...(groups.length === 0 ? {} : { groups }),
        ...(classWeights === undefined ? {} : { classWeights }), ...(int8 === undefined ? {} : { int8 }),
      });
      return { session, kernels: session.kernels };
    } catch (error) {
      if (must) throw error;
      why = `, because ${(error as Error).message}`;
    }
  }
  if (clip !== undefined || average !== 0 || groups.length > 0) {
    throw new UsageError(`senet train: clip, average and groups want a training session${why}`);
  }
  model.use(kernels === "reference" ? reference : plain);
  return {
    ...(classWeights === undefined ? {} : { classWeights }), optimiser: makeOptimiser(settings, model),
    kernels: `eager, ${kernels === "reference" ? "reference" : "plain"} kernels${why}`,
  };
}

/** What measures the model of a run: as it was trained, eagerly where that was asked for. */
export function measuringEngine({ engine, kernels }: Pick<Settings, "engine" | "kernels">, threads: number | undefined): EngineChoice {
  return { engine: engine === "eager" || kernels === "reference" ? "eager" : "session", kernels, threads };
}

/** What `measure` wants beside the model and the images. */
export interface MeasureOptions extends Pick<EvaluateOptions, "progress" | "answers"> {
  readonly engine: EngineChoice;
  /** What computes instead of the model. */
  readonly quantised?: QuantisedNetwork | undefined;
  /** Images at a time. Default 100, or all where there are fewer. */
  readonly batch?: number;
}

/** Evaluates the model with its weights of now, and says in words which kernels did. */
export async function measure(model: Module, data: Dataset, normalisation: Normalisation, options: MeasureOptions): Promise<Evaluation & {
  readonly kernels: string
}> {
  const { engine, batch = Math.min(100, data.size), quantised, ...watch } = options;
  const { run, kernels, close } = await inference(quantised ?? model, engine, [batch, ...data.shape.slice(1)]);
  try {
    return {
      ...(await evaluateLoading(model, data, normalisation, {
        batch, ...watch, ...(engine.engine === "session" ? { forward: run } : {}),
      })), kernels,
    };
  } finally {
    close();
  }
}
