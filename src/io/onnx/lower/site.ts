/** The node of a file that is being lowered, as the functions that do it see it: its inputs, and attributes with their defaults. */
import { showShape } from "../../../tensor.ts";
import type { Shape } from "../../../tensor.ts";
import { Known } from "../constants/known.ts";
import type { OnnxNode } from "../read/model.ts";
import { Builder } from "./builder.ts";
import type { Item } from "./nodes.ts";

/** @param x its first input @returns its outputs, or the one there is */
export type Lowering = (site: Site, x: Item) => Item | readonly (Item | undefined)[];

/** Lowerings by the names of operators. */
export type Table = Readonly<Record<string, Lowering>>;

/** Operators that have a name of ours as well: after each the name that `lowering` takes. */
export function renamed<Name extends string>(names: string, lowering: (name: Name) => Lowering): Table {
  const words = names.split(" ");
  return Object.fromEntries(words.flatMap((word, i) => (i % 2 === 0 ? [[word, lowering(words[i + 1] as Name)]] : [])));
}

export class Site extends Builder {
  node: OnnxNode = { type: "", title: "", inputs: [], outputs: [], attributes: new Map() };
  /** Version of the operator set that the node belongs to. */
  opset = 0;
  inputs: readonly (Item | undefined)[] = [];
  /** The program that wrote the file. */
  readonly producer: string;

  constructor(producer: string, ...state: ConstructorParameters<typeof Builder>) {
    super(...state);
    this.producer = producer;
  }

  /** What `lowering` makes of a node that may stand in for another one's part. */
  lower(node: OnnxNode, opset: number, inputs: readonly (Item | undefined)[], lowering: Lowering): ReturnType<Lowering> {
    const before = { node: this.node, opset: this.opset, inputs: this.inputs };
    Object.assign(this, { node, opset, inputs });
    const result = lowering(this, node.type === "Constant" ? inputs[0]! : this.item(0));
    Object.assign(this, before);
    return result;
  }

  item(i: number): Item {
    return this.inputs[i] ?? this.wrong(`lacks its input ${i + 1}`);
  }

  /** All inputs. */
  all(): Item[] {
    return this.inputs.map((_, i) => this.item(i));
  }

  /** Does the node want to hear of its output i? */
  wants(i: number): boolean {
    return (this.node.outputs[i] ?? "") !== "";
  }

  /** An input that must be known when the graph is made. */
  known(i: number, what: string): Known {
    const item = this.item(i);
    return item instanceof Known ? item : this.cannot(`with its ${what} computed by the network`);
  }

  /** Numbers of an input that must be known; of an attribute where it is missing, as it is before the opset in which it became an input. */
  numbers(i: number, name: string): readonly number[] | undefined {
    return this.inputs[i] !== undefined ? Array.from(this.known(i, name).numbers) : this.list(name);
  }

  int(name: string, usual: number = 0): number {
    return this.node.attributes.get(name)?.integer ?? usual;
  }

  float(name: string, usual: number): number {
    return this.node.attributes.get(name)?.float ?? usual;
  }

  /** Whole numbers. */
  list(name: string): readonly number[] | undefined {
    return this.node.attributes.get(name)?.integers;
  }

  text(name: string, usual: string = ""): string {
    const bytes = this.node.attributes.get(name)?.text;
    return bytes === undefined ? usual : String.fromCharCode(...bytes.subarray(0, 100));
  }

  /** An axis counted from 0: that of an attribute, or one that is given. */
  axis(rank: number, axis: number = this.int("axis")): number {
    const from = axis < 0 ? axis + rank : axis;
    if (!(Number.isInteger(from) && from >= 0 && from < rank)) this.wrong(`wants axis ${axis} of ${rank} dimensions`);
    return from;
  }

  /** Such axes, each once; all where none are given. */
  axes(rank: number, axes: readonly number[] = Array.from({ length: rank }, (_, i) => i)): number[] {
    const from = axes.map((axis) => this.axis(rank, axis));
    if (new Set(from).size !== from.length) this.wrong(`names an axis twice: ${axes.join()}`);
    return from;
  }

  /** @throws RangeError for another number of dimensions */
  rank({ shape }: Item, ...wanted: readonly number[]): Shape {
    if (!wanted.includes(shape.length)) this.wrong(`wants ${wanted.join(" or ")} dimensions, got ${showShape(shape)}`);
    return shape;
  }
}
