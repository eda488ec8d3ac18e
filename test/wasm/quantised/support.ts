/** Kernels of bytes in a module of their own, with a memory to lay bytes in. */
import "../../../kernels/wasm/assembler/checks/checked.ts";
import { ModuleBuilder } from "../../../kernels/wasm/assembler/module-builder.ts";
import { ALL } from "../../../kernels/wasm/assembler/opcodes-all.ts";
import { imageBytes, interiorBytes, pixelBytes, rowBytes } from "../../../kernels/wasm/shared/layout.ts";
import type { Layout } from "../../../kernels/wasm/shared/layout.ts";
import { instantiate } from "../machine.ts";

/** What stands around everything. */
const GUARD = 99;

export class ByteMachine {
  readonly bytes: Uint8Array;
  readonly #exports: Readonly<Record<string, unknown>>;
  #top = 256;
  readonly #taken: [number, number][] = [];

  constructor(kernels: readonly { readonly emit: (m: ModuleBuilder) => unknown }[], pages: number = 200) {
    const m = new ModuleBuilder("test", ALL);
    m.importMemory("host", "memory", { minimum: pages });
    for (const kernel of kernels) kernel.emit(m as unknown as ModuleBuilder);
    const { buffer, exports } = instantiate(m.toBytes(), pages);
    this.bytes = new Uint8Array(buffer).fill(GUARD);
    this.#exports = exports;
  }

  /** The address of so many bytes, with guards around. */
  take(size: number): number {
    const address = this.#top;
    this.#taken.push([address, address + size]);
    this.#top = Math.ceil((address + size) / 64) * 64 + 64;
    if (this.#top > this.bytes.length) throw new Error("the test's memory is too small");
    return address;
  }

  /** Stores bytes of any array. */
  store({ buffer, byteOffset, byteLength }: ArrayBufferView): number {
    const address = this.take(byteLength);
    this.bytes.set(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength), address);
    return address;
  }

  /** Images [N,C,H,W] as they lie; the halo holds the border, the padding of channels anything. @returns the address of pixel (0, 0) */
  image(layout: Layout, images: number, data?: Uint8Array): number {
    const start = this.take(images * imageBytes(layout));
    this.bytes.fill(layout.border ?? 0, start, start + images * imageBytes(layout));
    const address = start + interiorBytes(layout);
    if (data === undefined) return address;
    this.#each(layout, images, address, (at, i, padded) => (this.bytes[at] = padded ? (at * 7) % 128 : data[i]));
    return address;
  }

  read(layout: Layout, images: number, address: number): Uint8Array {
    const data = new Uint8Array(images * layout.channels * layout.height * layout.width);
    this.#each(layout, images, address, (at, i, padded) => {
      if (!padded) data[i] = this.bytes[at];
    });
    return data;
  }

  #each(layout: Layout, images: number, address: number, each: (at: number, i: number, padded: boolean) => void): void {
    const { channels, height, width } = layout;
    for (let n = 0; n < images; n++) {
      for (let h = 0; h < height; h++) {
        for (let w = 0; w < width; w++) {
          const pixel = address + n * imageBytes(layout) + h * rowBytes(layout) + w * pixelBytes(layout);
          for (let c = 0; c < pixelBytes(layout); c++) each(pixel + c, ((n * channels + c) * height + h) * width + w, c >= channels);
        }
      }
    }
  }

  run(name: string, ...given: readonly number[]): void {
    (this.#exports[name] as (...values: readonly number[]) => void)(...given);
  }

  /** Are the bytes around everything as they were? */
  get guarded(): boolean {
    let from = 0;
    for (const [begin, end] of [...this.#taken, [this.bytes.length, 0]]) {
      for (; from < begin; from++) if (this.bytes[from] !== GUARD) return false;
      from = end;
    }
    return true;
  }
}
