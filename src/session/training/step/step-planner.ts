/** Plans the programs of training, whose calls are of one batch. */
import type { Kernel } from "../../../../kernels/wasm/shared/kernel.ts";
import type { Layout } from "../../../../kernels/wasm/shared/layout.ts";
import { callOf } from "../../plan/kernel-call.ts";
import type { Call } from "../../plan/kernel-call.ts";
import { imageOf } from "../../plan/places.ts";
import type { Image, Place, Region } from "../../plan/places.ts";
import { Planner } from "../../plan/planner.ts";

export class StepPlanner extends Planner {
  /** Images of the batch. */
  readonly batch: number;

  constructor(batch: number) {
    super(true);
    this.batch = batch;
  }

  region(bytes: number): Region {
    return { bytes };
  }

  /** Memory for a batch of images; their halo is zero from the first entry on that names them. */
  image(layout: Layout, images: number = this.batch): Image {
    return imageOf(layout, images);
  }

  /** Keeps a region from before the first entry on: it is written from outside. */
  incoming(region: Region): void {
    this.hold(region, -1);
  }

  /** A kernel that does the whole batch. @param work as of `callOf` */
  whole(kernel: Kernel, operands: readonly Place[], work?: number): Call {
    return callOf(kernel, 1, operands, work === undefined ? {} : { work });
  }

  /** A kernel that is called for every image. */
  each(kernel: Kernel, operands: readonly Place[], work?: number): Call {
    return callOf(kernel, this.batch, operands, work === undefined ? {} : { work });
  }
}
