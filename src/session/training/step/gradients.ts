/**
 * Gradients of values on the way back. The first user of a value on that way writes its gradient, further ones add to it. Where a value's
 * gradient is another's (a sum hands its own to both terms), they share memory until one of them is added to.
 */
import type { Layout } from "../../../../kernels/wasm/shared/layout.ts";
import type { Value } from "../../../graph/graph.ts";
import { batchOf } from "../../plan/layouts.ts";
import type { Image, Region } from "../../plan/places.ts";
import type { StepPlanner } from "./step-planner.ts";

/** Where a gradient is to be written, or added. */
export interface Target {
  readonly image: Image;
  readonly accumulate: boolean;
}

function sameLayout(a: Layout, b: Layout): boolean {
  return a.channels === b.channels && a.height === b.height && a.width === b.width && a.halo === b.halo;
}

export class Gradients {
  readonly #plan: StepPlanner;
  readonly #layoutOf: (value: Value) => Layout;
  readonly #wanted: ReadonlySet<Value>;
  readonly #copy: (to: Image, from: Image, accumulate: boolean) => void;
  readonly #images = new Map<Value, Image>();
  /** How many values hold a region. */
  readonly #holders = new Map<Region, number>();

  /**
   * @param wanted values that have gradients at all
   * @param layoutOf how the gradient of a value lies
   * @param copy plans to = (or +=) from
   */
  constructor(
    plan: StepPlanner, wanted: ReadonlySet<Value>, layoutOf: (value: Value) => Layout,
    copy: (to: Image, from: Image, accumulate: boolean) => void,
  ) {
    this.#copy = copy;
    this.#plan = plan;
    this.#wanted = wanted;
    this.#layoutOf = layoutOf;
  }

  /** Does anything need the gradient of this value? */
  wants(value: Value): boolean {
    return this.#wanted.has(value);
  }

  #count(region: Region, by: number): void {
    this.#holders.set(region, (this.#holders.get(region) ?? 0) + by);
  }

  /** The gradient of a value, all of its users having added to it. It is the caller's until `release`. Undefined where there is none. */
  take(value: Value): Image | undefined {
    const image = this.#images.get(value);
    this.#images.delete(value);
    return image;
  }

  release({ region }: Image): void {
    this.#count(region, -1);
  }

  /** Keeps a gradient for longer than the unit it was given to: one `release` more is due. */
  hold({ region }: Image): void {
    this.#count(region, 1);
  }

  /** Makes `image`, which is new and nobody's, the gradient of a value, or adds it. */
  give(value: Value, image: Image): void {
    this.#count(image.region, 1);
    this.contribute(value, image);
    this.release(image);
  }

  /** May the holder of this gradient write over it? */
  sole({ region }: Image): boolean {
    return this.#holders.get(region) === 1;
  }

  /** @param over a gradient that the caller holds: written over where it may be, if the kernel can */
  target(value: Value, over?: Image): Target {
    const layout = this.#layoutOf(value);
    const known = this.#images.get(value);
    if (known !== undefined && this.sole(known)) return { image: known, accumulate: true };
    const image = known === undefined && over?.images === batchOf(value) && this.sole(over) && sameLayout(over.layout, layout)
      ? over
      : this.#plan.image(layout, batchOf(value));
    this.#count(image.region, 1);
    this.#images.set(value, image);
    if (known !== undefined) {
      this.#copy(image, known, false);
      this.release(known);
    }
    return { image, accumulate: known !== undefined };
  }

  /** Adds `image`, which the caller holds, to the gradient of a value: without copying where it is the first and may be shared. */
  contribute(value: Value, image: Image): void {
    if (!this.wants(value)) return;
    if (!this.#images.has(value) && sameLayout(image.layout, this.#layoutOf(value))) {
      this.#images.set(value, image);
      this.#count(image.region, 1);
      return;
    }
    const to = this.target(value);
    this.#copy(to.image, image, to.accumulate);
  }

  /** For kernels that cannot add: `write` fills the memory it gets. */
  move(value: Value, write: (to: Image) => void): void {
    const image = this.#plan.image(this.#layoutOf(value), batchOf(value));
    write(image);
    this.give(value, image);
  }
}
