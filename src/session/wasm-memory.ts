/**
 * The one WebAssembly memory of a session: packed weights first, each once, then one arena that all its programs use in turn, as
 * large as the largest wants.
 */

const PAGE = 65536;
const ALIGNMENT = 64;
/** What 32-bit addresses reach, in pages. */
const MOST_PAGES = 65536;

export class WasmMemory {
  readonly memory: HostWasmMemory;
  readonly #constants = new Map<string, { readonly address: number; readonly fill: (into: Float32Array) => void; readonly size: number }>();
  #top = ALIGNMENT;
  #arena = { address: 0, bytes: 0 };
  #floats: Float32Array;

  /** @throws Error where WebAssembly is missing */
  constructor() {
    if (typeof WebAssembly === "undefined") throw new Error("WebAssembly is not available here");
    this.memory = new WebAssembly.Memory({ initial: 1 });
    this.#floats = new Float32Array(this.memory.buffer);
  }

  /** All of the memory. Taken anew at each use: growing leaves older views behind. */
  get floats(): Float32Array {
    if (this.#floats.buffer !== this.memory.buffer) this.#floats = new Float32Array(this.memory.buffer);
    return this.#floats;
  }

  get bytes(): number {
    return this.memory.buffer.byteLength;
  }

  /** Address of `size` floats that `fill` writes, now and at each refresh; of one key there is one. */
  constant(key: string, size: number, fill: (into: Float32Array) => void): number {
    const known = this.#constants.get(key);
    if (known !== undefined) return known.address;
    const address = this.#take(size * 4);
    this.#constants.set(key, { address, fill, size });
    fill(this.view(address, size));
    return address;
  }

  /** Address of an arena of at least so many bytes. Only one program's values are in it at a time. */
  arena(bytes: number): number {
    if (bytes > this.#arena.bytes) {
      const last = this.#arena.address + this.#arena.bytes === this.#top;
      if (this.#arena.bytes > 0 && last) {
        this.#take(bytes - this.#arena.bytes);
        this.#arena = { address: this.#arena.address, bytes: this.#top - this.#arena.address };
      } else {
        const address = this.#take(bytes);
        this.#arena = { address, bytes: this.#top - address };
      }
    }
    return this.#arena.address;
  }

  view(address: number, size: number): Float32Array {
    return this.floats.subarray(address / 4, address / 4 + size);
  }

  /** Fills all constants again. */
  refresh(): void {
    for (const { address, fill, size } of this.#constants.values()) fill(this.view(address, size));
  }

  #take(bytes: number): number {
    const address = this.#top;
    const top = Math.ceil((address + bytes) / ALIGNMENT) * ALIGNMENT;
    const pages = Math.ceil(top / PAGE) - this.memory.buffer.byteLength / PAGE;
    if (top > MOST_PAGES * PAGE) throw new RangeError(`session: this network wants ${Math.ceil(top / 1048576)} MiB, WebAssembly reaches 4096 MiB`);
    if (pages > 0) {
      try {
        this.memory.grow(pages);
      } catch {
        throw new RangeError(`session: ${Math.ceil(top / 1048576)} MiB of memory are wanted, and not to be had here`);
      }
    }
    this.#top = top;
    return address;
  }
}
