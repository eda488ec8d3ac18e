/**
 * Weights of bytes in panels of 16 output channels, and the numbers of their epilogues (docs/int8.md). A panel has, for each place of the
 * kernel and each four input channels, 16 output channels of four bytes. Layers on single pixels have the same panels.
 */
import type { Epilogue } from "../../quantised.ts";
import { LANES } from "./bytes.ts";

/** Input channels of a step. */
export const STEP = 4;

export interface PanelShape {
  readonly outputs: number;
  /** Of a group. */
  readonly inputs: number;
  /** Of the kernel. */
  readonly places: number;
  readonly groups: number;
}

/**
 * Panels of a convolution in groups read the input channels of their groups; weights of the others are 0. After a round of panels it is the
 * same again: groups of 24 output channels have three panels a round, of the first, of both, and of the second group.
 */
export interface PanelReach {
  /** Of each panel of a round: its first input channel, and how many steps it reads. */
  readonly starts: readonly number[];
  readonly steps: readonly number[];
  /** Input channels from round to round. */
  readonly stride: number;
  /** Whole steps of all input channels: nothing beyond them is read. */
  readonly limit: number;
}

export function panelReach({ outputs, inputs, groups }: PanelShape): PanelReach {
  const limit = STEP * Math.ceil((inputs * groups) / STEP);
  if (groups === 1) return { starts: [0], steps: [limit / STEP], stride: 0, limit };
  const perGroup = outputs / groups;
  const [starts, steps]: [number[], number[]] = [[], []];
  let panel = 0;
  do {
    const [first, last] = [panel * LANES, (panel + 1) * LANES - 1].map((output) => Math.floor(output / perGroup) * inputs);
    starts.push(first);
    steps.push(Math.ceil(Math.min(last + inputs - first, limit) / STEP));
    panel++;
  } while ((panel * LANES) % perGroup !== 0);
  return { starts, steps, stride: ((panel * LANES) / perGroup) * inputs, limit };
}

/** The first input channel that a panel reads. */
export function panelBegin({ starts, steps, stride, limit }: PanelReach, panel: number): number {
  const at = panel % starts.length;
  return Math.min(Math.floor(panel / starts.length) * stride + starts[at], limit - STEP * steps[at]);
}

/** Steps of a round before the panel of this place, or of all of it. */
export function stepsBefore({ steps }: PanelReach, at: number = steps.length): number {
  return steps.slice(0, at).reduce((sum, each) => sum + each, 0);
}

export function panelCount(outputs: number): number {
  return Math.ceil(outputs / LANES);
}

/** Bytes before a panel. */
function panelAt(reach: PanelReach, panel: number, places: number): number {
  const round = reach.steps.length;
  return (Math.floor(panel / round) * stepsBefore(reach) + stepsBefore(reach, panel % round)) * places * STEP * LANES;
}

/** Bytes of all panels. */
export function packedBytes(shape: PanelShape): number {
  return panelAt(panelReach(shape), panelCount(shape.outputs), shape.places);
}

/** @param weight [outputs, inputs of a group, places] */
export function packWeights(into: Int8Array, weight: Int8Array, shape: PanelShape): void {
  const { outputs, inputs, places, groups } = shape;
  const reach = panelReach(shape);
  const perGroup = outputs / groups;
  into.fill(0);
  for (let o = 0; o < outputs; o++) {
    const panel = Math.floor(o / LANES);
    const [base, begin, steps] = [panelAt(reach, panel, places), panelBegin(reach, panel), reach.steps[panel % reach.steps.length]];
    const first = Math.floor(o / perGroup) * inputs - begin;
    for (let c = 0; c < inputs; c++) {
      const channel = first + c;
      const at = base + STEP * (o % LANES) + (channel % STEP) + LANES * STEP * Math.floor(channel / STEP);
      for (let place = 0; place < places; place++) into[at + place * steps * STEP * LANES] = weight[(o * inputs + c) * places + place];
    }
  }
}

/** What the numbers of a panel have, beside 16 multipliers. */
export interface NumbersShape {
  /** Are all biases 0? Then there are none; else 16. */
  readonly noBias: boolean;
  /** Is one offset that of all channels? Then kernels have it themselves; else there are 16. */
  readonly sameOffset: boolean;
  /** Are there 16 factors of hard swish? */
  readonly hardSwish: boolean;
}

export function numbersShape(bias: Int32Array, { offset, hardSwish }: Epilogue): NumbersShape {
  const [noBias, sameOffset] = [bias.every((each) => each === 0), offset.every((each) => Object.is(each, offset[0]))];
  return { noBias, sameOffset, hardSwish: hardSwish !== undefined };
}

/** Where each kind begins behind the biases, and where they all end, in bytes. */
export function numbersAt(
  { noBias, sameOffset, hardSwish }: NumbersShape,
): Readonly<Record<"multiplier" | "offset" | "factor" | "end", number>> {
  const multiplier = noBias ? 0 : 4 * LANES;
  const offset = multiplier + 4 * LANES;
  const factor = offset + (sameOffset ? 0 : 4 * LANES);
  return { multiplier, offset, factor, end: factor + (hardSwish ? 4 * LANES : 0) };
}

/** Bytes of the numbers of all panels. */
export function numbersBytes(outputs: number, shape: NumbersShape): number {
  return panelCount(outputs) * numbersAt(shape).end;
}

/** @param into `numbersBytes` */
export function packNumbers(into: Uint8Array, bias: Int32Array, epilogue: Epilogue): void {
  const { multiplier, offset, hardSwish } = epilogue;
  const shape = numbersShape(bias, epilogue);
  const at = numbersAt(shape);
  const [wholes, floats] = [new Int32Array(into.buffer, into.byteOffset), new Float32Array(into.buffer, into.byteOffset)];
  into.fill(0);
  for (let o = 0; o < bias.length; o++) {
    const [panel, lane] = [Math.floor(o / LANES) * (at.end / 4), o % LANES];
    if (!shape.noBias) wholes[panel + lane] = bias[o];
    floats[panel + at.multiplier / 4 + lane] = multiplier[o];
    if (!shape.sameOffset) floats[panel + at.offset / 4 + lane] = offset[o];
    if (hardSwish !== undefined) floats[panel + at.factor / 4 + lane] = hardSwish.factor[o];
  }
}

/** Depthwise: place by place, channels beside each other. @param weight [channels, 1, places] */
export function packDepthwise(into: Int8Array, weight: Int8Array, places: number, pitch: number): void {
  into.fill(0);
  for (let c = 0; c < weight.length / places; c++) {
    for (let place = 0; place < places; place++) into[place * pitch + c] = weight[c * places + place];
  }
}
