/** Arrays for routines in JavaScript, which run one after the other and so share them. */

export class Workspace {
  readonly #sizes: number[] = [];
  readonly #arrays: Float32Array[] = [];
  #doubles = new Float64Array(0);

  /** Says that a routine will want arrays of these sizes at the same time. @returns what gives them when it runs, with anything in them */
  reserve(sizes: readonly number[]): () => Float32Array[] {
    sizes.forEach((size, i) => (this.#sizes[i] = Math.max(this.#sizes[i] ?? 0, size)));
    return () => sizes.map((size, i) => {
      const array = (this.#arrays[i] ?? []).length >= size ? this.#arrays[i] : (this.#arrays[i] = new Float32Array(this.#sizes[i]));
      return array.subarray(0, size);
    });
  }

  /** Working memory of so many doubles. */
  scratch(size: number): Float64Array {
    if (this.#doubles.length < size) this.#doubles = new Float64Array(size);
    return this.#doubles;
  }
}
