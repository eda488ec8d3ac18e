import type { HostCodec, HostWasmInstance, HostWasmMemory, HostWasmModule } from "./host-types.ts";

/**
 * The web names that kernels/, models/ and src/ may ask for (with typeof, before use): a host may lack any of them. Nothing else
 * of a host is declared here, so nothing else compiles.
 */
declare global {
  const TextEncoder: undefined | { new (): { encode(text: string): Uint8Array } };
  const TextDecoder: undefined | { new (
    label: "utf-8", options: { fatal: boolean; ignoreBOM: boolean },
  ): { decode(bytes: Uint8Array): string } };

  const CompressionStream: undefined | { new (format: "deflate" | "gzip"): HostCodec };
  const DecompressionStream: undefined | { new (format: "deflate" | "gzip"): HostCodec };

  const WebAssembly: undefined | {
    readonly Module: {
      new (bytes: Uint8Array<ArrayBuffer>): HostWasmModule;
      customSections(module: HostWasmModule, name: string): ArrayBuffer[];
    };
    readonly Instance: new (
      module: HostWasmModule, imports?: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
    ) => HostWasmInstance;
    readonly Memory: new (limits: { readonly initial: number; readonly maximum?: number; readonly shared?: boolean }) => HostWasmMemory;
    compile(bytes: Uint8Array<ArrayBuffer>): Promise<HostWasmModule>;
    instantiate(
      bytes: Uint8Array<ArrayBuffer>, imports?: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
    ): Promise<{ readonly module: HostWasmModule; readonly instance: HostWasmInstance }>;
    validate(bytes: Uint8Array<ArrayBuffer>): boolean;
  };

  /** Threads. Node has no Worker; its own come through `process.getBuiltinModule`, as do those of Deno and Bun. */
  const process: undefined | { readonly getBuiltinModule?: (name: string) => unknown };
  const navigator: undefined | { readonly hardwareConcurrency?: number };
  const Worker: undefined | {
    new (url: string, options?: { readonly type: "module" }): {
      postMessage(message: object, transfer: readonly ArrayBuffer[]): void;
      onmessage: ((event: { readonly data: unknown }) => void) | null;
      onmessageerror: (() => void) | null;
      onerror: ((event: { readonly message?: string }) => void) | null;
      terminate(): void;
    };
  };
  function encodeURIComponent(text: string): string;

  /** Undefined in a bundle of another kind than modules. */
  interface ImportMeta {
    readonly url: string;
  }

  /** Src/cli has these always, so their types do not say that a host may lack them. */
  function setTimeout(work: () => void, milliseconds: number): unknown;
  function clearTimeout(timer: unknown): void;
  const performance: { now(): number };
}
