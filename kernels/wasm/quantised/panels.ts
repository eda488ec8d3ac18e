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

/** Panels of a convolution in groups read the input channels of their groups; weights of the others are 0. */
export interface PanelReach {
  /** Input channels that a panel reads, rounded up to steps. */
  readonly steps: number;
  /** Panel p begins at input channel floor(p / per) * stride. */
  readonly per: number;
  readonly stride: number;
}

/** Undefined where panels do not begin at regular places. */
export function panelReach({ outputs, inputs, groups }: PanelShape): PanelReach | undefined {
  if (groups === 1) return { steps: Math.ceil(inputs / STEP), per: 1, stride: 0 };
  const perGroup = outputs / groups;
  if (perGroup % LANES === 0) return { steps: Math.ceil(inputs / STEP), per: perGroup / LANES, stride: inputs };
  if (LANES % perGroup !== 0) return undefined;
  const together = LANES / perGroup;
  return { steps: Math.ceil((together * inputs) / STEP), per: 1, stride: together * inputs };
}

export function panelCount(outputs: number): number {
  return Math.ceil(outputs / LANES);
}

/** Bytes of all panels. */
export function packedBytes(shape: PanelShape): number {
  return panelCount(shape.outputs) * shape.places * panelReach(shape)!.steps * STEP * LANES;
}

/** @param weight [outputs, inputs of a group, places] */
export function packWeights(into: Int8Array, weight: Int8Array, shape: PanelShape): void {
  const { outputs, inputs, places, groups } = shape;
  const { steps, per, stride } = panelReach(shape)!;
  const perGroup = outputs / groups;
  into.fill(0);
  for (let o = 0; o < outputs; o++) {
    const panel = Math.floor(o / LANES);
    const first = Math.floor(o / perGroup) * inputs - Math.floor(panel / per) * stride;
    for (let c = 0; c < inputs; c++) {
      const channel = first + c;
      const at = STEP * (o % LANES) + (channel % STEP) + LANES * STEP * Math.floor(channel / STEP);
      for (let place = 0; place < places; place++) {
        into[(panel * places + place) * steps * STEP * LANES + at] = weight[(o * inputs + c) * places + place];
      }
    }
  }
}

/** What the numbers of a panel have, beside 16 biases and 16 multipliers. */
export interface NumbersShape {
  /** Is one offset that of all channels? Then there is one, and three words of nothing; else 16. */
  readonly sameOffset: boolean;
  /** Are there 16 factors of hard swish? */
  readonly hardSwish: boolean;
}

export function numbersShape({ offset, hardSwish }: Epilogue): NumbersShape {
  return { sameOffset: offset.every((each) => Object.is(each, offset[0])), hardSwish: hardSwish !== undefined };
}

/** Where each kind begins behind the biases, and where they all end, in bytes. */
export function numbersAt({ sameOffset, hardSwish }: NumbersShape): Readonly<Record<"multiplier" | "offset" | "factor" | "end", number>> {
  const factor = 8 * LANES + (sameOffset ? 16 : 4 * LANES);
  return { multiplier: 4 * LANES, offset: 8 * LANES, factor, end: factor + (hardSwish ? 4 * LANES : 0) };
}

/** Bytes of the numbers of all panels. */
export function numbersBytes(outputs: number, shape: NumbersShape): number {
  return panelCount(outputs) * numbersAt(shape).end;
}

/** @param into `numbersBytes` */
export function packNumbers(into: Uint8Array, bias: Int32Array, epilogue: Epilogue): void {
  const { multiplier, offset, hardSwish } = epilogue;
  const shape = numbersShape(epilogue);
  const at = numbersAt(shape);
  const [wholes, floats] = [new Int32Array(into.buffer, into.byteOffset), new Float32Array(into.buffer, into.byteOffset)];
  into.fill(0);
  for (let o = 0; o < bias.length; o++) {
    const [panel, lane] = [Math.floor(o / LANES) * (at.end / 4), o % LANES];
    wholes[panel + lane] = bias[o];
    floats[panel + at.multiplier / 4 + lane] = multiplier[o];
    floats[panel + at.offset / 4 + (shape.sameOffset ? 0 : lane)] = offset[o];
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
