/**
 * The one WebAssembly memory of a session: a page of control words, packed weights, each once, and one arena that all its programs use in
 * turn, as large as the largest wants. Addresses are given out first; `commit` then grows the memory once and writes what is new.
 */
import { noMemory } from "../no-memory.ts";
import type { HostWasmMemory } from "../../../host-types.ts";
import type { Emitter } from "../../../../kernels/wasm/shared/kernel.ts";
import type { Packer, Stored } from "../../plan/places.ts";
import type { Memory } from "../../plan/plan.ts";
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
/** Not zero once a thread was lost that had begun something: then the memory is not used again. */
export const LOST_ADDRESS: number = CONTROL_ADDRESS + 16;
/** Below it stands nothing but control words. */
const FIRST = 256;

/** Bytes for weights on their way into panels. */
export const STAGING = 1048576;

/** Something stored, and where. */
interface Kept extends Stored {
  readonly address: number;
}

export class WasmMemory implements Memory {
  readonly memory: HostWasmMemory;
  readonly shared: boolean;
  readonly #stored = new Map<string, Kept>();
  #unfilled: Kept[] = [];
  /** How often all that is stored was filled anew. */
  refreshes = 0;
  #functions: Readonly<Record<string, unknown>> = {};
  #top = FIRST;
  #arena = { address: 0, bytes: 0 };
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
  }

  get floats(): Float32Array {
    return new Float32Array(this.memory.buffer);
  }

  /** Address of bytes that are filled at the next commit, and at each refresh; of one key there is one. */
  stored(wanted: Stored): number {
    const known = this.#stored.get(wanted.key);
    if (known !== undefined) return known.address;
    const kept = { ...wanted, address: this.#take(wanted.bytes) };
    this.#stored.set(wanted.key, kept);
    this.#unfilled.push(kept);
    return kept.address;
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

  /** What is stored, the latest last. */
  get kept(): readonly Kept[] {
    return [...this.#stored.values()];
  }

  /** The functions that the next commit needs. */
  get packers(): readonly Emitter[] {
    return this.#unfilled.flatMap(({ packer }) => (packer === undefined ? [] : [packer]));
  }

  /** Where `STAGING` bytes are free while something is filled: above all that was given out. */
  get staging(): number {
    return this.#top;
  }

  /** Makes what was given out exist. @param functions the packers, by name @throws RangeError where the host has not so much */
  commit(functions: Readonly<Record<string, unknown>>): void {
    this.#functions = functions;
    // Also where nothing is new: `refresh` packs everything again.
    const staging = this.kept.some(({ packer }) => packer !== undefined) ? STAGING : 0;
    const pages = Math.ceil((this.#top + staging) / PAGE) - this.memory.buffer.byteLength / PAGE;
    if (pages > 0) {
      try {
        this.memory.grow(pages);
      } catch {
        throw noMemory(this.#top);
      }
    }
    const { byteLength } = this.memory.buffer;
    if (this.#counted?.byteLength !== byteLength) this.#counted = new ArrayBuffer(byteLength);
    for (const kept of this.#unfilled) this.#fill(kept);
    this.#unfilled = [];
  }

  /**
   * The state before a program that came to nothing: what it was given is given again.
   * @returns a function that goes back to now
   */
  mark(): () => void {
    const [top, arena, keys, functions] = [this.#top, this.#arena, this.#stored.size, this.#functions];
    return () => {
      [...this.#stored.keys()].slice(keys).forEach((key) => this.#stored.delete(key));
      this.#unfilled = [];
      this.#top = top;
      this.#arena = arena;
      this.#functions = functions;
    };
  }

  /** Fills everything again. */
  refresh(): void {
    this.refreshes++;
    for (const kept of this.kept) this.#fill(kept);
  }

  #fill({ address, bytes, fill, packer }: Kept): void {
    const found = packer === undefined ? undefined : (this.#functions[packer.name] as Packer | undefined);
    fill(new Uint8Array(this.memory.buffer, address, bytes), { memory: this, address, packer: found });
  }

  #take(bytes: number): number {
    const address = this.#top;
    const top = Math.ceil((address + bytes) / ALIGNMENT) * ALIGNMENT;
    if (top > MOST_PAGES * PAGE) {
      throw noMemory(top);
    }
    this.#top = top;
    return address;
  }
}
