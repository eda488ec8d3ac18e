/** Weights that PyTorch keeps in several tensors while a layer is reparametrised: torch.nn.utils' prune, weight_norm, spectral_norm. */
import { counted, show } from "../../errors.ts";
import { Tensor, sameShape, sizeOf } from "../../tensor.ts";
import type { AnyTensor } from "./names.ts";
import { isNumeric, littleEndian, numbersOf, swapEach } from "./stored.ts";
import type { StoredTensor } from "./stored.ts";

const readable = (tensor: AnyTensor): boolean => "data" in tensor || isNumeric(tensor.dtype);

const valuesOf = (name: string, tensor: AnyTensor): Tensor => ("data" in tensor ? tensor : numbersOf(name, tensor, true));

/** weight_orig * weight_mask, computed when it is wanted. */
function product(name: string, weights: AnyTensor, mask: AnyTensor): StoredTensor {
  const { shape } = weights;
  return {
    dtype: "F32", shape, bytes: () => {
      const [all, kept] = [valuesOf(`${name}_orig`, weights).data, valuesOf(`${name}_mask`, mask).data];
      const values = new Float32Array(sizeOf(shape));
      for (let i = 0; i < values.length; i++) values[i] = all[i] * kept[i];
      const bytes = new Uint8Array(values.buffer);
      if (!littleEndian) swapEach(bytes, 4);
      return bytes;
    },
  };
}

/** Puts together what pruning has parted: NAME_orig and NAME_mask become NAME, as the pruned layer computes it in every pass. */
export function mergePruned(tensors: ReadonlyMap<string, AnyTensor>): { tensors: ReadonlyMap<string, AnyTensor>; notes: string[] } {
  const merged = new Map<string, AnyTensor>();
  let pruned = 0;
  for (const [name, tensor] of tensors) {
    const base = /_(orig|mask)$/.test(name) ? name.slice(0, -5) : undefined;
    const [weights, mask] = [tensors.get(`${base}_orig`), tensors.get(`${base}_mask`)];
    if (
      base === undefined || weights === undefined || mask === undefined || tensors.has(base) || !sameShape(weights.shape, mask.shape) ||
      !readable(weights) || !readable(mask)
    ) {
      merged.set(name, tensor);
    } else if (tensor === weights) {
      merged.set(base, product(base, weights, mask));
      pruned++;
    }
  }
  if (pruned === 0) return { tensors, notes: [] };
  return { tensors: merged, notes: [`${counted(pruned, "tensor")} of pruned layers: NAME_orig times NAME_mask is taken for NAME`] };
}

/** Names that other reparametrisations leave: what was done to the layer, and what undoes it in PyTorch. */
const reparametrised: readonly (readonly [names: RegExp, done: string, undo: string])[] = [
  [
    /(^|\.)parametrizations\.\w+\.(original|\d)/, "a parametrisation",
    'torch.nn.utils.parametrize.remove_parametrizations(layer, "weight")',
  ],
  [/weight_orig$/, "a spectral norm", "torch.nn.utils.remove_spectral_norm(layer)"],
  [/weight_[gv]$/, "a weight norm", "torch.nn.utils.remove_weight_norm(layer)"],
];

/** What to do about a layer whose weight is kept as others, which are not put together here; undefined where there is none. */
export function undoing(names: ReadonlySet<string>): string | undefined {
  for (const [pattern, done, undo] of reparametrised) {
    for (const name of names) {
      if (!pattern.test(name) || (name.endsWith("_orig") && names.has(`${name.slice(0, -5)}_mask`))) continue;
      return `${show(name)} belongs to a layer with ${done}; in PyTorch, ${undo} before saving makes one weight of it`;
    }
  }
  return undefined;
}
