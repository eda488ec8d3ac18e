/** Waiting for the host's event loop to go round: timers, signals and events that are due come first. */

interface Host {
  readonly setImmediate?: (run: () => void) => unknown;
  readonly setTimeout?: (run: () => void, milliseconds: number) => unknown;
  readonly MessageChannel?: new () => {
    readonly port1: { onmessage: (() => void) | null; close(): void };
    readonly port2: { postMessage(message: null): void };
  };
}

/** Resolves in a later turn of the event loop; at once on hosts that have none. Browsers let setTimeout wait for 4 ms, and messages not. */
export function nextTurn(): Promise<void> {
  const { setImmediate, MessageChannel, setTimeout } = globalThis as unknown as Host;
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else if (typeof MessageChannel === "function") {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(null);
    } else if (typeof setTimeout === "function") setTimeout(resolve, 0);
    else resolve();
  });
}
