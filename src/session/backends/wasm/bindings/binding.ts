/**
 * Chooses the WebAssembly kernel that computes a node, and its operands: each kind of operation has a binding, or says that the plain
 * kernels compute it.
 */
import type { Activation as KernelActivation, ActivationEmitter } from "../../../../../kernels/wasm/shared/activation.ts";
import type { Kernel } from "../../../../../kernels/wasm/shared/kernel.ts";
import type { Layout } from "../../../../../kernels/wasm/shared/layout.ts";
import type { Activation, ActivationKind, Kind, Node, Value } from "../../../../graph/graph.ts";
import type { NodeOf } from "../../../../operations/record.ts";
import { callOf } from "../../../plan/kernel-call.ts";
import type { Call } from "../../../plan/kernel-call.ts";
import type { Image } from "../../../plan/places.ts";
import type { Arithmetic } from "../../numerics.ts";

/** What nodes are bound with. */
export interface BindingContext {
  readonly image: (value: Value) => Image;
  readonly arithmetic: Arithmetic;
  /** Of activations that not every bundle has. */
  readonly emitters: Emitters;
}

export type Emitters = Readonly<Partial<Record<ActivationKind, ActivationEmitter>>>;

/** The activation with what emits it. */
export function emitted(
  activation: Activation | undefined,
  { arithmetic, emitters }: { readonly arithmetic?: Pick<Arithmetic, "activations">; readonly emitters: Emitters },
): KernelActivation | undefined {
  return activation && (arithmetic?.activations?.[activation.activation] ?? { ...activation, emit: emitters[activation.activation] });
}

export interface Binding<K extends Kind> {
  /** The call that computes the node; undefined where this one has no kernel. It allocates nothing: what it wants stored is an operand. */
  bind(node: NodeOf<K>, context: BindingContext): Call | undefined;
  /** Do its kernels take bytes? Otherwise nodes with values that are no float32 are left to the plain kernels. */
  readonly bytes?: boolean;
  /** Halo that its kernels want around the first input. */
  halo?(node: NodeOf<K>): number;
  /** The byte that the halo holds, where the first input has bytes. */
  border?(node: NodeOf<K>): number;
  /** Bytes from one pixel of the output to the next, where they are more than its channels. */
  pixel?(node: NodeOf<K>): number;
  /** The input whose memory the output may take over, where nothing else reads it: one that its kernels read no later than they write. */
  over?(node: NodeOf<K>): Value | undefined;
}

/** Every kind has a binding, or says that it has none. */
export type Bindings = { readonly [K in Kind]: Binding<K> | "plain" };

/** The binding of a node; undefined where its kind has none, or none for its number formats. */
export function bindingOf(bindings: Partial<Bindings>, { operation: { kind }, inputs, output }: Node): Binding<Kind> | undefined {
  const binding = bindings[kind];
  if (binding === undefined || binding === "plain") return undefined;
  return binding.bytes || [...inputs, output].every(({ dtype = "f32" }) => dtype === "f32") ? (binding as Binding<Kind>) : undefined;
}

/** A binding to a kernel of the layouts alone, whose operands are the output and all inputs. */
export function onLayouts<K extends Kind>(
  kernelOf: (output: Layout, inputs: readonly Layout[], node: NodeOf<K>, context: BindingContext) => Kernel | undefined,
): Binding<K>["bind"] {
  return (node, context) => {
    const { image } = context;
    const [y, inputs] = [image(node.output), node.inputs.map((value) => image(value))];
    const kernel = kernelOf(y.layout, inputs.map(({ layout }) => layout), node, context);
    return kernel && callOf(kernel, y.images, [y, ...inputs]);
  };
}

/** Over the first input. */
export function overFirst({ inputs }: Node): Value {
  return inputs[0];
}
