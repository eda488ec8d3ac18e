/** Types of what a host gives (host.d.ts): in a module of their own, for published declarations name them. */
/** The part of a compression or decompression stream that io/bytes/inflate.ts uses. */
export interface HostCodec {
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

/** Compiled code; opaque. */
export interface HostWasmModule {
  readonly hostWasmModule?: never;
}
export interface HostWasmMemory {
  readonly buffer: ArrayBufferLike;
  grow(pages: number): number;
}
export interface HostWasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}
