/** What the two passes of an operation are given, on the plain kernels. */
import type { Kernels } from "../../../../kernels/contract.ts";
import type { Constant, Kind } from "../../../graph/graph.ts";
import type { NodeOf } from "../../../operations/record.ts";

type F = Float32Array;

/** What a pass is given when it runs. */
export interface PassArrays {
  readonly kernels: Kernels;
  /** Of the inputs. */
  readonly x: readonly F[];
  readonly y: F;
  /** The present values of a parameter or statistic. */
  constant(constant: Constant): F;
  /** What a dropout multiplies by. */
  mask(): F;
  /** Working memory of so many doubles. */
  scratch(size: number): Float64Array;
}

/** Of backward passes: gradients are added to. */
export interface GradientArrays extends PassArrays {
  readonly dy: F;
  /** Of the inputs; undefined where nothing wants it. */
  readonly dx: readonly (F | undefined)[];
  /** Of a parameter; undefined where it does not train. */
  gradient(constant: Constant | undefined): F | undefined;
}

/** The two passes of one node; what backward needs of forward, and is no value of the graph, stays with them. */
export interface Pass {
  /** By default what the node's record computes. */
  readonly forward?: (arrays: PassArrays) => void;
  readonly backward: (arrays: GradientArrays) => void;
}

/** Makes a node's passes. */
export type PassOf<K extends Kind> = (node: NodeOf<K>) => Pass;

/** Each input has a gradient of its own, or shares it: `add(input, dx)` is called for those that want one. */
export const eachInput = (add: (arrays: GradientArrays, dx: F, input: number) => void): Pass => ({
  backward: (arrays) => arrays.dx.forEach((dx, input) => dx !== undefined && add(arrays, dx, input)),
});
