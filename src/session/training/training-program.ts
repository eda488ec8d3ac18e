/**
 * A training step as a program: forward pass, loss and backward pass in one function of WebAssembly, the update in a second, the packing of weights
 * in a third. Units go forward in order and back in reverse, each by the rule of its operation (rules/).
 */
import { fromPlanarKernel } from "../../../kernels/wasm/operations/move.ts";
import type { Layout } from "../../../kernels/wasm/shared/layout.ts";
import type { Constant, Graph, Kind, Value } from "../../graph/graph.ts";
import { declarations } from "../../operations/index.ts";
import type { Declaration } from "../../operations/record.ts";
import { layoutOf, planarLayout } from "../plan/layouts.ts";
import type { Image } from "../plan/places.ts";
import { placePlan } from "../plan/plan.ts";
import { StepPlanner } from "./step-planner.ts";
import type { WasmHost } from "../backends/wasm/engine.ts";
import { install, partsOf } from "../backends/wasm/install.ts";
import type { Part } from "../backends/wasm/install.ts";
import type { TrainingContext } from "./context.ts";
import { Gradients } from "./gradients.ts";
import { planLoss } from "./loss.ts";
import type { Loss } from "./loss.ts";
import type { Mask } from "./masks.ts";
import type { TrainingOptions } from "./options.ts";
import { ruleOf } from "./rules/index.ts";
import type { TrainingState } from "./state.ts";
import { unitsOf } from "./units.ts";
import type { Unit } from "./units.ts";
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
  /** One line a call, stages parted by numbers. */
  readonly lines: readonly string[];
  /** The step stage by stage, if that was asked for: what runs, for measurements. */
  readonly steps: readonly { readonly kernels: readonly string[]; readonly run: () => void }[];
}

/** All tensors of a graph: what learns, and running statistics. */
export function constantsOf(graph: Graph): { readonly parameters: Constant[]; readonly statistics: Constant[] } {
  const parameters: Constant[] = [];
  const statistics: Constant[] = [];
  for (const { operation } of graph.nodes) {
    const record = declarations[operation.kind] as Declaration<Kind>;
    parameters.push(...(record.parameters?.(operation) ?? []).filter((constant) => constant !== undefined));
    statistics.push(...(record.statistics?.(operation) ?? []));
  }
  return { parameters, statistics };
}

/** The values that a parameter which trains lies behind. */
function wantedValues(units: readonly Unit[], state: TrainingState): Set<Value> {
  const wanted = new Set<Value>();
  for (const { operation, inputs, residual, output } of units) {
    const own = constantsOf({ inputs: [], outputs: [], nodes: [{ operation, inputs, output }] }).parameters.some((constant) => state.trains(constant));
    if (own || [...inputs, ...(residual === undefined ? [] : [residual])].some((value) => wanted.has(value))) wanted.add(output);
  }
  return wanted;
}

interface PlannedMask {
  readonly draw: Mask["draw"];
  readonly image: Image;
}

/** The masks of all dropouts by what these make, in the order in which an eager forward pass comes to them. */
function planMasks({ nodes }: Graph, plan: StepPlanner): Map<Value, PlannedMask> {
  const masks = new Map<Value, PlannedMask>();
  for (const { operation, output } of nodes) {
    if (operation.kind !== "dropout") continue;
    const image = plan.image(layoutOf(output, 0));
    plan.incoming(image.region);
    masks.set(output, { draw: operation.draw, image });
  }
  return masks;
}

function contextOf(units: readonly Unit[], plan: StepPlanner, masks: ReadonlyMap<Value, PlannedMask>, state: TrainingState, fma: boolean): TrainingContext {
  const halos = new Map<Value, number>();
  const makers = new Map<Value, Unit>();
  const users = new Map<Value, Unit[]>();
  for (const unit of units) {
    const { inputs, residual, output } = unit;
    halos.set(inputs[0], Math.max(halos.get(inputs[0]) ?? 0, ruleOf(unit).inputHalo?.(unit) ?? 0));
    makers.set(output, unit);
    for (const value of [...inputs, ...(residual === undefined ? [] : [residual])]) users.set(value, [...(users.get(value) ?? []), unit]);
  }
  const images = new Map<Value, Image>();
  const gradientLayout = (value: Value): Layout => {
    const maker = makers.get(value);
    return layoutOf(value, maker === undefined ? 0 : (ruleOf(maker).gradientHalo?.(maker) ?? 0));
  };
  return {
    plan, batch: plan.batch, fma, state, packs: [], awaitingMean: new Map(),
    gradients: new Gradients(plan, wantedValues(units, state), gradientLayout),
    image: (value) => {
      const image = images.get(value) ?? plan.image(layoutOf(value, halos.get(value) ?? 0));
      images.set(value, image);
      return image;
    },
    alias: (value, image) => void images.set(value, image),
    mask: (value) => masks.get(value)!.image,
    users: (value) => users.get(value) ?? [],
  };
}

/** @param stepwise has each stage of the step a function of its own, so that it can be timed? */
export function trainingProgram(graph: Graph, state: TrainingState, host: WasmHost, options: TrainingOptions, stepwise: boolean = false): TrainingProgram {
  const units = unitsOf(graph);
  const [input] = graph.inputs;
  const plan = new StepPlanner(input.shape[0]);
  const planned = planMasks(graph, plan);
  const context = contextOf(units, plan, planned, state, host.arithmetic.fma);
  const { gradients, packs } = context;
  const [output] = graph.outputs;
  const x = context.image(input);
  const planar = plan.image(planarLayout(input));
  plan.incoming(planar.region);
  plan.of("input");
  plan.stage(plan.each(fromPlanarKernel(x.layout), [x, planar]));
  for (const unit of units) {
    plan.of(unit.operation.kind);
    ruleOf(unit).forward(unit, context);
  }
  plan.of("loss");
  const loss = planLoss(output, context);
  for (const unit of [...units].reverse()) {
    plan.of(`${unit.operation.kind} gradient`);
    const dy = gradients.take(unit.output);
    if (dy === undefined) continue;
    if (gradients.wants(unit.output)) ruleOf(unit).backward(unit, dy, context);
    gradients.release(dy);
  }
  plan.hold(loss.terms);
  plan.hold(context.image(output).region);
  const updates = new Update(state, options);
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
  const masks = [...planned].map(([{ shape }, { draw, image }]): Mask => ({ draw, shape, address: address(image) }));
  state.memory.commit(host.functions);
  const kernelsOf = (part: Part): string[] => (typeof part === "function" ? [] : part.stages.flatMap((stage) => stage.map(({ kernel }) => kernel.name)));
  return {
    step: inOrder(steps), update: inOrder(updating), pack: inOrder(repacking), updates, loss, masks, arenaBytes,
    input: address(planar), targets: address(loss.targets), scales: address(loss.scales), terms: address(loss.terms), logits: address(context.image(output)),
    lines: programs.flat().flatMap((part) => (typeof part === "function" ? ["(JavaScript)"] : part.stages.flatMap((stage, i) =>
      stage.map(({ kernel }) => `${part.name} ${String(i).padStart(4)}  ${kernel.name}`)))),
    steps: stepwise ? programs[0].map((part, i) => ({ kernels: kernelsOf(part), run: steps[i] })) : [],
  };
}
