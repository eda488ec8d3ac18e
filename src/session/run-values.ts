/** What goes into a run of a session and what comes out: checked before anything is computed. */
import { didYouMean, show } from "../errors.ts";
import type { Value } from "../graph/graph.ts";
import type { Network } from "../graph/network.ts";
import { sameShape, showShape, sizeOf, tagOf } from "../tensor.ts";
import type { Tensor } from "../tensor.ts";

/**
 * Values by name: inputs and overridden values go in, outputs and observed ones come out. A model has one `input` and one `output`.
 * @example
 * const inputs: Named<Tensor<Float32Array>> = { input: Tensor.zeros([1, 1, 4, 4]) };
 * compileSync(new Conv2d(1, 2, { kernel: 1 }), { input: [1, 1, 4, 4] }).run(inputs).output.shape   // => [1,2,4,4]
 */
export type Named<T> = Readonly<Record<string, T>>;

export type Input = Tensor<Float32Array>;

/**
 * Arrays for outputs, instead of new ones.
 * @example
 * const options: RunOptions<Float32Array> = { into: new Float32Array(2) };
 * compileSync(new ReLU(), { input: [1, 2] }).run(Tensor.of([-1, 3], [1, 2]), options);
 * options.into   // => [0,3]
 */
export interface RunOptions<Into> {
  readonly into?: Into;
}

/**
 * Inputs and overridden values by name.
 * @param at begins messages @param x a lone one where there is one input and one output
 * @throws TypeError for what is no such tensor, or missing; RangeError for a name that is none
 */
export function checkInputs(at: string, { inputs, outputs }: Network, overridden: Iterable<string>, x: Input | Named<Input>): Named<Input> {
  const names = inputs.map(({ name }) => name);
  // By what they have, not by instanceof: tensors of another copy of this package, or of another realm, are some. What is no object is
  // taken for one, and refused below.
  const lone = tagOf(x) !== "[object Object]" || ArrayBuffer.isView(x.data);
  if (lone && names.length + outputs.length > 2) {
    const wanted = names.map((name) => `${name}: Tensor`).join(", ");
    throw new RangeError(`${at}: x wants { ${wanted} }: inputs (${names.length}) and outputs (${outputs.length}) have names`);
  }
  const named = (lone ? { [names[0]]: x } : x) as Named<Input>;
  const known = [...names, ...overridden];
  for (const name of [...names, ...Object.keys(named)]) {
    if (!known.includes(name)) {
      throw new RangeError(`${at}: "${name}" is no input${didYouMean(name, known)}; compile with override: ["${name}"]`);
    }
    const tensor = named[name];
    if (tagOf((Object(tensor) as Partial<Input>).data) !== "[object Float32Array]") {
      throw new TypeError(`${at}: ${lone ? "x" : name} wants a Tensor of Float32Array, got ${show(tensor)}`);
    }
  }
  return named;
}

/** @throws RangeError unless the tensor has the value's shape */
export function checkOverride(at: string, { shape }: Value, name: string, tensor: Input): void {
  if (!sameShape(tensor.shape, shape)) {
    throw new RangeError(`${at}: ${name} wants shape ${showShape(shape)}, got ${showShape(tensor.shape)}`);
  }
}

/** Arrays by the names of outputs. @param values all that come out @throws TypeError, RangeError for what cannot take them */
export function checkInto(
  at: string, values: ReadonlyMap<string, Value>, into: Float32Array | Named<Float32Array> | undefined,
): Named<Float32Array> {
  if (into === undefined) return {};
  // One by itself, or what is neither that nor named.
  const lone = Object(into) !== into || ArrayBuffer.isView(into);
  const named = (lone ? { [[...values.keys()][0]]: into } : into) as Named<Float32Array>;
  for (const [name, data] of Object.entries(named)) {
    const value = values.get(name);
    if (value === undefined) throw new RangeError(`${at}: into names "${name}", which is no output${didYouMean(name, values.keys())}`);
    // By tag: a typed array of another realm is one all the same.
    if (tagOf(data) !== "[object Float32Array]") {
      throw new TypeError(`${at}: into wants a Float32Array, got ${show(data)}`);
    }
    const [wanted, shape] = [sizeOf(value.shape), showShape(value.shape)];
    if (data.length !== wanted) {
      throw new RangeError(`${at}: into wants ${wanted} elements for an output of shape ${shape}, got ${data.length}`);
    }
  }
  return named;
}
