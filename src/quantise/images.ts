/** The images that quantisation measures a network on: checked, one by one. */
import { isTensor } from "../checks.ts";
import { show } from "../errors.ts";
import { Tensor, isDouble, showShape } from "../tensor.ts";
import type { Shape } from "../tensor.ts";

/** One tensor, or several: [N,C,H,W], all of one size. */
export type CalibrationImages = Tensor<Float32Array> | Iterable<Tensor<Float32Array>>;

/**
 * Images of one each.
 * @param wanted shape of the network's input, without the number of images, as far as it is known
 * @throws TypeError for what is no such tensor; RangeError for no image, images of several sizes, or numbers that are not finite
 */
export function singleImages(images: CalibrationImages): Tensor<Float32Array>[] {
  const given: readonly unknown[] = isTensor(images) ? [images]
    : typeof images === "object" && images !== null && Symbol.iterator in images ? [...images] : [];
  if (given.length === 0 && !(typeof images === "object" && images !== null && Symbol.iterator in images)) {
    throw new TypeError(`quantise: images wants a tensor [N,C,H,W], or several, got ${show(images)}`);
  }
  const singles: Tensor<Float32Array>[] = [];
  let first: Shape | undefined;
  for (const image of given) {
    if (!isTensor(image) || isDouble(image.data) || image.shape.length !== 4) {
      throw new TypeError(`quantise: images wants tensors of Float32Array [N,C,H,W], got ${show(image)}`);
    }
    const { shape: [count, ...size], data } = image as Tensor<Float32Array>;
    first ??= size;
    if (first.join() !== size.join()) {
      throw new RangeError(`quantise: images wants images of one size, the first is ${showShape(first)}, another ${showShape(size)}`);
    }
    if (!data.every((value) => Number.isFinite(value))) throw new RangeError("quantise: images holds a number that is not finite");
    const each = data.length / count;
    for (let i = 0; i < count; i++) singles.push(new Tensor(data.slice(i * each, (i + 1) * each), [1, ...size]));
  }
  if (singles.length === 0) throw new RangeError("quantise: images wants at least one image to measure the network on, got none");
  return singles;
}
