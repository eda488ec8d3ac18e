/**
 * The record of an operation: all that is known of a kind, in one file of this folder. It has two faces, so that a bundle pays only for
 * what it uses: its declaration (the output's shape, errors, what learns) and its computation (the routine on plain kernels, the cases that
 * check its kernels).
 *
 * In rooms of their own stand kernels on WebAssembly (src/session/backends/wasm/bindings), training (src/session/training/rules) and ONNX
 * (src/io/onnx). Each is a table with an entry for every kind: one that is missing does not compile.
 */
import type { InferenceKernels } from "../../kernels/contract.ts";
import type { ChannelShape, ResizeShape, WindowShape } from "../../kernels/shapes.ts";
import type { Constant, Kind, Node, Of, Operation, Value, Window } from "../graph/graph.ts";
import { showShape } from "../tensor.ts";
import type { Shape } from "../tensor.ts";

/** A node whose operation is of kind K. */
export type NodeOf<K extends Kind> = Node & { readonly operation: Of<K> };

/** Computes one node, from and into arrays that are fixed. */
export type Routine = () => void;

/** What routines are made with. */
export interface RoutineContext {
  readonly kernels: InferenceKernels;
  /** The array of a value. */
  array(value: { readonly name: string }): Float32Array;
  /** The present values of a constant; the array stays the same when they are refreshed. */
  constant(constant: Constant): Float32Array;
  /** Working memory of so many doubles, shared by all routines. */
  scratch(size: number): Float64Array;
}

/** Values and constants for a check of kernels. What is added becomes a node, if its kernels are to be checked. */
export interface CheckBench {
  /** Two of [2,20,8,7], one of [2,7,8,7], [2,20,1,1], [2,20], and such with more channels: [1,128,8,4], [1,128,14,14]. */
  readonly x: Value;
  readonly other: Value;
  readonly fewer: Value;
  readonly gate: Value;
  readonly row: Value;
  readonly few: Value;
  readonly many: Value;
  /** Do kernels take fewer products here by Strassen's method, and by Winograd's in groups? */
  readonly fewerProducts: boolean;
  constant(shape: Shape, positive?: boolean): Constant;
  /** @param shape of the output @returns it: for others of one label, for it is there only where that is checked */
  add(operation: Operation, shape: Shape, ...inputs: readonly Value[]): Value;
}

/** What an operation is. */
export interface Declaration<K extends Kind> {
  /** Of the output, for inputs of these shapes. @throws RangeError where they do not fit, with what was wanted and what came */
  shape(operation: Of<K>, inputs: readonly Shape[]): Shape;
  /** What learns, and what is only counted in training; by default there is nothing. */
  parameters?(operation: Of<K>): readonly (Constant | undefined)[];
  statistics?(operation: Of<K>): readonly Constant[];
}

/** How it is computed, and how its kernels on WebAssembly are checked. */
export interface Computation<K extends Kind> {
  /** @throws RangeError for a node that makes no sense where it stands */
  routine(node: NodeOf<K>, context: RoutineContext): Routine;
  /** What its kernels tell apart, where that is more than the kind: each such thing is checked by itself. */
  label?(operation: Of<K>): string;
  /** Adds small cases of all that `label` tells apart. Absent where the kind has no kernels on WebAssembly. */
  check?(bench: CheckBench): void;
}

/** How the kernels of a kind are checked, apart from the rest for bundles that are without them. */
export type KernelCheck<K extends Kind> = Pick<Computation<K>, "label" | "check">;

export type Declarations = { readonly [K in Kind]: Declaration<K> };
export type Computations = { readonly [K in Kind]: Computation<K> };

// The shape records of kernels, of sizes that declarations and modules have checked: routines check nothing again.

/** Channels and pixels of the first input; a row of features is an image of one pixel. */
export function perChannel({ inputs: [{ shape: [batch, channels = 1, height = 1, width = 1] }] }: Pick<Node, "inputs">): ChannelShape {
  return { batch, channels, pixels: height * width };
}

/** Sizes of the first input and of the output, both images. */
export function resized({ inputs: [x], output }: Node): ResizeShape {
  const [[batch, channels, inHeight, inWidth], [, , outHeight, outWidth]] = [x.shape, output.shape];
  return { batch, channels, inHeight, inWidth, outHeight, outWidth, alignCorners: false };
}

interface Windowed {
  readonly operation: Window & { readonly dilation?: readonly [number, number] };
  readonly inputs: readonly { readonly shape: Shape }[];
  readonly output: { readonly shape: Shape };
}

/** The windows of a convolution or pool over the first input. */
export function windowsOf({ operation, inputs, output }: Windowed): WindowShape & { readonly batch: number } {
  const { kernel, stride, padding, dilation = [1, 1] } = operation;
  const [batch, , inHeight, inWidth] = inputs[0].shape;
  const [, , outHeight, outWidth] = output.shape;
  return {
    batch, inHeight, inWidth, outHeight, outWidth,
    kernelHeight: kernel[0], kernelWidth: kernel[1], strideHeight: stride[0], strideWidth: stride[1],
    paddingTop: padding[0], paddingLeft: padding[1], paddingBottom: padding[2], paddingRight: padding[3],
    dilationHeight: dilation[0], dilationWidth: dilation[1],
  };
}

/**
 * The routine of kinds that are one kernel, which is called with the output, the inputs and a shape record. @param shapeOf makes the record
 * of the sizes
 */
export function routineOf<N extends Node>(
  shapeOf: (node: N) => unknown, kernel: keyof InferenceKernels | ((operation: N["operation"]) => keyof InferenceKernels),
): (node: N, context: RoutineContext) => Routine {
  return (node, { kernels, array }) => {
    const compute = kernels[typeof kernel === "function" ? kernel(node.operation) : kernel] as (...given: readonly unknown[]) => void;
    const given = [...[node.output, ...node.inputs].map((value) => array(value)), shapeOf(node)];
    return () => compute(...given);
  };
}

/** The shape of the first input. */
export function sameShape(_: Operation, [x]: readonly Shape[]): Shape {
  return x;
}

/** @throws RangeError where `actual` is not as `wanted` says, in which undefined is any size */
export function checkShape(operation: Kind, actual: Shape, wanted: readonly (number | undefined)[]): Shape {
  if (actual.length !== wanted.length || wanted.some((size, i) => size !== undefined && size !== actual[i])) {
    throw new RangeError(`${operation}: input wants [${wanted.map((size) => size ?? "any").join()}], got ${showShape(actual)}`);
  }
  return actual;
}

/** @throws RangeError for what is no image [N,C,H,W] */
export function checkImage(operation: Kind, actual: Shape): Shape {
  return checkShape(operation, actual, new Array<undefined>(4).fill(undefined));
}

/** A constant's values, or null for none. */
export function optional(constant: Constant | undefined, context: RoutineContext): Float32Array | null {
  return constant === undefined ? null : context.constant(constant);
}
