/** Kernels in a module of their own, with a memory to lay images in. */
import "../../kernels/wasm/assembler/checks/checked.ts";
import type { Kernel } from "../../kernels/wasm/shared/kernel.ts";
import { ModuleBuilder } from "../../kernels/wasm/assembler/module-builder.ts";
import { Images } from "./images.ts";

export interface Machine {
  readonly buffer: ArrayBufferLike;
  readonly images: Images;
  /** Calls a kernel: addresses, then begin and end where not all parts are wanted. */
  run(kernel: Kernel, addresses: readonly number[], begin?: number, end?: number): void;
}

export function instantiate(bytes: Uint8Array<ArrayBuffer>, pages: number): {
  buffer: ArrayBufferLike;
  exports: Readonly<Record<string, unknown>>;
} {
  if (typeof WebAssembly === "undefined") throw new Error("this test wants WebAssembly");
  const memory = new WebAssembly.Memory({ initial: pages });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { host: { memory } });
  return { buffer: memory.buffer, exports: instance.exports };
}

/** @param pages of 65536 bytes */
export function machine(kernels: readonly Kernel[], pages: number = 64): Machine {
  const m = new ModuleBuilder("test");
  m.importMemory("host", "memory", { minimum: pages });
  for (const kernel of kernels) kernel.emit(m);
  const { buffer, exports } = instantiate(m.toBytes(), pages);
  return {
    buffer,
    images: new Images(buffer),
    run: (kernel, addresses, begin = 0, end = kernel.parts) => (exports[kernel.name] as (...values: number[]) => void)(
      ...addresses, begin, end,
    ),
  };
}
