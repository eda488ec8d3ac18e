/** Which WebAssembly kernel computes a node, on which operands: one binding a kind of operation. A kind that has none is left to the plain kernels. */
import type { Kernel } from "../../../../../kernels/wasm/shared/kernel.ts";
import { imagePitch, interior } from "../../../../../kernels/wasm/shared/layout.ts";
import type { Layout } from "../../../../../kernels/wasm/shared/layout.ts";
import type { Kind, Node, Value } from "../../../../graph/graph.ts";
import type { NodeOf } from "../../../../operations/record.ts";
import { sizeOf } from "../../../../tensor.ts";
import type { KernelCall, Operand } from "../../../plan/kernel-call.ts";
import type { Placement } from "../../../plan/layouts.ts";
import type { Arithmetic } from "../../numerics.ts";
import type { WasmMemory } from "../memory.ts";

/** A call whose operands that lie in the arena are not yet addresses: those are known when all calls are. */
export interface Bound extends Omit<KernelCall, "operands" | "scratchAt"> {
  readonly operands: readonly (Value | number)[];
}

/** What nodes are bound with. */
export interface BindingContext {
  readonly place: (value: Value) => Omit<Placement, "offset">;
  readonly memory: WasmMemory;
  readonly arithmetic: Arithmetic;
}

export interface Binding<K extends Kind> {
  /** Undefined where this one has no kernel. */
  bind(node: NodeOf<K>, context: BindingContext): Bound | undefined;
  /** Halo that its kernels want around the first input. */
  halo?(node: NodeOf<K>): number;
  /** The input whose memory the output may take over, where nothing else reads it: one that its kernels read no later than they write. */
  over?(node: NodeOf<K>): Value | undefined;
}

/** Every kind has a binding, or says that it has none. */
export type Bindings = { readonly [K in Kind]: Binding<K> | "plain" };

/** The binding of a node; undefined where its kind has none. */
export function bindingOf(bindings: Partial<Bindings>, { operation: { kind } }: Node): Binding<Kind> | undefined {
  const binding = bindings[kind];
  return binding === "plain" ? undefined : (binding as Binding<Kind> | undefined);
}

/** Operations an element, about, of what only reads and writes. */
const ELEMENT_WORK = 4;

/** A kernel for every image. @param operands its own, outputs first, in the order of its arguments */
export function everyImage(kernel: Kernel, images: number, operands: readonly (Value | number)[]): Bound {
  const largest = Math.max(...operands.map((value) => (typeof value === "number" ? 0 : sizeOf(value.shape))));
  return { kernel, images, operands, ranges: [{ count: kernel.parts, unit: 1 }], divided: 0, scratch: 0, work: ELEMENT_WORK * largest };
}

/** A binding to a kernel of the layouts alone, whose operands are the output and all inputs. */
export function onLayouts<K extends Kind>(kernelOf: (output: Layout, inputs: readonly Layout[], node: NodeOf<K>) => Kernel | undefined): Binding<K>["bind"] {
  return (node, { place }) => {
    const { inputs, output } = node;
    const { layout, images } = place(output);
    const kernel = kernelOf(layout, inputs.map((value) => place(value).layout), node);
    return kernel && everyImage(kernel, images, [output, ...inputs]);
  };
}

/** Over the first input. */
export function overFirst({ inputs }: Node): Value {
  return inputs[0];
}

/** The operand of a value: pixel (0, 0) of its first image. */
export function operandOf({ layout, offset }: Placement, arena: number): Operand {
  return { address: arena + offset + 4 * interior(layout), pitch: 4 * imagePitch(layout) };
}
