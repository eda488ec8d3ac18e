/**
 * Everything that computes a network, beside one judge: the eager engine on the textbook's kernels in double precision. Where the network
 * itself makes much of small differences (normalisation by few values, a value at a kink), so is the judge: it also computes with all
 * numbers off by a millionth, and what is asked of the others grows with what that changes.
 */
import * as reference from "../../kernels/reference/index.ts";
import { Random } from "../../kernels/random.ts";
import { moduleNetwork } from "../../src/nn/lower.ts";
import { generalOperations } from "../../src/session/general.ts";
import { compile } from "../../src/session/session.ts";
import { compileTraining } from "../../src/session/training/training-session.ts";
import type { TrainingSession } from "../../src/session/training/training-session.ts";
import { loadStateDict, stateDict } from "../../src/nn/state-dict.ts";
import { matches } from "../../src/session/training/options.ts";
import { Tensor, sizeOf } from "../../src/tensor.ts";
import type { Floats } from "../../src/tensor.ts";
import { crossEntropy } from "../../src/train/loss.ts";
import { Sgd } from "../../src/train/optimisers/sgd.ts";
import { draw, drawLabels, stir } from "../support/random.ts";
import { dropFrom } from "../session/training/reference.ts";
import type { DagModule } from "./dag-module.ts";
import { build } from "./networks.ts";
import type { NetworkSpec } from "./networks.ts";

export interface Outcome {
  /** What is wrong, one line each. */
  readonly faults: readonly string[];
  /** Why no training session was compared, if none was. */
  readonly untrained: string | undefined;
}

const PERTURBATION = 1e-6;
/** What is asked, of the largest value: exact kernels, and those that take fewer products. */
const EXACT = 2e-5;
const FAST = 2e-3;
const GRADIENT = 1e-4;
/** Of the largest gradient of all: what the eager engine leaves of one that cancels, as before a normalisation of few values. */
const CANCELLED = 2e-3;
/** The same where the eager engine happens to cancel to nothing, and so measures no rounding: constants normalised twice. */
const NOTHING_LEFT = 1e-5;
/** Times what the judge itself moves by when all numbers are off by a millionth. */
const SLACK = 50;
/** Learning rate of the one update. */
const RATE = 0.01;

function largest(data: Floats): number {
  let most = 0;
  for (const value of data) most = Math.max(most, Math.abs(value));
  return most;
}

/** Infinity where one has a number and the other has none. */
function distance(a: Floats, b: Floats): number {
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const off = Math.abs(a[i] - b[i]);
    most = off >= 0 ? Math.max(most, off) : Infinity;
  }
  return most;
}

/** What a step makes. */
interface Step {
  readonly loss: number;
  readonly gradients: ReadonlyMap<string, Tensor>;
  readonly statistics: ReadonlyMap<string, Tensor>;
  /** Of the next batch, which is the same, after one update. */
  readonly nextLoss: number;
}

class Judge {
  readonly #spec: NetworkSpec;
  readonly #model: DagModule;
  readonly #x: Tensor;
  readonly #labels: Int32Array;
  readonly #seed: number;

  constructor(spec: NetworkSpec, model: DagModule, x: Tensor, labels: Int32Array, seed: number) {
    this.#spec = spec;
    this.#model = model;
    this.#x = x;
    this.#labels = labels;
    this.#seed = seed;
  }

