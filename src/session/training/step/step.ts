/**
 * The forward and backward pass of a training step while they are planned: units go forward in order and back in reverse, each by the rule
 * of its operation.
 */
import { sliceGradientKernel } from "../../../../kernels/wasm/training/slice-gradient.ts";
import { fromPlanarKernel } from "../../../../kernels/wasm/operations/move.ts";
import type { Layout } from "../../../../kernels/wasm/shared/layout.ts";
import type { Constant, Graph, Kind, Value } from "../../../graph/graph.ts";
import { declarations } from "../../../operations/index.ts";
import type { Declaration } from "../../../operations/record.ts";
import { batchOf, layoutOf, planarLayout } from "../../plan/layouts.ts";
import { scatter } from "../../plan/nhwc.ts";
import type { Image } from "../../plan/places.ts";
import type { Arithmetic } from "../../backends/numerics.ts";
import type { TrainingContext } from "./context.ts";
import type { Trusts } from "./trusts.ts";
import { Gradients } from "./gradients.ts";
import type { Mask } from "./masks.ts";
import { planCopy } from "../plain/tasks.ts";
import { Workspace } from "../plain/workspace.ts";
import { ruleOf } from "../rules/index.ts";
import type { TrainingState } from "../state.ts";
import { StepPlanner } from "./step-planner.ts";
import { unitsOf } from "./units.ts";
import type { Unit } from "./units.ts";

/** All tensors of a graph. */
export interface Constants {
  /** What learns. */
  readonly parameters: Constant[];
  /** Running statistics. */
  readonly statistics: Constant[];
  /** What is made of others before each step. */
  readonly derived: Constant[];
}

export function constantsOf({ nodes }: Pick<Graph, "nodes">): Constants {
  const constants: Constants = { parameters: [], statistics: [], derived: [] };
  for (const { operation } of nodes) {
    const record = declarations[operation.kind] as Declaration<Kind>;
    for (const kind of ["parameters", "statistics"] as const) {
      for (const constant of record[kind]?.(operation) ?? []) {
        if (constant !== undefined) constants[constant.derived === undefined ? kind : "derived"].push(constant);
      }
    }
  }
  return constants;
}

/** Inputs of a unit, with what is added to its result. */
const read = ({ inputs, residual }: Unit): readonly Value[] => (residual === undefined ? inputs : [...inputs, residual]);

/** These values, and those that they or a parameter which trains lie behind. */
function behind(first: readonly Value[], units: readonly Unit[], state: TrainingState): Set<Value> {
  const wanted = new Set(first);
  for (const unit of units) {
    const { parameters, derived } = constantsOf({ nodes: [unit] });
    const own = [...parameters, ...derived].some((constant) => state.trains(constant));
    if (own || read(unit).some((value) => wanted.has(value))) wanted.add(unit.output);
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
    const image = plan.image(layoutOf(output, 0), batchOf(output));
    plan.incoming(image.region);
    masks.set(output, { draw: operation.draw, image });
  }
  return masks;
}

export interface StepOptions {
  readonly graph: Graph;
  readonly state: TrainingState;
  /** What kernels may do. */
  readonly arithmetic: Arithmetic;
  readonly trusts: Trusts;
  /** Values whose gradients are wanted though no parameter lies behind them. */
  readonly wanted?: readonly Value[];
}

/** A step that is planned but for its ends. */
export interface PlannedStep {
  readonly context: TrainingContext;
  /** Of the graph's inputs, as users see them: [N,C,H,W]. */
  readonly planar: readonly Image[];
  readonly masks: ReadonlyMap<Value, PlannedMask>;
}

/** @param begin plans where gradients begin: the loss @throws RangeError for an operation that sessions do not train */
export function planStep(
  { graph, state, arithmetic, trusts, wanted = [] }: StepOptions, begin: (context: TrainingContext) => void,
): PlannedStep {
  const units = unitsOf(graph, trusts);
  const plan = new StepPlanner(graph.inputs[0].shape[0]);
  const masks = planMasks(graph, plan);
  const halos = new Map<Value, number>();
  const makers = new Map(units.map((unit) => [unit.output, unit]));
  const users = new Map<Value, Unit[]>();
  for (const unit of units) {
    const [x] = unit.inputs;
    halos.set(x, Math.max(halos.get(x) ?? 0, ruleOf(unit, trusts, plan.batch).inputHalo?.(unit) ?? 0));
    for (const value of read(unit)) users.set(value, [...(users.get(value) ?? []), unit]);
  }
  const gradientLayout = (value: Value): Layout => {
    const maker = makers.get(value);
    return layoutOf(value, maker === undefined ? 0 : (ruleOf(maker, trusts, plan.batch).gradientHalo?.(maker) ?? 0));
  };
  const workspace = new Workspace();
  const copy = (to: Image, from: Image, accumulate: boolean): void => {
    if (trusts("sums")) plan.stage(plan.whole(sliceGradientKernel(to.images, to.layout, from.layout, 0, accumulate), [to, from]));
    else planCopy(plan, workspace, to, from, accumulate);
  };
  const images = new Map<Value, Image>();
  const context: TrainingContext = {
    plan, batch: plan.batch, fma: arithmetic.fma, wide: arithmetic.wide, winograd: arithmetic.exact !== true,
    short: arithmetic.exact !== true, state, trusts, workspace, copy, packs: [], transforms: [], awaitingMean: new Map(),
    gradients: new Gradients(plan, behind(wanted, units, state), gradientLayout, copy),
    image(value) {
      const image = images.get(value) ?? plan.image(layoutOf(value, halos.get(value) ?? 0), batchOf(value));
      images.set(value, image);
      return image;
    },
    alias: (value, image) => void images.set(value, image),
    mask: (value) => masks.get(value)!.image,
    users: (value) => users.get(value) ?? [],
  };
  const { gradients } = context;
  plan.of("input");
  const planar = graph.inputs.map((input) => {
    const [x, given] = [context.image(input), plan.image(planarLayout(input), batchOf(input))];
    plan.incoming(given.region);
    // The kernels of flattening are the same ones.
    if (trusts("flatten") && x.images === plan.batch) plan.stage(plan.each(fromPlanarKernel(x.layout), [x, given]));
    else plan.script(
      [x, given], ({ memory, address }) => () => scatter(memory, address(x), x, state.view(address(given), given.region.bytes / 4)),
    );
    return given;
  });
  for (const unit of units) {
    plan.of(unit.operation.kind);
    ruleOf(unit, trusts, plan.batch).forward(unit, context);
  }
  begin(context);
  for (const unit of [...units].reverse()) {
    plan.of(`${unit.operation.kind} gradient`);
    const dy = gradients.take(unit.output);
    if (dy === undefined) continue;
    if (gradients.wants(unit.output)) ruleOf(unit, trusts, plan.batch).backward(unit, dy, context);
    gradients.release(dy);
  }
  return { context, planar, masks };
}
