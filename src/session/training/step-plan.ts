/**
 * A training step while it is put together: stages of kernel calls whose operands are regions of an arena that has no addresses yet. A region
 * is needed from the first stage that names it to the last, so what a forward pass computes stays until its backward pass has read it, and not
 * longer; when all stages are known, the memory plan gives addresses.
 */
import type { Kernel } from "../../../kernels/wasm/shared/kernel.ts";
import { imagePitch, interior } from "../../../kernels/wasm/shared/layout.ts";
import type { Layout } from "../../../kernels/wasm/shared/layout.ts";
import { clearHaloKernel } from "../../../kernels/wasm/operations/move.ts";
import type { KernelCall, Operand, Stage } from "../plan/kernel-call.ts";
import { planMemory } from "../plan/memory-plan.ts";

/** Bytes of the arena. */
export interface Region {
  readonly bytes: number;
}

/** A batch of images in the arena. */
export interface Image {
  readonly region: Region;
  readonly layout: Layout;
}

/** What a kernel gets: images (pixel (0, 0) of the first one), other bytes of the arena, or an address outside of it. */
export type Place = Image | Region | number;

/** A call whose operands have no addresses yet; `pitch` is the bytes from one image's to the next. */
export interface Call extends Omit<KernelCall, "operands"> {
  readonly operands: readonly { readonly place: Place; readonly pitch: number }[];
}

/** Operations an element, about, of what only reads and writes. */
const ELEMENT_WORK = 4;

function isImage(place: Place): place is Image {
  return typeof place !== "number" && "region" in place;
}

export class StepPlan {
  readonly batch: number;
  readonly #stages: Call[][] = [];
  readonly #lives = new Map<Region, { from: number; to: number }>();

  constructor(batch: number) {
    this.batch = batch;
  }

  region(bytes: number): Region {
    return { bytes };
  }

  /** Memory for a batch of images; the halo is zero from the first stage on that names it. */
  image(layout: Layout): Image {
    return { region: this.region(4 * this.batch * imagePitch(layout)), layout };
  }

  /** A kernel that does the whole batch. @param work operations; by default those of a kernel that reads and writes its largest operand */
  whole(kernel: Kernel, operands: readonly Place[], work?: number): Call {
    return this.#call(kernel, 1, operands, work);
  }

  /** A kernel that is called for every image. */
  each(kernel: Kernel, operands: readonly Place[], work?: number): Call {
    return this.#call(kernel, this.batch, operands, work);
  }

  #call(kernel: Kernel, images: number, operands: readonly Place[], work?: number): Call {
    const largest = Math.max(0, ...operands.map((place) => (isImage(place) ? place.region.bytes : 0)));
    return {
      kernel, images, operands: operands.map((place) => ({ place, pitch: images > 1 && isImage(place) ? 4 * imagePitch(place.layout) : 0 })),
      ranges: [{ count: kernel.parts, unit: 1 }], divided: 0, scratch: 0, work: work ?? (ELEMENT_WORK * largest) / 4,
    };
  }

  /** Calls that follow all that came before. */
  stage(...calls: readonly Call[]): void {
    if (calls.length === 0) return;
    const now = this.#stages.length;
    const clears: Call[] = [];
    for (const { place } of calls.flatMap(({ operands }) => operands)) {
      if (typeof place === "number") continue;
      if (isImage(place) && place.layout.halo > 0 && !this.#lives.has(place.region)) clears.push(this.#clear(place));
      this.#touch(isImage(place) ? place.region : place, now);
    }
    this.#stages.push([...clears, ...calls]);
  }

  /** The arena is used by one image after the other, so it is dirty. */
  #clear(image: Image): Call {
    const { halo, width, channels } = image.layout;
    const kernel = clearHaloKernel(image.layout);
    return this.each(kernel, [image], this.batch * kernel.parts * (width + 2 * halo) * channels);
  }

  #touch(region: Region, stage: number): void {
    const life = this.#lives.get(region);
    if (life === undefined) this.#lives.set(region, { from: stage, to: stage });
    else life.to = stage;
  }

  /** Keeps a region from before the first stage on: it is written from outside. */
  incoming(region: Region): void {
    this.#touch(region, -1);
  }

  /** Keeps a region until all is over: it is read from outside. To be called last. */
  outgoing(region: Region): void {
    this.#touch(region, this.#stages.length);
  }

  /** The arena's size, and what gives stages and addresses once it is known where it begins. */
  finish(): { readonly total: number; readonly at: (arena: number) => { readonly stages: Stage[]; readonly address: (place: Place) => number } } {
    const regions = [...this.#lives.keys()];
    const { offsets, total } = planMemory(regions.map((region) => ({ size: region.bytes, ...this.#lives.get(region)! })));
    const places = new Map(regions.map((region, i) => [region, offsets[i]]));
    return {
      total,
      at: (arena) => {
        const address = (place: Place): number => {
          if (typeof place === "number") return place;
          return arena + (isImage(place) ? places.get(place.region)! + 4 * interior(place.layout) : places.get(place)!);
        };
        const operand = ({ place, pitch }: Call["operands"][number]): Operand => ({ address: address(place), pitch });
        return { address, stages: this.#stages.map((stage) => stage.map((call) => ({ ...call, operands: call.operands.map(operand) }))) };
      },
    };
  }
}
