/**
 * Are the kernels of training right on this host? Before a session uses them, each kind of unit that its network has computes something
 * small, forward and backward, on them and on the plain kernels; so do the loss, sums of gradients and the update. What differs is never
 * used.
 */
import type { Activation, Constant, Graph, Kind, Node, Operation, Value } from "../../../graph/graph.ts";
import type { Computation } from "../../../operations/record.ts";
import { Tensor, sizeOf } from "../../../tensor.ts";
import type { Shape } from "../../../tensor.ts";
import { allOperations } from "../../backends/all-operations.ts";
import type { Making } from "../../backends/making.ts";
import { checkValues } from "../../backends/wasm/checks/values.ts";
import { WasmExecutor, compileNothing } from "../../backends/wasm/executor.ts";
import { gather, scatter } from "../../plan/nhwc.ts";
import type { Image } from "../../plan/places.ts";
import { layoutOf } from "../../plan/layouts.ts";
import { planLoss } from "../loss.ts";
import type { Loss } from "../loss.ts";
import { maskDrawer } from "../step/masks.ts";
import type { TrainingOptions } from "../options.ts";
import { hasKernels } from "../rules/index.ts";
import { TrainingState } from "../state.ts";
import type { TrainingContext } from "../step/context.ts";
import type { TrainingTask, Trusts } from "../step/trusts.ts";
import { constantsOf, planStep } from "../step/step.ts";
import { unitsOf } from "../step/units.ts";
import type { Unit } from "../step/units.ts";
import { placedStep } from "../training-program.ts";
import { Update } from "../update.ts";
import { addCases } from "./cases.ts";
import type { TrainingBench } from "./cases.ts";

/** Of the largest value of a result. */
const TOLERANCE = 1e-4;

/** What a session's training is to be checked for. */
export interface TrainingCheck {
  /** Everything that kernels tell apart; all begin with "training ". */
  readonly labels: ReadonlySet<string>;
  /** @returns what of these does not pass, as executors refuse it, with what went wrong */
  run(missing: ReadonlySet<string>, executor: WasmExecutor): Making<ReadonlyMap<string, string>>;
}

/** What is checked together: an operation, and what is joined to it. */
type Joined = Pick<Unit, "residual" | "activation"> & { readonly operation: Operation };

/** Of an operation, what its kernels tell apart. */
function operationLabel(operation: Operation): string {
  const label = (allOperations.computations[operation.kind] as Computation<Kind> | undefined)?.label?.(operation) ?? operation.kind;
  return operation.kind === "batch_norm" && operation.frozen === true ? `${label} frozen` : label;
}

function labelOf({ operation, residual, activation }: Joined): string {
  return [
    "training", operationLabel(operation), ...(residual === undefined ? [] : ["add"]),
    ...(activation === undefined ? [] : [activation.activation]),
  ].join(" ");
}

const tasksOf = ({ optimiser: { method }, average, clip }: Pick<TrainingOptions, "optimiser" | "average" | "clip">): TrainingTask[] =>
  ["loss", "sums", method, ...(average === undefined ? [] : ["averages" as const]), ...(clip === undefined ? [] : ["clipping" as const])];

/** @param graph of training @throws RangeError for an operation that sessions do not train */
export function trainingCheck(graph: Graph, options: Pick<TrainingOptions, "optimiser" | "average" | "clip">): TrainingCheck {
  const flatten: Joined = { operation: { kind: "flatten" }, residual: undefined, activation: undefined };
  // Inputs come in by the kernels of flattening.
  const units = new Map(
    [flatten, ...unitsOf(graph, () => true)].filter(({ operation }) => hasKernels(operation.kind)).map((unit) => [labelOf(unit), unit]),
  );
  const tasks = tasksOf(options);
  return {
    labels: new Set([...units.keys(), ...tasks.map((task) => `training ${task}`)]),
    run: (missing, executor) => wrongLabels(
      [...units].flatMap(([label, unit]) => (missing.has(label) ? [unit] : [])), tasks.filter((task) => missing.has(`training ${task}`)),
      options, executor,
    ),
  };
}

