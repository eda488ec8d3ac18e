/** Hosts with other compression streams than this one's. */

/** `run` where globals of the host have other values. */
export async function onHost(globals: Readonly<Record<string, unknown>>, run: () => Promise<void>): Promise<void> {
  const own = Object.keys(globals).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)!] as const);
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { configurable: true, writable: true, value });
  }
  try {
    await run();
  } finally {
    for (const [name, descriptor] of own) Object.defineProperty(globalThis, name, descriptor);
  }
}

/** A stream that gives `pieces`, whatever comes in; `log` hears what is asked of it. */
export function fakeStream(pieces: () => Uint8Array | undefined, log: string[]): unknown {
  return class {
    readonly readable = {
      getReader: () => ({
        read: async () => {
          const value = pieces();
          log.push("read");
          return value === undefined ? { done: true } : { done: false, value };
        },
        cancel: async () => void log.push("cancel"),
      }),
    };
    readonly writable = {
      getWriter: () => ({ write: async () => {}, close: async () => {}, abort: async () => void log.push("abort") }),
    };
  };
}
