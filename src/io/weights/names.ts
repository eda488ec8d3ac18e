/**
 * Turns the names in a weights file into those that a model wants. Prefixes that wrappers leave are taken off. Names of another published
 * layout are renamed by the layouts that the model's family gives (`layouts()` in models/). A fully connected layer that is kept as a
 * convolution, or the other way round, takes the wanted shape.
 *
 * Names and shapes cannot tell some networks apart: timm's `tf_` networks pad as TensorFlow does and are named like those that do not.
 */
import { show } from "../../errors.ts";
import { sameShape, sizeOf, Tensor } from "../../tensor.ts";
import type { Shape } from "../../tensor.ts";
import type { Renaming, WeightLayout } from "../../weight-layout.ts";
import type { StoredTensor } from "./stored.ts";

/** A tensor of a file, read or not. */
export type AnyTensor = Tensor | StoredTensor;

export interface RenamedWeights<T extends AnyTensor = Tensor> {
  /** The same data under the model's names. What the model does not want keeps its name, so that strict loading reports it. */
  readonly tensors: Map<string, T | Tensor>;
  /** The layout's name; "native" where the names were the model's own already. */
  readonly layout: string;
  /** What was taken off every name, such as "module."; "" for nothing. */
  readonly prefix: string;
  /** Batch normalisation's epsilon where the weights were trained with another one than the model has. */
  readonly epsilon?: number;
}

/** Left by DataParallel, by wrappers that hold the network as `model`, by files of several parts, by torch.compile. */
const PREFIXES: readonly string[] = ["module.", "model.", "state_dict.", "_orig_mod."];

/**
 * Renames (and reshapes, where only dimensions of 1 differ) the tensors of a weights file to what a model wants. Nothing is copied.
 * @param tensors as the file names them
 * @param wanted names and shapes of the model
 * @param layouts other layouts that its weights are published in; the first that the file has is taken
 * @throws RangeError for weights of another graph (a family's layout says which network they belong to), and where two tensors would get
 * one name
 */
export function renameWeights<T extends AnyTensor>(
  tensors: ReadonlyMap<string, T>, wanted: ReadonlyMap<string, Shape>, layouts: readonly WeightLayout[] = [],
): RenamedWeights<T> {
  const { prefix, bare } = stripPrefix(tensors, wanted);
  const { layout, rename, epsilon, zero } = recognise(shapesOf(bare), wanted, layouts);
  const renamed = new Map<string, T | Tensor>();
  for (const [name, tensor] of bare) {
    if (name.endsWith(".num_batches_tracked") && !wanted.has(name)) continue;
    const to = rename(name);
    if (to === undefined) continue;
    if (renamed.has(to)) throw new RangeError(`weights: two tensors of the file are named ${show(to)} in ${layout} names`);
    renamed.set(to, fitShape(tensor, wanted.get(to)));
  }
  if (zero !== undefined) {
    for (const [name, shape] of wanted) if (!renamed.has(name) && zero(name)) renamed.set(name, Tensor.zeros(shape));
  }
  return { tensors: renamed, layout, prefix, ...(epsilon === undefined ? {} : { epsilon }) };
}

function recognise(file: ReadonlyMap<string, Shape>, wanted: ReadonlyMap<string, Shape>, layouts: readonly WeightLayout[]): Renaming & {
  readonly layout: string
} {
  for (const layout of layouts) {
    const renaming = layout.read(file, wanted);
    if (renaming !== undefined) return { ...renaming, layout: layout.name };
  }
  return { layout: "native", rename: (name) => name };
}

function stripPrefix<T>(
  tensors: ReadonlyMap<string, T>, wanted: ReadonlyMap<string, Shape>,
): { prefix: string; bare: ReadonlyMap<string, T> } {
  const names = [...tensors.keys()];
  let prefix = "";
  for (;;) {
    const next = PREFIXES.find((p) => names.length > 0 && names.every((name) => name.startsWith(prefix + p)));
    if (next === undefined || [...wanted.keys()].some((name) => name.startsWith(next))) break;
    prefix += next;
  }
  if (prefix === "") return { prefix, bare: tensors };
  return { prefix, bare: new Map(Array.from(tensors, ([name, tensor]) => [name.slice(prefix.length), tensor])) };
}

/** Names and shapes of tensors. */
export function shapesOf(tensors: ReadonlyMap<string, AnyTensor>): Map<string, Shape> {
  return new Map(Array.from(tensors, ([name, { shape }]) => [name, shape]));
}

/**
 * Can a tensor of this shape be taken in the wanted one? The two may differ in dimensions of 1, such as [64,256] and [64,256,1,1]; and a
 * linear layer may be kept as a convolution over the whole image, such as [4096,25088] as [4096,512,7,7].
 */
export function holds(shape: Shape, wanted: Shape): boolean {
  if (sameShape(shape, wanted)) return true;
  const ones = (of: Shape): Shape => of.filter((n) => n !== 1);
  const linear = [wanted, shape].every(({ length }) => length === 2 || length === 4) && wanted.length !== shape.length &&
    shape[0] === wanted[0] && sizeOf(shape) === sizeOf(wanted);
  return sizeOf(shape) > 0 && (linear || sameShape(ones(shape), ones(wanted)));
}

/** `tensor` in the wanted shape where it can be taken in it; otherwise as it is. */
export function fitShape<T extends AnyTensor>(tensor: T, wanted: Shape | undefined): T {
  if (wanted === undefined || sameShape(tensor.shape, wanted) || !holds(tensor.shape, wanted)) return tensor;
  const turned: AnyTensor = "data" in tensor ? tensor.reshape(wanted) : { dtype: tensor.dtype, shape: wanted, bytes: () => tensor.bytes() };
  return turned as T;
}