  /** The model and its input in double precision. @param off all numbers of them, relatively */
  #copy(off: number): { readonly model: DagModule; readonly x: Tensor<Float64Array> } {
    const random = new Random(this.#seed + 1);
    const model = build(this.#spec);
    loadStateDict(model, stateDict(this.#model));
    model.cast("float64").use(reference);
    const x = this.#x.toFloat64();
    const move = (data: Floats): void => {
      for (let i = 0; i < data.length; i++) data[i] *= 1 + off * random.normal();
    };
    if (off > 0) for (const { value } of model.namedState().values()) move(value.data);
    if (off > 0) move(x.data);
    for (const [name, parameter] of model.namedParameters()) parameter.frozen = matches(this.#spec.frozen ?? [], name);
    return { model, x };
  }

  logits(off: number = 0): Tensor {
    const { model, x } = this.#copy(off);
    return model.evaluate().forward(x);
  }

  step(off: number = 0): Step {
    const { model, x } = this.#copy(off);
    dropFrom(model.train(), new Random(this.#seed + 2));
    const loss = crossEntropy(model.kernels, model.forward(x), this.#labels);
    model.backward(loss.gradient());
    const trained = new Map([...model.namedParameters()].filter(([, { frozen }]) => !frozen));
    const gradients = new Map([...trained].map(([name, { gradient }]) => [name, gradient.clone()]));
    const statistics = new Map(
      [...model.namedState()].filter(([name]) => name.includes("running_")).map(([name, { value }]) => [name, value.clone()]),
    );
    new Sgd(trained, { momentum: 0 }).step(RATE);
    return { loss: loss.value, gradients, statistics, nextLoss: crossEntropy(model.kernels, model.forward(x), this.#labels).value };
  }
}

const same = (a: Floats, b: Floats): boolean => a.every((value, i) => Object.is(value, b[i]));

/** Inference: eager in single precision, and sessions. */
async function inferenceFaults(spec: NetworkSpec, model: DagModule, x: Tensor<Float32Array>, judge: Judge): Promise<string[]> {
  const expected = judge.logits();
  const scale = largest(expected.data);
  const noise = distance(expected.data, judge.logits(PERTURBATION).data);
  if (!Number.isFinite(scale) || noise > 1e-3 * scale) return [];
  const faults: string[] = [];
  const check = (what: string, { data, shape }: Tensor, tolerance: number): void => {
    if (shape.join() !== expected.shape.join()) {
      return void faults.push(`${what}: shape ${shape.join("x")} instead of ${expected.shape.join("x")}`);
    }
    const off = distance(data, expected.data);
    if (!(off <= tolerance * scale + SLACK * noise)) faults.push(`${what}: logits off by ${(off / scale).toExponential(1)}`);
  };
  check("eager", model.evaluate().forward(x), EXACT);
  const { input } = spec;
  const network = { ...moduleNetwork(model), operations: generalOperations };
  const plain = await compile(network, { input, kernels: "plain" });
  check("session, plain", plain.run(x), EXACT);
  for (const numerics of ["exact", "fast"] as const) {
    const outputs: Tensor[] = [];
    for (const threads of [1, 2]) {
      const session = await compile(network, { input, kernels: "wasm", numerics, threads });
      outputs.push(session.run(x));
      // What the first run left in the arena must not matter.
      if (!same(session.run(x).data, outputs.at(-1)!.data)) {
        faults.push(`session, ${numerics}, ${threads} threads: the second run gives other bits`);
      }
      session.close();
    }
    check(`session, ${numerics}`, outputs[0], numerics === "exact" ? EXACT : FAST);
    if (!same(outputs[0].data, outputs[1].data)) faults.push(`session, ${numerics}: two threads give other bits than one`);
  }
  return faults;
}

/** A training session's step, and one more after an update. */
function stepOf(session: TrainingSession, model: DagModule, x: Tensor<Float32Array>, labels: Int32Array, seed: number): Step {
  dropFrom(model, new Random(seed + 2));
  const loss = session.backward(x, labels);
  const names = [...model.namedParameters()].filter(([, { frozen }]) => !frozen).map(([name]) => name);
  const gradients = new Map(names.map((name) => [name, session.gradient(name)]));
  const before = stateDict(model);
  const kept = new Map([...before].map(([name, value]) => [name, value.clone()]));
  session.pull();
  const statistics = new Map(
    [...model.namedState()].filter(([name]) => name.includes("running_")).map(([name, { value }]) => [name, value.clone()]),
  );
  session.update(RATE);
  const nextLoss = session.backward(x, labels);
  loadStateDict(model, kept);
  return { loss, gradients, statistics, nextLoss };
}

/**
 * @param eager the eager engine's step in single precision, if this is another one: what cancels keeps the rounding of what it is made of
 */
function stepFaults(what: string, step: Step, expected: Step, moved: Step, tolerance: number, eager?: Step): string[] {
  const faults: string[] = [];
  const near = (name: string, a: number, b: number, noise: number, bound: number): void => {
    if (!(Math.abs(a - b) <= bound * Math.max(1, Math.abs(b)) + SLACK * noise)) faults.push(`${what}: ${name} ${a} instead of ${b}`);
  };
  near("loss", step.loss, expected.loss, Math.abs(moved.loss - expected.loss), tolerance);
  const sizes = [...expected.gradients.values()].map(({ data }) => largest(data));
  // A bias before normalisation has a gradient of nothing but rounding: what is small is compared with the largest of all.
  const least = 0.01 * Math.max(0, ...sizes);
  let steady = true;
  for (const [name, { data }] of expected.gradients) {
    const scale = Math.max(largest(data), least);
    const noise = distance(data, moved.gradients.get(name)!.data);
    if (noise > 1e-3 * scale) steady = false;
    if (noise > 1e-2 * scale) continue;
    const off = distance(step.gradients.get(name)!.data, data);
    const most = Math.max(...sizes);
    const rounding = eager === undefined ? CANCELLED * most
      : Math.max(10 * distance(eager.gradients.get(name)!.data, data), NOTHING_LEFT * most);
    if (!(off <= tolerance * scale + SLACK * noise + rounding)) {
      faults.push(`${what}: the gradient of ${name} is off by ${(off / scale).toExponential(1)}`);
    }
  }
  for (const [name, { data }] of expected.statistics) {
    const noise = distance(data, moved.statistics.get(name)!.data);
    const off = distance(step.statistics.get(name)!.data, data);
    if (!(off <= tolerance * Math.max(1, largest(data)) + SLACK * noise)) faults.push(`${what}: ${name} is off by ${off.toExponential(1)}`);
  }
  if (steady && faults.length === 0) {
    near("loss after an update", step.nextLoss, expected.nextLoss, Math.abs(moved.nextLoss - expected.nextLoss), 10 * tolerance);
  }
  return faults;
}

async function trainingFaults(
  spec: NetworkSpec, model: DagModule, x: Tensor<Float32Array>, labels: Int32Array, judge: Judge, seed: number,
): Promise<Outcome> {
  const { input, frozen = [] } = spec;
  const options = { input, optimiser: { method: "sgd", momentum: 0 }, frozen } as const;
  const [expected, moved, eager] = [judge.step(), judge.step(PERTURBATION), eagerStep(spec, model, x, labels, seed)];
  for (const [name, parameter] of model.namedParameters()) parameter.frozen = matches(frozen, name);
  const faults = stepFaults("eager training", eager, expected, moved, GRADIENT);
  for (const numerics of ["exact", "fast"] as const) {
    const steps: Step[] = [];
    for (const threads of [1, 2]) {
      let session: TrainingSession;
      try {
        session = await compileTraining(model, { ...options, numerics, threads });
      } catch (error) {
        if (error instanceof RangeError) return { faults, untrained: error.message };
        throw error;
      }
      steps.push(stepOf(session, model, x, labels, seed));
      session.close();
    }
    const what = `training, ${numerics}`;
    faults.push(...stepFaults(what, steps[0], expected, moved, numerics === "exact" ? GRADIENT : FAST, eager));
    const bits = ({ loss, nextLoss, gradients, statistics }: Step): Floats[] =>
      [Float64Array.of(loss, nextLoss), ...[...gradients.values(), ...statistics.values()].map(({ data }) => data)];
    const [one, two] = steps.map(bits);
    if (!one.every((data, i) => same(data, two[i]))) faults.push(`${what}: two threads give other bits than one`);
  }
  return { faults, untrained: undefined };
}

/** The eager engine's own step in single precision. */
function eagerStep(spec: NetworkSpec, state: DagModule, x: Tensor<Float32Array>, labels: Int32Array, seed: number): Step {
  const model = build(spec);
  loadStateDict(model, stateDict(state));
  for (const [name, parameter] of model.namedParameters()) parameter.frozen = matches(spec.frozen ?? [], name);
  dropFrom(model.train(), new Random(seed + 2));
  const loss = crossEntropy(model.kernels, model.forward(x), labels);
  model.backward(loss.gradient());
  const trained = new Map([...model.namedParameters()].filter(([, { frozen }]) => !frozen));
  const gradients = new Map([...trained].map(([name, { gradient }]) => [name, gradient.clone()]));
  const statistics = new Map(
    [...model.namedState()].filter(([name]) => name.includes("running_")).map(([name, { value }]) => [name, value.clone()]),
  );
  new Sgd(trained, { momentum: 0 }).step(RATE);
  return { loss: loss.value, gradients, statistics, nextLoss: crossEntropy(model.kernels, model.forward(x), labels).value };
}

/** Compares all ways to compute this network, on numbers drawn by `seed`. */
export async function compareNetwork(spec: NetworkSpec, seed: number): Promise<Outcome> {
  const model = stir(build(spec), seed);
  const x = draw(spec.input, seed);
  const [batch, classes, ...pixels] = model.outputShape(spec.input);
  const labels = drawLabels(batch * sizeOf(pixels), classes, new Random(seed));
  const judge = new Judge(spec, model, x, labels, seed);
  const faults = await inferenceFaults(spec, model, x, judge);
  try {
    model.train().forward(x);
  } catch (error) {
    // Normalisation by a single value.
    if (error instanceof RangeError) return { faults, untrained: error.message };
    throw error;
  }
  loadStateDict(model, stateDict(stir(build(spec), seed)));
  const { faults: more, untrained } = await trainingFaults(spec, model, x, labels, judge, seed);
  return { faults: [...faults, ...more], untrained };
}

/**
 * The same for three draws of numbers: a value at a kink differs for one of them, a wrong kernel for all.
 * @returns the first draw's faults, if each has some
 */
export async function faultsOf(spec: NetworkSpec, seed: number): Promise<Outcome> {
  const first = await compareNetwork(spec, seed);
  if (first.faults.length === 0) return first;
  for (const other of [seed + 1000003, seed + 2000003]) {
    if ((await compareNetwork(spec, other)).faults.length === 0) return { ...first, faults: [] };
  }
  return first;
}
