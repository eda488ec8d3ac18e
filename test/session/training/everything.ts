/** A small network with each kind of operation that training sessions know, and each way in which these are joined. */
import { build } from "../../random/networks.ts";
import type { LayerSpec, NetworkSpec, StepSpec } from "../../random/networks.ts";
import type { DagModule } from "../../random/dag-module.ts";
import type { Shape } from "../../../src/tensor.ts";
import { stir } from "../../support/random.ts";

const conv = (out: number, more: Partial<Extract<LayerSpec, { kind: "conv" }>> = {}): LayerSpec =>
  ({ kind: "conv", out, kernel: [1, 1], stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1, bias: true, ...more });
const step = (layer: StepSpec["layer"], ...inputs: readonly number[]): StepSpec => ({ layer, inputs });

const spec: NetworkSpec = {
  input: [3, 4, 9, 8],
  steps: [
    step(conv(12, { kernel: [3, 3], padding: [1, 1], bias: false }), 0), step({ kind: "norm", frozen: false }, 1),
    step({ kind: "activation", name: "silu" }, 2),
    step(conv(12, { kernel: [3, 3], padding: [1, 1], groups: 12, bias: false }), 3), step({ kind: "norm", frozen: false }, 4),
    step("add", 5, 3), step({ kind: "activation", name: "relu" }, 6),
    step({ kind: "attention", name: "se", options: { hidden: 5 } }, 7), step("add", 8, 7), step({ kind: "activation", name: "relu" }, 9),
    step({ kind: "max_pool", kernel: [3, 3], stride: [2, 2], padding: [1, 1], ceilMode: false }, 10),
    step({ kind: "shuffle", groups: 3 }, 11),
    step(
      {
        kind: "transposed", out: 7, kernel: [3, 3], stride: [2, 2], padding: [1, 1], dilation: [1, 1], groups: 1, bias: true,
        outputPadding: [0, 1],
      },
      12,
    ),
    step({ kind: "average_pool", kernel: [3, 2], stride: [2, 2], padding: [1, 0], ceilMode: true, countPadding: false }, 13),
    step({ kind: "upsample", factor: 2, method: "nearest", alignCorners: false }, 14), step({ kind: "adaptive", size: [3, 4] }, 15),
    step({ kind: "adaptive", size: [3, 4] }, 10),
    step("concat", 16, 17), step({ kind: "dropout", probability: 0.3 }, 18), step(conv(6, { groups: 1, bias: false }), 19),
    step({ kind: "activation", name: "relu" }, 20),
    step({ kind: "global", by: "max" }, 21), step({ kind: "flatten" }, 22), step({ kind: "linear", out: 5, bias: true }, 23),
  ],
};

export const input: Shape = spec.input;

export function everything(): DagModule {
  return stir(build(spec), 4).train();
}
