/** A planned program: a value, which can be printed and compared. It gets its addresses when it is placed in a memory. */
import { interiorBytes } from "../../../kernels/wasm/shared/layout.ts";
import type { Routine } from "../../operations/record.ts";
import { placedCall } from "./kernel-call.ts";
import type { Call, Stage } from "./kernel-call.ts";
import { isImage, isStored, regionOf } from "./places.ts";
import type { MemoryView, Place, Region, Stored } from "./places.ts";

/** Calls that may run at the same time, or a routine in JavaScript; with the kind of operation that they belong to. */
export type Entry =
  | { readonly kind: string; readonly calls: readonly Call[] }
  | { readonly kind: string; readonly bind: (memory: PlacedMemory) => Routine };

export interface Plan {
  readonly entries: readonly Entry[];
  /** Bytes from the beginning of the arena to each region; working memory that has none lies after it, and each thread has its own. */
  readonly offsets: ReadonlyMap<Region, number>;
  /** Bytes of the arena. */
  readonly total: number;
}

/** What a plan is placed in. */
export interface Memory extends MemoryView {
  /** The address of something stored. */
  stored(stored: Stored): number;
  /** The address of an arena of at least so many bytes. */
  arena(bytes: number): number;
}

/** A memory in which a plan has its places. */
export interface PlacedMemory {
  readonly memory: MemoryView;
  /** In bytes: of images, that of pixel (0, 0) of the first one. */
  address(place: Place): number;
}

export interface PlacedPlan extends PlacedMemory {
  /** Those of the plan, with their addresses. */
  readonly entries: readonly (Stage | Routine)[];
  readonly arenaBytes: number;
}

/**
 * Gives a plan its addresses: first what is stored, in the order of its calls, then the arena.
 * @param threads that want working memory of their own
 */
export function placePlan({ entries, offsets, total }: Plan, memory: Memory, threads: number): PlacedPlan {
  let own = 0;
  const stored = (place: Place): number | undefined => (isStored(place) ? memory.stored(place) : undefined);
  for (const entry of entries) {
    if (!("calls" in entry)) continue;
    for (const { operands, scratch } of entry.calls) {
      operands.forEach(stored);
      if (scratch !== undefined && !offsets.has(scratch)) own = Math.max(own, scratch.bytes);
    }
  }
  const arenaBytes = total + threads * own;
  const base = memory.arena(arenaBytes);
  const address = (place: Place): number => {
    if (typeof place === "number") return place;
    return stored(place) ?? base + (offsets.get(regionOf(place)!) ?? total) + (isImage(place) ? interiorBytes(place.layout) : 0);
  };
  const placed = { memory, address };
  return {
    ...placed, arenaBytes,
    entries: entries.map((entry) => ("bind" in entry ? entry.bind(placed) : entry.calls.map((call) => placedCall(call, address)))),
  };
}

/** One line a call: its stage, what it belongs to, its kernel, and where its operands lie, regions by their offsets. */
export function printPlan({ entries, offsets }: Plan): string[] {
  const show = (place: Place): string => {
    if (typeof place === "number") return place === 0 ? "-" : `@${place}`;
    if (isStored(place)) return place.key;
    return `${isImage(place) ? "image" : "bytes"} ${offsets.get(regionOf(place)!)!}`;
  };
  return entries.flatMap((entry, i) => {
    const begin = `${String(i).padStart(4)}  ${entry.kind.padEnd(14)}`;
    if ("bind" in entry) return [`${begin} (JavaScript)`];
    return entry.calls.map(({ kernel, images, operands }) => `${begin} ${kernel.name} x${images} (${operands.map(show).join(", ")})`);
  });
}
