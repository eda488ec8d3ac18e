/** The update rules against torch, and what optimisers leave alone. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Parameter } from "../../src/nn/parameter.ts";
import { Tensor } from "../../src/tensor.ts";
import { Adam, AdamW } from "../../src/train/optimisers/adam.ts";
import type { Optimiser } from "../../src/train/optimisers/optimiser.ts";
import { Sgd } from "../../src/train/optimisers/sgd.ts";
import { fileJson } from "../support/files.ts";

interface Golden {
  readonly start: number[][];
  readonly gradients: number[][][];
  readonly rates: number[];
  readonly results: Record<string, number[][][]>;
}
const golden = fileJson<Golden>("goldens/layers/torch_optimisers.json");

type Parameters = Map<string, Parameter>;

function parameters(double: boolean): Parameters {
  const make = (values: number[], shape: number[]): Parameter => new Parameter(
    new Tensor((double ? Float64Array : Float32Array).from(values), shape),
  );
  return new Map([["matrix", make(golden.start[0], [2, 3])], ["vector", make(golden.start[1], [3])]]);
}

function setGradients(named: Parameters, step: number): void {
  [...named.values()].forEach((parameter, i) => parameter.gradient.data.set(golden.gradients[step][i]));
}

const makers: Record<string, (named: Parameters) => Optimiser> = {
  "sgd": (named) => new Sgd(named, { momentum: 0 }),
  "sgd momentum": (named) => new Sgd(named),
  "sgd momentum decay": (named) => new Sgd(named, { weightDecay: 0.1 }),
  "sgd nesterov decay": (named) => new Sgd(named, { momentum: 0.8, nesterov: true, weightDecay: 0.1 }),
  "adam": (named) => new Adam(named),
  "adam decay": (named) => new Adam(named, { betas: [0.8, 0.95], epsilon: 1e-3, weightDecay: 0.1 }),
  "adamw": (named) => new AdamW(named, { weightDecay: 0.1 }),
};

for (const [name, results] of Object.entries(golden.results)) {
  for (const double of [true, false]) {
    test(`${name} takes the steps of torch in ${double ? "float64" : "float32"}`, () => {
      const named = parameters(double);
      const optimiser = makers[name](named);
      results.forEach((wanted, step) => {
        setGradients(named, step);
        optimiser.step(golden.rates[step]);
        [...named.values()].forEach((parameter, i) => {
          parameter.value.data.forEach((value, j) => {
            const error = Math.abs(value - wanted[i][j]);
            assert.ok(error < (double ? 1e-12 : 2e-6), `step ${step}, parameter ${i}[${j}]: ${value}, torch has ${wanted[i][j]}`);
          });
        });
      });
    });
  }
}

test("every case of the goldens has its optimiser", () => {
  assert.equal(Object.keys(golden.results).sort(), Object.keys(makers).sort());
});

test("state saved and loaded goes on with the same bits", () => {
  for (const make of Object.values(makers)) {
    const whole = parameters(false);
    const first = make(whole);
    for (let step = 0; step < 3; step++) {
      setGradients(whole, step);
      first.step(0.1);
    }
    const copy = new Map([...whole].map(([name, p]) => [name, new Parameter(p.value.clone())]));
    const second = make(copy);
    second.loadState(first.state());
    for (let step = 3; step < 6; step++) {
      for (const [named, optimiser] of [[whole, first], [copy, second]] as const) {
        setGradients(named, step);
        optimiser.step(0.05);
      }
    }
    for (const [name, p] of whole) assert.equal([...(copy.get(name) as Parameter).value.data], [...p.value.data]);
  }
});

test("state is a copy: later steps do not change it", () => {
  const named = parameters(false);
  const optimiser = new Sgd(named);
  setGradients(named, 0);
  optimiser.step(0.1);
  const state = optimiser.state();
  const before = [...(state.get("momentum.matrix") as Tensor).data];
  optimiser.step(0.1);
  assert.equal([...(state.get("momentum.matrix") as Tensor).data], before);
});

test("frozen parameters, and those without a gradient, are left alone", () => {
  const named = parameters(false);
  const [matrix, vector] = named.values();
  matrix.frozen = true;
  matrix.gradient.data.fill(1);
  new AdamW(named, { weightDecay: 0.5 }).step(0.1);
  assert.equal([...matrix.value.data], golden.start[0]);
  assert.equal([...vector.value.data], golden.start[1]);
});

test("by default one-dimensional parameters do not decay; `decays` chooses otherwise", () => {
  const step = (decays?: () => boolean): number[] => {
    const named = parameters(false);
    for (const p of named.values()) p.gradient.data.fill(0);
    new Sgd(named, { weightDecay: 0.5, ...(decays === undefined ? {} : { decays }) }).step(1);
    return [...named.values()].map((p) => p.value.data[0]);
  };
  assert.equal(step(), [golden.start[0][0] * 0.5, golden.start[1][0]]);
  assert.equal(step(() => true), [golden.start[0][0] * 0.5, golden.start[1][0] * 0.5]);
});

test("wrong options and foreign state are refused, and change nothing", () => {
  assert.throws(() => new Sgd(parameters(false), { momentum: 1 }), /Sgd: momentum wants a number of at least 0 and below 1, got 1/);
  assert.throws(() => new Adam(parameters(false), { betas: [0.9, NaN] }), /betas\[1\]/);
  assert.throws(() => new Sgd(parameters(false), { weightDecay: -1 }), /weightDecay/);
  assert.throws(() => new Sgd(new Map()), /at least one parameter/);
  const named = parameters(false);
  const sgd = new Sgd(named);
  assert.throws(() => sgd.step(NaN), /rate/);
  const adam = new Adam(parameters(false));
  setGradients(named, 0);
  sgd.step(0.1);
  assert.throws(() => adam.loadState(sgd.state()), /no first\.matrix/);
  const state = sgd.state();
  state.set("momentum.other", Tensor.zeros([1]));
  assert.throws(() => sgd.loadState(state), /6 tensors|5 tensors/);
  state.delete("momentum.other");
  state.set("momentum.vector", Tensor.zeros([4]));
  assert.throws(() => sgd.loadState(state), /momentum\.vector wants shape \[3\], got \[4\]/);
});

test.run();
