/** One node of a file, as the functions that lower it see it: its inputs, and attributes with their defaults. */
import { show } from "../../../errors.ts";
import { showShape } from "../../../tensor.ts";
import type { Shape } from "../../../tensor.ts";
import type { Value } from "../../../graph/graph.ts";
import { Known } from "../constants/known.ts";
import type { OnnxNode } from "../read/model.ts";
import { isFloat } from "../read/types.ts";
import { Unsupported } from "./unsupported.ts";
import { shapeOf } from "./nodes.ts";
import type { Builder } from "./builder.ts";
import type { Item } from "./nodes.ts";

export class Site {
  readonly node: OnnxNode;
  /** Version of the operator set that the node belongs to. */
  readonly opset: number;
  readonly build: Builder;
  /** The program that wrote the file. */
  readonly producer: string;
  readonly inputs: readonly (Item | undefined)[];

  constructor(node: OnnxNode, opset: number, producer: string, build: Builder, inputs: readonly (Item | undefined)[]) {
    this.node = node;
    this.opset = opset;
    this.producer = producer;
    this.build = build;
    this.inputs = inputs;
  }

  /** For messages. */
  get what(): string {
    return `${this.node.type} (node ${show(this.node.title)})`;
  }

  /** @throws RangeError that names the node */
  wrong(text: string): never {
    throw new RangeError(`importOnnx: ${this.what} ${text}`);
  }

  /** @throws Unsupported */
  cannot(text: string): never {
    throw new Unsupported(text);
  }

  has(i: number): boolean {
    return this.inputs[i] !== undefined;
  }

  item(i: number): Item {
    return this.inputs[i] ?? this.wrong(`lacks its input ${i + 1}`);
  }

  /** All inputs, at least one. */
  all(): readonly [Item, ...Item[]] {
    return [this.item(0), ...this.inputs.slice(1).map((_, i) => this.item(i + 1))];
  }

  shape(i: number): Shape {
    return shapeOf(this.item(i));
  }

  /** An input as a value of the graph. */
  value(i: number): Value {
    return this.build.value(this.item(i));
  }

  /** An input that must be known when the graph is made. */
  known(i: number, what: string): Known {
    const item = this.item(i);
    return item instanceof Known ? item : this.cannot(`with its ${what} computed by the network`);
  }

  /** Numbers of an input that must be known, or where it is missing an attribute's. */
  numbers(i: number, attribute: string): readonly number[] | undefined {
    if (this.has(i)) return Array.from(this.known(i, attribute).numbers);
    return this.list(attribute);
  }

  /** Are the elements of an input floats? */
  floats(i: number): boolean {
    return isFloat(this.item(i).type);
  }

  int(name: string, usual: number): number {
    return this.node.attributes.get(name)?.integer ?? usual;
  }

  float(name: string, usual: number): number {
    return this.node.attributes.get(name)?.float ?? usual;
  }

  /** Whole numbers. */
  list(name: string): readonly number[] | undefined {
    return this.node.attributes.get(name)?.integers;
  }

  floatList(name: string): readonly number[] | undefined {
    return this.node.attributes.get(name)?.floats;
  }

  text(name: string, usual: string): string {
    const bytes = this.node.attributes.get(name)?.text;
    return bytes === undefined ? usual : String.fromCharCode(...bytes.subarray(0, 100));
  }

  /** An attribute's axis, or an input's, counted from 0. */
  axis(axis: number, rank: number): number {
    const from = axis < 0 ? axis + rank : axis;
    if (!(Number.isInteger(from) && from >= 0 && from < rank)) this.wrong(`wants axis ${axis} of ${rank} dimensions`);
    return from;
  }

  /** @throws RangeError for another number of dimensions */
  rank(i: number, ...wanted: readonly number[]): Shape {
    const shape = this.shape(i);
    if (!wanted.includes(shape.length)) this.wrong(`wants ${wanted.join(" or ")} dimensions, got ${showShape(shape)}`);
    return shape;
  }
}
