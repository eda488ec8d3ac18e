/**
 * Random networks: the eager engine, sessions and training sessions compute the same, by double precision as judge. `npx tsx
 * test/random/run.ts` does this for an hour, and makes what fails small; what it found stands below as a test of its own.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../kernels/random.ts";
import { compareNetwork, faultsOf } from "./compare.ts";
import { drawNetwork } from "./networks.ts";
import type { LayerSpec, NetworkSpec, StepSpec } from "./networks.ts";

/** By count, not by time: the same networks on every host, in about half a minute. */
const COUNT = 150;

test(`${COUNT} random networks`, async () => {
  const faults: string[] = [];
  let trained = 0;
  for (let seed = 1; seed <= COUNT; seed++) {
    const spec = drawNetwork(new Random(seed));
    const outcome = await faultsOf(spec, seed);
    if (outcome.faults.length > 0) {
      faults.push(`network ${seed}: ${outcome.faults.join("; ")}; see npx tsx test/random/run.ts --only ${seed}`);
    }
    if (outcome.untrained === undefined) trained++;
  }
  assert.equal(faults, []);
  assert.ok(trained > COUNT / 2, `only ${trained} were trained`);
});

const conv = (out: number, more: Partial<Extract<LayerSpec, { kind: "conv" }>> = {}): LayerSpec =>
  ({ kind: "conv", out, kernel: [1, 1], stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1, bias: false, ...more });
const transposed = (out: number, more: Partial<Extract<LayerSpec, { kind: "transposed" }>> = {}): LayerSpec =>
  ({
    kind: "transposed", out, kernel: [3, 3], stride: [2, 2], padding: [1, 1], dilation: [1, 1], groups: 1, bias: true,
    outputPadding: [0, 0], ...more,
  });
const step = (layer: StepSpec["layer"], ...inputs: readonly number[]): StepSpec => ({ layer, inputs });
const relu: LayerSpec = { kind: "activation", name: "relu" };
const se: LayerSpec = { kind: "attention", name: "se", options: { hidden: 3 } };
const norm: LayerSpec = { kind: "norm", frozen: false };
const head = (from: number): StepSpec[] => [
  step({ kind: "global", by: "mean" }, from), step({ kind: "flatten" }, from + 1), step({ kind: "linear", out: 5, bias: true }, from + 2),
];

/** What was computed wrongly once. */
const found: Readonly<Record<string, NetworkSpec>> = {
  "1x1 convolutions with padding, whose rows of dy are longer than those of dx": {
    input: [2, 3, 4, 5], steps: [step(conv(6), 0), step(conv(7, { padding: [2, 2], bias: true }), 1), step(conv(5), 2)],
  },
  "1x1 convolutions with padding across or down alone": {
    input: [2, 3, 4, 5], steps: [step(conv(6), 0), step(conv(7, { padding: [0, 1] }), 1), step(conv(5, { padding: [3, 0] }), 2)],
  },
  "1x1 transposed convolutions with padding": {
    input: [2, 3, 7, 6], steps: [step(conv(6), 0), step(transposed(7, { kernel: [1, 1], stride: [1, 1] }), 1)],
  },
  "relu(x + x * gate(x))": { input: [2, 4, 5, 5], steps: [step(conv(6), 0), step(se, 1), step("add", 1, 2), step(relu, 3), ...head(4)] },
  "relu(x + x * gate), the gate from elsewhere": {
    input: [2, 4, 5, 5],
    steps: [step(conv(6), 0), step({ kind: "global", by: "max" }, 1), step("scale", 1, 2), step("add", 3, 1), step(relu, 4), ...head(5)],
  },
  "relu(x + norm(x))": { input: [3, 4, 5, 5], steps: [step(conv(6), 0), step(norm, 1), step("add", 1, 2), step(relu, 3), ...head(4)] },
  "two scales with one gate, and what one makes is added to the other": {
    input: [2, 4, 5, 5],
    steps: [
      step(conv(6), 0), step({ kind: "global", by: "mean" }, 1), step(conv(6), 2), step(conv(6), 0), step("scale", 4, 3), step(conv(6), 5),
      step("scale", 1, 3),
      step("add", 7, 6), step(relu, 8), ...head(9),
    ],
  },
  "depthwise transposed convolutions": {
    input: [2, 4, 5, 5], steps: [step(conv(6), 0), step(transposed(6, { groups: 6 }), 1), ...head(2)],
  },
  "depthwise transposed convolutions with gaps between what they write": {
    input: [2, 4, 3, 2],
    steps: [
      step(conv(6), 0), step(transposed(6, { groups: 6, kernel: [2, 1], stride: [3, 3], padding: [0, 0], outputPadding: [1, 2] }), 1),
      ...head(2),
    ],
  },
  "a gate that a padded convolution reads too": {
    input: [2, 3, 4, 4],
    steps: [
      step(conv(6), 0), step({ kind: "global", by: "mean" }, 1), step(conv(6, { kernel: [3, 3], padding: [1, 1] }), 2), step("scale", 1, 2),
      step("scale", 4, 3), ...head(5),
    ],
  },
  "a frozen input of what is added to what trains": {
    input: [2, 3, 4, 4], steps: [step(conv(6), 0), step(norm, 1), step(conv(6), 0), step("add", 2, 3), step(relu, 4), ...head(5)],
    frozen: ["step1", "step2"],
  },
  "a frozen input of a scale that is added to what trains": {
    input: [2, 3, 4, 4], steps: [step(conv(6), 0), step(se, 1), step(conv(6), 0), step("add", 2, 3), step(relu, 4), ...head(5)],
    frozen: ["step1"],
  },
};

for (const [name, spec] of Object.entries(found)) {
  test(name, async () => {
    const { faults, untrained } = await compareNetwork(spec, 3);
    assert.equal(faults, []);
    assert.is(untrained, undefined);
  });
}

test.run();
