/**
 * A training step as a program: forward pass, loss and backward pass in one function of WebAssembly, the update in a second, the packing of weights
 * in a third. Units go forward in order and back in reverse, each by the rule of its operation (rules/).
 */
import type { Graph } from "../../graph/graph.ts";
import { placePlan } from "../plan/plan.ts";
import type { PlacedEntry } from "../plan/plan.ts";
import type { WasmHost } from "../backends/wasm/engine.ts";
import { install, partsOf } from "../backends/wasm/install.ts";
import type { Part } from "../backends/wasm/install.ts";
import { trustsOf } from "./step/context.ts";
import { planLoss } from "./loss.ts";
import type { Loss } from "./loss.ts";
import type { Mask } from "./step/masks.ts";
import type { TrainingOptions } from "./options.ts";
import type { TrainingState } from "./state.ts";
import { planStep } from "./step/step.ts";
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
  readonly steps: readonly { readonly kernels: readonly string[]; readonly run: () => void }[];
}

/** @param stepwise has each stage of the step a function of its own, so that it can be timed? */
export function trainingProgram(graph: Graph, state: TrainingState, host: WasmHost, options: TrainingOptions, stepwise: boolean = false): TrainingProgram {
  const trusts = trustsOf(host);
  const [output] = graph.outputs;
  let loss: Loss | undefined;
  const { context, planar: [planar], masks } = planStep({ graph, state, fma: host.arithmetic.fma, trusts }, (step) => {
    step.plan.of("loss");
    loss = planLoss(output, step);
  });
  const { plan, packs } = context;
  plan.hold(loss!.terms);
  plan.hold(context.image(output).region);
  const updates = new Update(state, options, trusts);
  const packing = new StepPlanner(1);
  packing.stage(...packs);
  const [step, update, pack] = [plan.finish(), updates.plan(), packing.finish()].map((each) => placePlan(each, state.memory, 0));
  const { address, arenaBytes } = step;
  const newName = (): string => host.newRunName();
  const programs = [step, update, pack].map(({ entries }) => partsOf(entries, newName));
  if (stepwise) programs[0] = step.entries.flatMap((entry) => partsOf([entry], newName));
  const runs = install(programs.flat(), host);
  const [steps, updating, repacking] = programs.map((parts) => runs.splice(0, parts.length));
  const inOrder = (list: readonly (() => void)[]): (() => void) => () => list.forEach((run) => run());
  const drawn = [...masks].map(([{ shape }, { draw, image }]): Mask => ({ draw, shape, address: address(image) }));
  state.memory.commit(host.functions);
  const kernelsOf = (part: Part): string[] => (typeof part === "function" ? [] : part.stages.flatMap((stage) => stage.map(({ kernel }) => kernel.name)));
  return {
    step: inOrder(steps), update: inOrder(updating), pack: inOrder(repacking), updates, loss: loss!, masks: drawn, arenaBytes,
    input: address(planar), targets: address(loss!.targets), scales: address(loss!.scales), terms: address(loss!.terms), logits: address(context.image(output)),
    lines: Object.entries({ step, update, pack }).flatMap(([name, { entries }]) => entries.flatMap((entry, i) => linesOf(`${name.padEnd(6)} ${String(i).padStart(4)}`, entry))),
    steps: stepwise ? programs[0].map((part, i) => ({ kernels: kernelsOf(part), run: steps[i] })) : [],
  };
}

/** One a call: the program and stage, the operation's kind, the kernel. */
function linesOf(stage: string, entry: PlacedEntry): string[] {
  const begin = `${stage}  ${entry.kind.padEnd(30)}`;
  return "step" in entry ? [`${begin} plain, between conversions`] : entry.calls.map(({ kernel }) => `${begin} ${kernel.name}`);
}
