/** How many bytes of typed arrays a piece of code asks for: no clock, no collector, the same number each time. */

const kinds = [
  "Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array", "Float32Array", "Float64Array",
] as const;

/**
 * Runs `work`, which waits for nothing, and counts the bytes of all typed arrays that it makes, those that it drops again too: so at no
 * time does it hold more. Views of buffers that are there count nothing, nor do copies by `slice`.
 */
export function allocated<T>(work: () => T): { readonly result: T; readonly bytes: number } {
  const host = globalThis as unknown as Record<string, new (...parts: unknown[]) => ArrayBufferView>;
  const own = kinds.map((kind) => host[kind]);
  let bytes = 0;
  kinds.forEach((kind, i) => {
    host[kind] = new Proxy(own[i], {
      construct(target, parts: unknown[]) {
        const made = Reflect.construct(target, parts) as ArrayBufferView;
        if (!(parts[0] instanceof ArrayBuffer)) bytes += made.byteLength;
        return made;
      },
    });
  });
  try {
    const result = work();
    return { result, bytes };
  } finally {
    kinds.forEach((kind, i) => (host[kind] = own[i]));
  }
}
