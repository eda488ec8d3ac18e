/**
 * The one WebAssembly memory of a session: a page of control words, packed weights, each once, and one arena that all its programs use in
 * turn, as large as the largest wants. Addresses are given out first; `commit` then grows the memory once and writes what is new.
 */
import type { HostWasmMemory } from "../../../host-types.ts";
import type { Emitter } from "../../plan/kernel-call.ts";
import { takeMemory } from "./memories.ts";

const PAGE = 65536;
const ALIGNMENT = 64;
/** What 32-bit addresses reach, in pages. */
const MOST_PAGES = 65536;

/**
 * Where threads meet (run-function.ts): words that begin as zero. Only threads write them, also where a memory is used again: a worker may
 * still come late to a run of the last session, and must find its stages over.
 */
export const CONTROL_ADDRESS = 64;
/** The number of the stage that is under way, or comes next. */
export const STAGE_ADDRESS: number = CONTROL_ADDRESS + 4;
/** Below it stands nothing but control words. */
const FIRST = 256;

/** Writes a constant. @param packer what was asked for with it, now a function of WebAssembly */
export type Fill = (into: Float32Array, place: { readonly memory: WasmMemory; readonly address: number; readonly packer: Packer | undefined }) => void;

/** A function of kernels/wasm/convolution/pack.ts: (to, from, factors, panels). */
export type Packer = (to: number, from: number, factors: number, panels: number) => void;

/** Bytes for weights on their way into panels. */
export const STAGING = 1048576;

interface Constant {
  readonly address: number;
  readonly size: number;
  readonly fill: Fill;
  readonly packer: Emitter | undefined;
}

export class WasmMemory {
  readonly memory: HostWasmMemory;
  readonly shared: boolean;
  readonly #constants = new Map<string, Constant>();
  #unfilled: Constant[] = [];
  #functions: Readonly<Record<string, unknown>> = {};
  #top = FIRST;
  #arena = { address: 0, bytes: 0 };
  #floats: Float32Array;
  /**
   * As many bytes that nobody touches, so that the system gives none: engines do not count these memories, or not soon, and so would see no
   * reason to look for sessions that were dropped (after 200 SE-ResNet-50 with two threads Node 20 had 11 GB, now 0.5).
   */
  #counted: ArrayBuffer | undefined;

  /** @throws Error where WebAssembly is missing, or no such memory can be had */
  constructor(shared: boolean) {
    if (typeof WebAssembly === "undefined") throw new Error("WebAssembly is not available here");
    this.shared = shared;
    this.memory = takeMemory(shared);
    this.#floats = new Float32Array(this.memory.buffer);
  }

  /** All of the memory. Taken anew at each use: growing leaves older views behind. */
  get floats(): Float32Array {
    if (this.#floats.buffer !== this.memory.buffer) this.#floats = new Float32Array(this.memory.buffer);
    return this.#floats;
  }

  /** Address of `size` floats that `fill` writes, with `packer`'s help, at the next commit and at each refresh; of one key there is one. */
  constant(key: string, size: number, fill: Fill, packer?: Emitter): number {
    const known = this.#constants.get(key);
    if (known !== undefined) return known.address;
    const constant = { address: this.#take(size * 4), size, fill, packer };
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

  /** The functions that the next commit needs. */
  get packers(): readonly Emitter[] {
    return this.#unfilled.flatMap(({ packer }) => (packer === undefined ? [] : [packer]));
  }

  /** Where `STAGING` bytes are free while constants are filled: above all that was given out. */
  get staging(): number {
    return this.#top;
  }

  /** Makes what was given out exist. @param functions the packers, by name @throws RangeError where the host has not so much */
  commit(functions: Readonly<Record<string, unknown>>): void {
    this.#functions = functions;
    // Also where nothing is new: `refresh` packs everything again.
    const staging = [...this.#constants.values()].some(({ packer }) => packer !== undefined) ? STAGING : 0;
    const pages = Math.ceil((this.#top + staging) / PAGE) - this.memory.buffer.byteLength / PAGE;
    if (pages > 0) {
      try {
        this.memory.grow(pages);
      } catch {
        throw new RangeError(`session: ${Math.ceil(this.#top / 1048576)} MiB of memory are wanted, and not to be had here`);
      }
    }
    const { byteLength } = this.memory.buffer;
    if (this.#counted?.byteLength !== byteLength) this.#counted = new ArrayBuffer(byteLength);
    for (const constant of this.#unfilled) this.#fill(constant);
    this.#unfilled = [];
  }

  /**
   * The state before a program that came to nothing: what it was given is given again.
   * @returns a function that goes back to now
   */
  mark(): () => void {
    const [top, arena, keys, functions] = [this.#top, this.#arena, this.#constants.size, this.#functions];
    return () => {
      [...this.#constants.keys()].slice(keys).forEach((key) => this.#constants.delete(key));
      this.#unfilled = [];
      this.#top = top;
      this.#arena = arena;
      this.#functions = functions;
    };
  }

  /** Fills all constants again. */
  refresh(): void {
    for (const constant of this.#constants.values()) this.#fill(constant);
  }

  #fill({ address, size, fill, packer }: Constant): void {
    const found = packer === undefined ? undefined : (this.#functions[packer.name] as Packer | undefined);
    fill(this.floats.subarray(address / 4, address / 4 + size), { memory: this, address, packer: found });
  }

  #take(bytes: number): number {
    const address = this.#top;
    const top = Math.ceil((address + bytes) / ALIGNMENT) * ALIGNMENT;
    if (top > MOST_PAGES * PAGE) throw new RangeError(`session: this network wants ${Math.ceil(top / 1048576)} MiB, WebAssembly reaches 4096 MiB`);
    this.#top = top;
    return address;
  }
}
