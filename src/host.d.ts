/**
 * The web names that kernels/, models/ and src/ may ask for (with typeof, before use): a host may lack any of them. Nothing else
 * of a host is declared here, so nothing else compiles.
 */
declare const TextEncoder: undefined | { new (): { encode(text: string): Uint8Array } };
declare const TextDecoder: undefined | { new (label: "utf-8", options: { fatal: boolean; ignoreBOM: boolean }): { decode(bytes: Uint8Array): string } };

/** The part of a compression or decompression stream that io/inflate.ts uses. */
interface HostCodec {
  readonly readable: {
    getReader(): {
      read(): Promise<{ readonly done: false; readonly value: Uint8Array } | { readonly done: true; readonly value?: undefined }>;
      cancel(): Promise<unknown>;
    };
  };
  readonly writable: {
    getWriter(): {
      write(chunk: Uint8Array): Promise<unknown>;
      close(): Promise<unknown>;
      abort(): Promise<unknown>;
    };
  };
}
declare const CompressionStream: undefined | { new (format: "deflate" | "gzip"): HostCodec };
declare const DecompressionStream: undefined | { new (format: "deflate" | "gzip"): HostCodec };

/** Compiled code; opaque. */
interface HostWasmModule {
  readonly hostWasmModule?: never;
}
interface HostWasmMemory {
  readonly buffer: ArrayBufferLike;
  grow(pages: number): number;
}
interface HostWasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}
declare const WebAssembly: undefined | {
  readonly Module: {
    new (bytes: Uint8Array<ArrayBuffer>): HostWasmModule;
    customSections(module: HostWasmModule, name: string): ArrayBuffer[];
  };
  readonly Instance: new (module: HostWasmModule, imports?: Readonly<Record<string, Readonly<Record<string, unknown>>>>) => HostWasmInstance;
  readonly Memory: new (limits: { readonly initial: number; readonly maximum?: number; readonly shared?: boolean }) => HostWasmMemory;
  compile(bytes: Uint8Array<ArrayBuffer>): Promise<HostWasmModule>;
  validate(bytes: Uint8Array<ArrayBuffer>): boolean;
};

/** Threads. Node has no Worker; its own come through `process.getBuiltinModule`, as do those of Deno and Bun. */
declare const process: undefined | { readonly getBuiltinModule?: (name: string) => unknown };
declare const navigator: undefined | { readonly hardwareConcurrency?: number };
declare const Worker: undefined | {
  new (url: string): {
    postMessage(message: object): void;
    onmessage: ((event: { readonly data: unknown }) => void) | null;
    onerror: ((event: { readonly message?: string }) => void) | null;
    terminate(): void;
  };
};
declare function encodeURIComponent(text: string): string;
