/**
 * Random numbers that are the same on every engine: xoshiro128** (Blackman and Vigna, 2018), seeded by splitmix32, with
 * a state of four words that checkpoints can keep.
 */
import { cos, log } from "./math.ts";

/**
 * xoshiro128** (Blackman and Vigna, 2018): random numbers that are the same on every engine, for weights, masks and orders.
 * Equal seeds give equal sequences; `state` of a generator can be saved and restored.
 * @example
 * const random = new Random(1);
 * const state = random.state;
 * const first = random.uniform();
 * random.state = state;
 * random.uniform() === first   // => true
 */
export class Random {
  readonly #state = new Uint32Array(4);

  /** @param seed equal ones give equal sequences. @throws RangeError for what is no whole number */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) throw new RangeError(`Random: seed wants a whole number, got ${String(seed)}`);
    // Both halves of the seed count; splitmix32 spreads them over the state and never leaves it all zero.
    let a = (seed ^ Math.imul(Math.floor(seed / 4294967296), 0x9e3779b9)) | 0;
    for (let i = 0; i < 4; i++) {
      a = (a + 0x9e3779b9) | 0;
      let t = a ^ (a >>> 16);
      t = Math.imul(t, 0x21f0aaad);
      t = t ^ (t >>> 15);
      t = Math.imul(t, 0x735a2d97);
      this.#state[i] = t ^ (t >>> 15);
    }
    if (this.#state.every((word) => word === 0)) this.#state[0] = 1;
  }

  /** A whole number from 0 to 2^32 - 1. */
  uint32(): number {
    const s = this.#state;
    const x = Math.imul(s[1], 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  /** Uniform in [0, 1), 32 bits fine. */
  uniform(): number {
    return this.uint32() / 4294967296;
  }

  /**
   * A whole number from 0 to n - 1 without bias.
   * @throws RangeError unless n is a whole number from 1 to 2^32.
   */
  below(n: number): number {
    if (!(Number.isInteger(n) && n >= 1 && n <= 4294967296)) {
      throw new RangeError(`Random: below wants a whole number from 1 to 2^32, got ${String(n)}`);
    }
    const limit = 4294967296 - (4294967296 % n);
    let value = this.uint32();
    while (value >= limit) value = this.uint32();
    return value % n;
  }

  /** Normal with mean 0 and standard deviation 1 (Box and Muller, 1958; the sine half is not used). */
  normal(): number {
    const u = (this.uint32() + 1) / 4294967296;
    return Math.sqrt(-2 * log(u)) * cos(2 * Math.PI * this.uniform());
  }

  /** Shuffles `indices` in place (Fisher and Yates). */
  shuffle<T extends Int32Array | number[]>(indices: T): T {
    if (!Array.isArray(indices) && !ArrayBuffer.isView(indices)) {
      throw new TypeError(`Random: shuffle wants a list of indices, got ${String(indices)}`);
    }
    for (let i = indices.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const keep = indices[i];
      indices[i] = indices[j];
      indices[j] = keep;
    }
    return indices;
  }

  /** The four words of the state, for checkpoints. */
  get state(): number[] {
    return Array.from(this.#state);
  }

  /** @throws RangeError unless `words` are four whole numbers, not all zero. */
  set state(words: readonly number[]) {
    if (!Array.isArray(words)) throw new TypeError(`Random: state wants a list of four whole numbers, got ${String(words)}`);
    if (words.length !== 4 || !words.every((w) => Number.isInteger(w) && w >= 0 && w < 4294967296) || words.every((w) => w === 0)) {
      throw new RangeError(`Random: state wants four whole numbers below 2^32, not all zero, got [${words.join(",")}]`);
    }
    this.#state.set(words);
  }
}
