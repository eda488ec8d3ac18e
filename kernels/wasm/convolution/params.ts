/**
 * What a convolution kernel is made for. Everything here becomes part of its instructions, so a kernel belongs to one layer, or to all
 * layers that agree in these numbers.
 */
import { conv2dShape } from "../../shapes.ts";
import { activationName } from "../shared/activation.ts";
import type { ConvEpilogue } from "./epilogue.ts";
import type { ConvArithmetic } from "./row-kernel.ts";
import { paddedBytes, pixelBytes, rowBytes } from "../shared/layout.ts";
import type { Layout } from "../shared/layout.ts";

type Two = readonly [number, number];

/** How windows move over an image. Pairs are [height, width]. */
export interface ConvGeometry {
  readonly input: Layout;
  readonly output: Layout;
  readonly kernel: Two;
  readonly stride: Two;
  /** At the top and left. */
  readonly padding: Two;
  /** At the bottom and right, where it is another there. */
  readonly paddingEnd?: Two;
  readonly dilation: Two;
  readonly groups: number;
}

/** The padding is at most the input's halo. */
export interface ConvParams extends ConvArithmetic, ConvGeometry {
  readonly epilogue: ConvEpilogue;
  /** May it be computed by Winograd's method where that pays? Then errors are larger (winograd.ts). */
  readonly winograd?: boolean;
}

/** Distances in bytes; of the input between the windows of neighbouring outputs, and to the first value of output (0, 0)'s window. */
export interface ConvPitches {
  readonly start: number;
  readonly inRow: number;
  readonly inPixel: number;
  readonly outRow: number;
  readonly outPixel: number;
  readonly residualRow: number;
}

export function convPitches({ input, output, stride, padding, epilogue }: ConvParams): ConvPitches {
  return {
    start: paddedBytes(input, padding[0], padding[1]),
    inRow: stride[0] * rowBytes(input),
    inPixel: stride[1] * pixelBytes(input),
    outRow: rowBytes(output),
    outPixel: pixelBytes(output),
    residualRow: epilogue.residual === undefined ? 0 : rowBytes(epilogue.residual),
  };
}

/** @throws RangeError where weights, biases or what they are packed into have another length; `operation` begins the message. */
export function checkLengths(
  operation: string, lengths: readonly (readonly [what: string, array: Float32Array | null, wanted: number])[],
): void {
  for (const [what, array, wanted] of lengths) {
    if (array !== null && array.length !== wanted) {
      throw new RangeError(`${operation}: ${what} wants ${wanted} elements, got ${array.length}`);
    }
  }
}

/**
 * @throws RangeError where kernel, stride, padding, dilation or groups make no sense, or give another output; `operation` begins the
 * message.
 */
export function checkWindows(operation: string, params: ConvGeometry): void {
  const { input, output, padding: [top, left], paddingEnd: [bottom, right] = params.padding } = params;
  const s = conv2dShape(
    1, input.channels, input.height, input.width, output.channels, { ...params, padding: [top, left, bottom, right] }, operation,
  );
  if (output.height !== s.outHeight || output.width !== s.outWidth) {
    throw new RangeError(`${operation}: output wants ${s.outHeight}x${s.outWidth}, got ${output.height}x${output.width}`);
  }
}

/** @throws RangeError where sizes do not belong together; `operation` begins the message. */
export function checkConv(operation: string, params: ConvParams): void {
  const { input, output, padding, paddingEnd, epilogue: { residual } } = params;
  const fail = (what: string, wanted: string | number, got: string | number): never => {
    throw new RangeError(`${operation}: ${what} wants ${wanted}, got ${got}`);
  };
  checkWindows(operation, params);
  const widest = Math.max(...padding, ...(paddingEnd ?? padding));
  if (input.halo < widest) fail("input halo", `at least the padding, ${widest}`, input.halo);
  if (residual !== undefined) {
    const sizes = ({ channels, height, width }: Layout): string => `${channels}x${height}x${width}`;
    if (sizes(residual) !== sizes(output)) fail("residual", `the output's size, ${sizes(output)}`, sizes(residual));
  }
}

/** Top and left, and bottom and right where they are others. */
export function paddingName({ padding, paddingEnd = padding }: { readonly padding: Two; readonly paddingEnd?: Two | undefined }): string {
  return (paddingEnd.join() === padding.join() ? padding : [...padding, ...paddingEnd]).join("x");
}

/** The part of a kernel's name that says what it computes; the heights of images are no part of a kernel. */
export function convName(params: ConvParams): string {
  const { input, output, kernel, stride, dilation, groups, epilogue, fma } = params;
  const { residual, activation } = epilogue;
  return [
    ...(epilogue.gate ? [epilogue.biasLast === true ? "input_gate" : "gate"] : []),
    ...(residual === undefined ? [] : ["residual"]),
    ...(activation === undefined ? [] : [activationName(activation)]),
    ...(fma ? ["fma"] : []),
    `k${kernel.join("x")}`, `s${stride.join("x")}`, `p${paddingName(params)}`, `d${dilation.join("x")}`, `g${groups}`,
    `c${input.channels}x${output.channels}`, `w${input.width}x${output.width}`,
    `h${[input.halo, output.halo, ...(residual === undefined ? [] : [residual.halo])].join("x")}`,
  ].join("_");
}
