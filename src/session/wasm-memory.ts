/**
 * The one WebAssembly memory of a session: a page of control words, packed weights, each once, and one arena that all its programs use in
 * turn, as large as the largest wants. Addresses are given out first; `commit` then grows the memory once and writes what is new.
 */
import { takeMemory } from "./memories.ts";

const PAGE = 65536;
const ALIGNMENT = 64;
/** What 32-bit addresses reach, in pages. */
const MOST_PAGES = 65536;

/** Where threads meet (run-function.ts): words that begin as zero. */
export const CONTROL_ADDRESS = 64;
/** Below it stands nothing but control words. */
const FIRST = 256;

interface Constant {
  readonly address: number;
  readonly size: number;
  readonly fill: (into: Float32Array) => void;
}

export class WasmMemory {
  readonly memory: HostWasmMemory;
  readonly shared: boolean;
  readonly #constants = new Map<string, Constant>();
  #unfilled: Constant[] = [];
  #top = FIRST;
  #arena = { address: 0, bytes: 0 };
  #floats: Float32Array;

  /** @throws Error where WebAssembly is missing, or no such memory can be had */
  constructor(shared: boolean) {
    if (typeof WebAssembly === "undefined") throw new Error("WebAssembly is not available here");
    this.shared = shared;
    this.memory = takeMemory(shared);
    this.#floats = new Float32Array(this.memory.buffer);
    this.#floats.fill(0, 0, FIRST / 4);
  }

  /** All of the memory. Taken anew at each use: growing leaves older views behind. */
  get floats(): Float32Array {
    if (this.#floats.buffer !== this.memory.buffer) this.#floats = new Float32Array(this.memory.buffer);
    return this.#floats;
  }

  /** Address of `size` floats that `fill` writes, at the next commit and at each refresh; of one key there is one. */
  constant(key: string, size: number, fill: (into: Float32Array) => void): number {
    const known = this.#constants.get(key);
    if (known !== undefined) return known.address;
    const constant = { address: this.#take(size * 4), size, fill };
    this.#constants.set(key, constant);
    this.#unfilled.push(constant);
    return constant.address;
  }

  /** Address of an arena of at least so many bytes. Only one program's values are in it at a time. */
  arena(bytes: number): number {
    if (bytes > this.#arena.bytes) {
      const last = this.#arena.address + this.#arena.bytes === this.#top;
      if (this.#arena.bytes > 0 && last) this.#top = this.#arena.address;
      const address = this.#take(bytes);
      this.#arena = { address, bytes: this.#top - address };
    }
    return this.#arena.address;
  }

  /** Makes what was given out exist. @throws RangeError where the host has not so much */
  commit(): void {
    const pages = Math.ceil(this.#top / PAGE) - this.memory.buffer.byteLength / PAGE;
    if (pages > 0) {
      try {
        this.memory.grow(pages);
      } catch {
        throw new RangeError(`session: ${Math.ceil(this.#top / 1048576)} MiB of memory are wanted, and not to be had here`);
      }
    }
    for (const constant of this.#unfilled) this.#fill(constant);
    this.#unfilled = [];
  }

  /**
   * The state before a program that came to nothing: what it was given is given again.
   * @returns a function that goes back to now
   */
  mark(): () => void {
    const [top, arena, keys] = [this.#top, this.#arena, this.#constants.size];
    return () => {
      [...this.#constants.keys()].slice(keys).forEach((key) => this.#constants.delete(key));
      this.#unfilled = [];
      this.#top = top;
      this.#arena = arena;
    };
  }

  /** Fills all constants again. */
  refresh(): void {
    for (const constant of this.#constants.values()) this.#fill(constant);
  }

  #fill({ address, size, fill }: Constant): void {
    fill(this.floats.subarray(address / 4, address / 4 + size));
  }

  #take(bytes: number): number {
    const address = this.#top;
    const top = Math.ceil((address + bytes) / ALIGNMENT) * ALIGNMENT;
    if (top > MOST_PAGES * PAGE) throw new RangeError(`session: this network wants ${Math.ceil(top / 1048576)} MiB, WebAssembly reaches 4096 MiB`);
    this.#top = top;
    return address;
  }
}
