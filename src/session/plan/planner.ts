/**
 * A program while it is put together: stages of kernel calls, and routines in JavaScript, whose operands are regions of an arena that has
 * no addresses yet. A region is needed from the first entry that names it to the last, so what a forward pass computes stays until its
 * backward pass has read it, and not longer; when all entries are known, the memory plan says where regions lie. Programs of inference and
 * of training are planned by it.
 */
import { clearHaloKernel } from "../../../kernels/wasm/operations/move.ts";
import type { Routine } from "../../operations/record.ts";
import { callOf } from "./kernel-call.ts";
import type { Call } from "./kernel-call.ts";
import { planMemory } from "./memory-plan.ts";
import { isImage, regionOf } from "./places.ts";
import type { Place, Region } from "./places.ts";
import type { Entry, Plan, PlacedMemory } from "./plan.ts";

/** Operations an element that is cleared. */
const CLEAR_WORK = 0.8;

export class Planner {
  readonly #scratchInArena: boolean;
  readonly #entries: Entry[] = [];
  readonly #lives = new Map<Region, { readonly size: number; readonly from: number; to: number }>();
  readonly #cleared = new Set<Region>();
  #kind = "";

  /** @param scratchInArena does working memory lie in the arena? Otherwise each thread has its own, after it. */
  constructor(scratchInArena: boolean) {
    this.#scratchInArena = scratchInArena;
  }

  /** What follows belongs to an operation of this kind: for people, and for measurements. */
  of(kind: string): void {
    this.#kind = kind;
  }

  /** Calls that follow all that came before. */
  stage(...calls: readonly Call[]): void {
    if (calls.length === 0) return;
    const operands = calls.flatMap((call) => call.operands);
    const clears = this.#clears(operands);
    this.#touch(operands);
    if (this.#scratchInArena) this.#touch(calls.map(({ scratch }) => scratch ?? 0));
    this.#entries.push({ kind: this.#kind, calls: [...clears, ...calls] });
  }

  /** Something that JavaScript does, with these operands. @param bind makes it once there are addresses */
  script(operands: readonly Place[], bind: (memory: PlacedMemory) => Routine): void {
    this.stage(...this.#clears(operands));
    this.#touch(operands);
    this.#entries.push({ kind: this.#kind, bind });
  }

  /** What clears the halo of images that come up for the first time: the arena is used by one image after the other, so it is dirty. */
  #clears(operands: readonly Place[]): Call[] {
    return operands.flatMap((place) => {
      if (!isImage(place) || place.layout.halo === 0 || this.#cleared.has(place.region)) return [];
      this.#cleared.add(place.region);
      const { layout: { halo, width, channels }, images } = place;
      const kernel = clearHaloKernel(place.layout);
      return [callOf(kernel, images, [place], { work: CLEAR_WORK * images * kernel.parts * (width + 2 * halo) * channels })];
    });
  }

  #touch(operands: readonly Place[]): void {
    for (const place of operands) {
      const region = regionOf(place);
      if (region !== undefined) this.hold(region);
    }
  }

  /**
   * Keeps a region until an entry is done: by default the next one, -1 from before the first one on, for it is written from outside. Called
   * last, until all is over: it is read from outside.
   */
  hold(region: Region, entry: number = this.#entries.length): void {
    const life = this.#lives.get(region);
    if (life === undefined) this.#lives.set(region, { size: region.bytes, from: entry, to: entry });
    else life.to = entry;
  }

  finish(): Plan {
    const { offsets, total } = planMemory([...this.#lives.values()]);
    return { entries: this.#entries, offsets: new Map([...this.#lives.keys()].map((region, i) => [region, offsets[i]])), total };
  }
}
