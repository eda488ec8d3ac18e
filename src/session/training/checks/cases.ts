/** Small cases of the operations that training sessions know, forward and backward: enough that each of their kernels runs. */
import type { Constant, Kind, Of, Operation, Value, Window } from "../../../graph/graph.ts";
import type { Computation } from "../../../operations/record.ts";
import { allOperations } from "../../backends/all-operations.ts";
import { sizeOf } from "../../../tensor.ts";
import type { Shape } from "../../../tensor.ts";

/** Where cases are put together. */
export interface TrainingBench {
  /** A new input. */
  input(shape: Shape): Value;
  /** A new parameter or statistic. */
  constant(shape: Shape, positive?: boolean): Constant;
  /** Something before the operation that is to be checked. */
  before(operation: Operation, shape: Shape, ...inputs: readonly Value[]): Value;
  /** The operation that is to be checked, with what the units that are to be checked join to it. @param shape of its output */
  add(operation: Operation, shape: Shape, ...inputs: readonly Value[]): Value;
}

const CHANNELS = 20;
const image: Shape = [2, CHANNELS, 8, 7];
const gate: Shape = [2, CHANNELS, 1, 1];
const window: Window & { readonly ceilMode: boolean } = { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1], ceilMode: false };

interface Layer {
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  readonly groups?: number;
  /** Channels of the output. */
  readonly out?: number;
}

function convolution(
  { input, constant, add }: TrainingBench, { kernel, stride = 1, padding = 0, dilation = 1, groups = 1, out = CHANNELS }: Layer,
): void {
  const size = (length: number): number => Math.floor((length + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;
  add({
    kind: "conv2d", kernel: [kernel, kernel], stride: [stride, stride], padding: [padding, padding, padding, padding],
    dilation: [dilation, dilation], groups,
    weight: constant([out, CHANNELS / groups, kernel, kernel]), bias: constant([out]),
  }, [2, out, size(8), size(7)], input(image));
}

function transposed({ input, constant, add }: TrainingBench, groups: number, out: number): void {
  add({
    kind: "conv_transpose2d", kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1], dilation: [1, 1], groups, outputPadding: [1, 1],
    weight: constant([CHANNELS, out / groups, 3, 3]), bias: constant([out]),
  }, [2, out, 16, 14], input(image));
}

function norm({ input, constant, add }: TrainingBench, frozen: boolean): void {
  const [gamma, beta, mean] = [1, 2, 3].map(() => constant([CHANNELS]));
  add(
    { kind: "batch_norm", epsilon: 1e-5, momentum: 0.1, frozen, gamma, beta, mean, variance: constant([CHANNELS], true) }, image,
    input(image),
  );
}

/** Of kinds whose records have no case of training, or not all. */
const own: { readonly [K in Kind]?: (bench: TrainingBench) => void } = {
  conv2d(bench) {
    for (const layer of [
      { kernel: 1 }, { kernel: 1, out: 33 }, { kernel: 1, stride: 2 }, { kernel: 1, padding: 1 },
      { kernel: 3, padding: 1 }, { kernel: 3, stride: 2, padding: 1, out: 33 }, { kernel: 3, padding: 2, dilation: 2 },
      { kernel: 3, padding: 1, groups: 4 }, { kernel: 3, padding: 1, groups: CHANNELS },
      { kernel: 5, stride: 2, padding: 2, groups: CHANNELS },
    ]) convolution(bench, layer);
  },
  linear({ input, constant, add }) {
    for (const out of [9, 33]) {
      add({ kind: "linear", weight: constant([out, CHANNELS]), bias: constant([out]) }, [2, out], input([2, CHANNELS]));
    }
  },
  conv_transpose2d(bench) {
    transposed(bench, 1, 9);
    transposed(bench, CHANNELS, CHANNELS);
  },
  batch_norm(bench) {
    norm(bench, false);
    norm(bench, true);
  },
  scale({ input, before, add }) {
    add({ kind: "scale" }, image, input(image), input(gate));
    // The gate from the mean of what it scales: both gradients of x at once.
    const x = input(image);
    add({ kind: "scale" }, image, x, before({ kind: "global_pool", by: "mean" }, gate, x));
  },
  average_pool({ input, add }) {
    for (const countPadding of [false, true]) add({ kind: "average_pool", ...window, countPadding }, [2, CHANNELS, 4, 4], input(image));
  },
  flatten({ input, add }) {
    for (const shape of [image, gate]) add({ kind: "flatten" }, [2, sizeOf(shape.slice(1))], input(shape));
  },
  fake_quantise({ input, constant, add }) {
    // Wide enough that some are cut, and not all.
    const limits = (): Constant => {
      const made = constant([3]);
      made.read().data.set([-1, 3, 1]);
      return made;
    };
    for (const factor of [undefined, constant([CHANNELS])]) {
      add({ kind: "fake_quantise", offset: constant([CHANNELS]), limits: limits(), factor }, image, input(image));
    }
  },
  dropout({ input, add }) {
    const draw: Of<"dropout">["draw"] = (mask) => mask.forEach((_, i) => (mask[i] = i % 3 === 0 ? 0 : 1.5));
    add({ kind: "dropout", draw }, image, input(image));
  },
};

/** Adds the cases of a kind; its record's own where there are no others. */
export function addCases(kind: Kind, bench: TrainingBench): void {
  const { input, constant, add } = bench;
  if (own[kind] !== undefined) return own[kind](bench);
  (allOperations.computations[kind] as Computation<Kind>).check?.({
    get x() { return input(image); },
    get other() { return input(image); },
    get fewer() { return input([2, 7, 8, 7]); },
    get gate() { return input(gate); },
    get row() { return input([2, CHANNELS]); },
    get few() { return input([2, 128, 8, 4]); },
    get many() { return input([2, 128, 14, 14]); },
    fewerProducts: false, constant, add,
  });
}
