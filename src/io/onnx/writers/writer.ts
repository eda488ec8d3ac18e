/** What nodes of ONNX are written with: one writer a kind of operation. */
import type { Constant, Kind, Of, Value } from "../../../graph/graph.ts";
import type { Shape, Tensor } from "../../../tensor.ts";

/** A whole number, whole numbers, a text, or a float. */
export type Attributes = Readonly<Record<string, number | readonly number[] | string | { readonly float: number }>>;

export interface OnnxNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Attributes;
}

/** What is needed of the file. */
export interface NodeSink {
  node(type: string, inputs: readonly string[], output: string, attributes?: Attributes): void;
  /** The names of constants, without those that are undefined. */
  constants(...given: readonly (Constant | undefined)[]): string[];
  floats(name: string, tensor: Tensor): string;
  integers(name: string, values: readonly number[]): string;
  /** Whole numbers of as many bits as their array has. */
  whole(name: string, values: Uint8Array | Int8Array | Int32Array, shape: Shape): string;
}

/** An operation to be written. */
export interface Written<K extends Kind> {
  readonly operation: Of<K>;
  readonly inputs: readonly Value[];
  readonly output: Value;
  /** Names of the inputs. */
  readonly names: readonly string[];
  /** Of the output. */
  readonly name: string;
}

export type Writer<K extends Kind> = (sink: NodeSink, written: Written<K>) => void;

/** Every kind has a writer. */
export type Writers = { readonly [K in Kind]: Writer<K> };