/** A graph of cases. */
interface Cases {
  readonly graph: Graph;
  /** The kind that each output is a case of. */
  readonly kinds: ReadonlyMap<Value, Kind | "sums">;
  /** What an output depends on alone: inputs and constants. */
  readonly inputs: ReadonlyMap<Value, Kind | "sums">;
  readonly constants: ReadonlyMap<string, Kind | "sums">;
  /** For the loss. */
  readonly logits: Value;
  /** Inputs whose gradients have begun already, and are added to. */
  readonly begun: ReadonlySet<Value>;
  /** A parameter of no operation. */
  readonly extra: Constant;
}

function casesOf(units: readonly Joined[], sums: boolean): Cases {
  const next = checkValues(11);
  const nodes: Node[] = [];
  const kinds = new Map<Value, Kind | "sums">();
  const inputs = new Map<Value, Kind | "sums">();
  const constants = new Map<string, Kind | "sums">();
  const begun = new Set<Value>();
  let kind: Kind | "sums" = "sums";
  let adding = false;
  const input = (shape: Shape): Value => {
    const value = { name: `input ${inputs.size}`, shape };
    inputs.set(value, kind);
    if (adding) begun.add(value);
    return value;
  };
  const constant = (shape: Shape, positive = false): Constant => {
    const tensor = Tensor.zeros(shape);
    for (let i = 0; i < tensor.size; i++) tensor.data[i] = positive ? 0.5 + Math.abs(next()) : next();
    const name = `constant ${constants.size}`;
    constants.set(name, kind);
    return { name, read: () => tensor };
  };
  const before = (operation: Operation, shape: Shape, ...from: readonly Value[]): Value => {
    const output = { name: `node ${nodes.length}`, shape };
    nodes.push({ operation, inputs: from, output });
    return output;
  };
  for (const { operation: { kind: own }, ...unit } of units.map((each) => ({ ...each, label: operationLabel(each.operation) }))) {
    kind = own as Kind;
    const add: TrainingBench["add"] = (operation, shape, ...from) => {
      // Sums with an activation of their own are of inference: in training it is a node, joined to the unit or not.
      const joined = operation.kind !== "activation" && "activation" in operation && operation.activation !== undefined;
      if (joined || operationLabel(operation) !== unit.label) return { name: "left out", shape };
      let value = before(operation, shape, ...from);
      if (unit.residual !== undefined) value = before({ kind: "add" }, shape, value, input(shape));
      if (unit.activation !== undefined) value = before({ ...(unit.activation satisfies Activation), kind: "activation" }, shape, value);
      kinds.set(value, kind);
      return value;
    };
    for (adding of [false, true]) addCases(kind, { input, constant, before, add });
  }
  [kind, adding] = ["sums", false];
  const logits = input([2, 20]);
  const [wide, narrow] = [input([2, 20, 5, 4]), input([2, 3, 5, 4])];
  // A value that is used twice, with and without a halo around its gradient.
  for (const x of sums ? [wide, narrow] : []) kinds.set(before({ kind: "add" }, x.shape, x, x), kind);
  return {
    graph: { inputs: [...inputs.keys()], nodes, outputs: [...kinds.keys()] }, kinds, inputs, constants, logits, begun,
    extra: constant([37]),
  };
}

/** What a step and an update compute: arrays, with what each is of. */
type Results = readonly { readonly of: string; readonly values: ArrayLike<number> }[];

