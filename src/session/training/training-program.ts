/**
 * Makes a program of a training step. One WebAssembly function computes the forward pass, the loss and the backward pass; a second one
 * updates the weights; a third one packs them for the kernels. step/step.ts plans the first.
 */
import type { Graph } from "../../graph/graph.ts";
import { placePlan } from "../plan/plan.ts";
import type { Entry, PlacedPlan } from "../plan/plan.ts";
import { atOnce } from "../backends/making.ts";
import type { Making } from "../backends/making.ts";
import type { WasmExecutor } from "../backends/wasm/executor.ts";
import { installing, spansOf } from "../backends/wasm/install.ts";
import type { Span } from "../backends/wasm/install.ts";
import { trustsOf } from "./step/trusts.ts";
import { planLoss } from "./loss.ts";
import type { Loss } from "./loss.ts";
import type { Mask } from "./step/masks.ts";
import type { TrainingOptions } from "./options.ts";
import type { TrainingState } from "./state.ts";
import { planStep } from "./step/step.ts";
import type { PlannedStep } from "./step/step.ts";
import { StepPlanner } from "./step/step-planner.ts";
import { Update } from "./update.ts";

export interface TrainingProgram {
  /** Forward pass, loss, backward pass: adds to gradients, updates running statistics. */
  readonly step: () => void;
  readonly update: () => void;
  readonly pack: () => void;
  readonly updates: Update;
  readonly loss: Loss;
  /** To be drawn before each step, in this order. */
  readonly masks: readonly Mask[];
  /** Addresses in bytes. */
  readonly input: number;
  readonly targets: number;
  readonly terms: number;
  readonly logits: number;
  readonly scales: number;
  readonly arenaBytes: number;
  /** For `session.plan`. */
  readonly lines: readonly string[];
  /** The step stage by stage, if that was asked for: what runs, for measurements. */
  readonly stages: readonly { readonly kernels: readonly string[]; readonly run: () => void }[];
}

/** A step, an update and the packing of weights that have their places, and functions that run them. */
export interface PlacedStep {
  readonly step: () => void;
  readonly update: () => void;
  readonly pack: () => void;
  readonly address: PlacedPlan["address"];
  readonly arenaBytes: number;
  readonly masks: readonly Mask[];
  readonly lines: readonly string[];
  readonly stages: TrainingProgram["stages"];
}

/**
 * Compiles what the executor does not have yet, and commits its memory.
 * @param staged has each stage of the step a function of its own, so that it can be timed?
 */
export function* placedStep(
  { context: { plan, packs, transforms }, masks }: PlannedStep, updates: Update, executor: WasmExecutor, staged: boolean = false,
): Making<PlacedStep> {
  const packing = new StepPlanner(1);
  packing.stage(...packs);
  packing.stage(...transforms);
  const plans = { step: plan.finish(), update: updates.plan(), pack: packing.finish() };
  const [step, update, pack] = Object.values(plans).map((each) => placePlan(each, executor.memory, 0));
  const newName = (): string => executor.newRunName();
  const programs = [step, update, pack].map(({ entries }) => spansOf(entries, newName));
  if (staged) programs[0] = step.entries.flatMap((entry) => spansOf([entry], newName));
  const all = programs.flat();
  // Where all is JavaScript nothing is compiled.
  const runs = all.every((span) => typeof span === "function") ? all : yield* installing(all, executor);
  executor.memory.commit(executor.functions);
  const [routines, , repacking] = programs.map((spans) => runs.splice(0, spans.length));
  // This thread's alone: a worker that ends in the middle leaves what nobody can take back, and memory is what an update waits for.
  const updating = programs[1].map((span) => (typeof span === "function" ? span : executor.runner(span.name, 1)));
  const inOrder = (list: readonly (() => void)[]): (() => void) => () => list.forEach((run) => run());
  const kernelsOf = (span: Span): string[] => (
    typeof span === "function" ? [] : span.stages.flatMap((stage) => stage.map(({ kernel }) => kernel.name))
  );
  return {
    step: inOrder(routines), update: inOrder(updating), pack: inOrder(repacking), address: step.address, arenaBytes: step.arenaBytes,
    masks: [...masks].map(([{ shape }, { draw, image }]) => ({ draw, shape, address: step.address(image) })),
    lines: Object.entries(plans).flatMap(
      ([name, { entries }]) => entries.flatMap((entry, i) => linesOf(`${name.padEnd(6)} ${String(i).padStart(4)}`, entry)),
    ),
    stages: staged ? programs[0].map((span, i) => ({ kernels: kernelsOf(span), run: routines[i] })) : [],
  };
}

/** @param staged as of `placedStep` */
export function trainingProgram(
  graph: Graph, state: TrainingState, executor: WasmExecutor, options: TrainingOptions, staged: boolean = false,
): TrainingProgram {
  const trusts = trustsOf(executor);
  const [output] = graph.outputs;
  let loss: Loss | undefined;
  const planned = planStep({ graph, state, arithmetic: executor.arithmetic, trusts }, (step) => {
    step.plan.of("loss");
    loss = planLoss(output, step);
  });
  const { context, planar: [planar] } = planned;
  context.plan.hold(loss!.terms);
  context.plan.hold(context.image(output).region);
  const updates = new Update(state, options, trusts);
  const { address, ...placed } = atOnce(placedStep(planned, updates, executor, staged));
  return {
    ...placed, updates, loss: loss!, input: address(planar), targets: address(loss!.targets), scales: address(loss!.scales),
    terms: address(loss!.terms),
    logits: address(context.image(output)),
  };
}

/** One a call: the program and stage, the operation's kind, the kernel. */
function linesOf(stage: string, entry: Entry): string[] {
  const begin = `${stage}  ${entry.kind.padEnd(30)}`;
  return "bind" in entry ? [`${begin} plain, between conversions`] : entry.calls.map(({ kernel }) => `${begin} ${kernel.name}`);
}
