/** A typed array with a shape, row-major (images NCHW). Data only: operations are kernels, layers hold them together. */
import type { Floats } from "../kernels/shapes.ts";
import { show } from "./errors.ts";

export type { Floats } from "../kernels/shapes.ts";

/**
 * Sizes of the dimensions, outermost first; empty for a scalar.
 * @example
 * const shape: Shape = [1, 3, 224, 224];
 * Tensor.zeros(shape).size   // => 150528
 */
export type Shape = readonly number[];

/**
 * Number of elements of `shape`.
 * @example
 * sizeOf([2, 3, 4])   // => 24
 * sizeOf([])   // => 1
 */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}

/**
 * "[object Float32Array]", ...: what a value is, also where it comes from another realm (an iframe, a vm context).
 * @example
 * tagOf(new Float32Array(1))   // => [object Float32Array]
 */
export const tagOf = (value: unknown): string => Object.prototype.toString.call(value);

/** Number of elements of a shape that a caller gives. @throws RangeError for what are no sizes, or too many elements */
function elements(shape: Shape): number {
  if (Array.isArray(shape) && shape.every((n) => Number.isSafeInteger(n) && n >= 0) && sizeOf(shape) < 2147483648) return sizeOf(shape);
  throw new RangeError(`Tensor: shape wants whole numbers of at least 0, got ${show(shape)}`);
}

/**
 * `[1,3,224,224]`: a shape in messages and tables.
 * @example
 * showShape([1, 3, 224, 224])   // => [1,3,224,224]
 */
export function showShape(shape: Shape): string {
  return `[${shape.join(",")}]`;
}

/**
 * Have both the same sizes in the same order?
 * @example
 * sameShape([1, 2], [1, 2])   // => true
 * sameShape([1, 2], [2, 1])   // => false
 */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

/**
 * A typed array and its shape, in row-major order: images are [N, C, H, W]. It has no operations: modules and sessions compute.
 * Single precision (Float32Array) or double (Float64Array); the two are never mixed.
 * @example
 * const x = Tensor.of([1, 2, 3, 4, 5, 6], [2, 3]);
 * x.reshape([3, 2]).shape   // => [3,2]
 * x.size   // => 6
 */
export class Tensor<A extends Floats = Floats> {
  readonly data: A;
  readonly shape: Shape;

  /**
   * Wraps `data` (no copy).
   * @throws TypeError if `data` is neither Float32Array nor Float64Array; RangeError if its length is not the shape's size.
   */
  constructor(data: A, shape: Shape) {
    // By tag, not by instanceof: a typed array from another realm (an iframe, a vm context) is one all the same.
    if (!/Float(32|64)Array/.test(tagOf(data))) {
      throw new TypeError(`Tensor: data wants a Float32Array or Float64Array, got ${show(data)}`);
    }
    const size = elements(shape);
    if (data.length !== size) throw new RangeError(`Tensor: shape ${showShape(shape)} wants ${size} elements, data has ${data.length}`);
    this.data = data;
    this.shape = Object.freeze([...shape]);
  }

  static zeros(shape: Shape): Tensor<Float32Array> {
    return new Tensor(new Float32Array(elements(shape)), shape);
  }

  /** Float32 from numbers. */
  static of(values: ArrayLike<number>, shape: Shape): Tensor<Float32Array> {
    return new Tensor(Float32Array.from(Object(values) as ArrayLike<number>), shape);
  }

  get size(): number {
    return this.data.length;
  }

  /** Zeros of another (or the same) shape in the same precision. */
  like(shape: Shape = this.shape): Tensor<A> {
    const size = elements(shape);
    return new Tensor((isDouble(this.data) ? new Float64Array(size) : new Float32Array(size)) as A, shape);
  }

  clone(): Tensor<A> {
    return new Tensor(this.data.slice() as A, this.shape);
  }

  /** The same data seen in another shape of the same size. */
  reshape(shape: Shape): Tensor<A> {
    return new Tensor(this.data, shape);
  }

  toFloat32(): Tensor<Float32Array> {
    return new Tensor(Float32Array.from(this.data), this.shape);
  }

  toFloat64(): Tensor<Float64Array> {
    return new Tensor(Float64Array.from(this.data), this.shape);
  }
}

/**
 * Is `data` of double precision?
 * @example
 * isDouble(new Float64Array(1))   // => true
 */
export function isDouble(data: Floats): data is Float64Array {
  return data.BYTES_PER_ELEMENT === 8;
}