function* results(
  all: Cases, tasks: readonly TrainingTask[], options: Pick<TrainingOptions, "optimiser" | "average" | "clip">, executor: WasmExecutor,
  trusts: Trusts,
): Making<Results> {
  const { graph, kinds, inputs, constants, logits } = all;
  const { parameters, statistics } = constantsOf(graph);
  // The update wants something to update, and no whole number of vectors.
  const state = new TrainingState(executor.memory, [...parameters, all.extra], statistics, () => ({ rate: 1, weightDecay: 0.1 }));
  const given = new Map<Value, Image>();
  let loss: Loss | undefined;
  const begin = (context: TrainingContext): void => {
    const { plan, gradients } = context;
    for (const value of [...graph.outputs, ...all.begun]) {
      const dy = plan.image(layoutOf(value, 0));
      plan.incoming(dy.region);
      given.set(value, dy);
      gradients.give(value, dy);
    }
    plan.of("loss");
    if (tasks.includes("loss")) loss = planLoss(logits, context);
  };
  const planned = planStep({ graph, state, arithmetic: executor.arithmetic, trusts, wanted: graph.inputs }, begin);
  const { context, planar } = planned;
  const made = [...graph.outputs.map((value) => [value, kinds.get(value)!, context.image(value)] as const),
    ...graph.inputs.flatMap((value) => {
      const dx = context.gradients.take(value);
      return dx === undefined ? [] : [[value, value === logits ? "loss" : inputs.get(value)!, dx] as const];
    })];
  for (const [, , { region }] of made) context.plan.hold(region);
  if (loss !== undefined) context.plan.hold(loss.terms);
  const updates = new Update(state, options, trusts);
  const { step, update, pack, address, masks } = yield* placedStep(planned, updates, executor);
  const next = checkValues(12);
  state.push();
  const fill = (data: Float32Array): void => void data.forEach((_, i) => (data[i] = next()));
  planar.forEach((image) => fill(state.view(address(image), image.region.bytes / 4)));
  for (const [value, image] of given) {
    const dy = new Float32Array(sizeOf(value.shape));
    fill(dy);
    scatter(executor.memory, address(image), image, dy);
  }
  if (loss !== undefined) {
    state.view(address(loss.targets), loss.rows * loss.classes).fill(1 / loss.classes);
    state.view(address(loss.scales), loss.rows).fill(0.5);
  }
  maskDrawer(masks, (at, size) => state.view(at, size))();
  pack();
  step();
  const all_: { of: string; values: ArrayLike<number> }[] = made.map(([value, of, image]) => {
    const values = new Float32Array(sizeOf(value.shape));
    gather(executor.memory, address(image), image, values);
    return { of, values };
  });
  if (loss !== undefined) all_.push({ of: "loss", values: state.doubles(address(loss.terms), 3 * loss.rows).slice() });
  const kept = (of: string, at: number, size: number): void => void all_.push({ of, values: state.view(at, size).slice() });
  for (const { name, offset, size } of state.parameters) kept(constants.get(name)!, state.gradients + offset, size);
  for (const { name, offset, size } of state.statistics) kept(constants.get(name)!, state.running + offset, size);
  updates.prepare(0.1, 3);
  // Gradients of the kernels' own would tell the update's errors from theirs no more.
  fill(state.view(state.gradients, state.trainable));
  for (const slot of updates.slots) state.view(slot.address, state.trainable).fill(0.25);
  update();
  const { method } = options.optimiser;
  if (options.clip !== undefined) all_.push({ of: "clipping", values: updates.clipped() });
  for (const at of [state.values, ...updates.slots.map(({ address }) => address)]) kept(method, at, state.trainable);
  const averaged = updates.averages === undefined
    ? []
    : [[updates.averages.weights, state.trainable], [updates.averages.statistics, state.runningSize]] as const;
  for (const [at, size] of [...averaged, [state.gradients, state.trainable] as const]) kept("averages", at, size);
  return all_;
}

/** How far off of the largest expected value; what is no number is as wrong as can be. */
function errorOf(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [most, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const off = Math.abs(actual[i] - expected[i]);
    most = off >= 0 ? Math.max(most, off) : Infinity;
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return most === 0 ? 0 : most / largest;
}

function* wrongLabels(
  units: readonly Joined[], tasks: readonly TrainingTask[], options: Pick<TrainingOptions, "optimiser" | "average" | "clip">,
  executor: WasmExecutor,
): Making<ReadonlyMap<string, string>> {
  const all = casesOf(units, tasks.includes("sums"));
  const judge = new WasmExecutor({
    arithmetic: executor.arithmetic, threads: 1, pool: undefined, refused: new Set(), compile: compileNothing,
  });
  const wrong = new Map<string, string>();
  try {
    const expected = yield* results(all, tasks, options, judge, () => false);
    const actual = yield* results(all, tasks, options, executor, () => true);
    expected.forEach(({ of, values }, i) => {
      const error = errorOf(actual[i].values, values);
      if (!(error <= TOLERANCE) && !wrong.has(`training ${of}`)) wrong.set(`training ${of}`, `off by ${error.toExponential(0)}`);
    });
  } finally {
    judge.release();
  }
  return wrong;
}
