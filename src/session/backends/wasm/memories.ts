/**
 * WebAssembly memories, used again. Engines are slow to give memories back, shared ones above all (Node 20 held 12.7 GB for 110 dropped
 * ones of 110 MB), so a session's memory serves the next session. Memories only grow: a free one keeps its size.
 */
import type { HostWasmMemory } from "../../../host-types.ts";

/** How many free memories of each kind wait for a session; what is more is left to the engine. */
const MOST_FREE = 4;

/** Pages that a shared memory may grow to: it must say so when it is made. Hosts that have not so many addresses are asked for fewer. */
const SHARED_LIMITS = [65536, 32768, 16384];

const free = { shared: [] as HostWasmMemory[], own: [] as HostWasmMemory[] };

const kind = (shared: boolean): HostWasmMemory[] => (shared ? free.shared : free.own);

/** A memory of at least one page, with anything in it. @throws Error where there is none */
export function takeMemory(shared: boolean): HostWasmMemory {
  const waiting = kind(shared).pop();
  if (waiting !== undefined) return waiting;
  const wasm = WebAssembly!;
  if (!shared) return new wasm.Memory({ initial: 1 });
  let failure: unknown;
  for (const maximum of SHARED_LIMITS) {
    try {
      return new wasm.Memory({ initial: 1, maximum, shared });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** The memory of a session that is no more. Nothing may use it any longer. */
export function giveMemory(memory: HostWasmMemory, shared: boolean): void {
  if (kind(shared).length < MOST_FREE) kind(shared).push(memory);
}
