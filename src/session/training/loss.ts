/** The loss of a batch: softmax cross-entropy, averaged over the labels (src/train/loss.ts is the same for eager models). */
import { bytesOf } from "../../../kernels/formats.ts";
import { CROSS_ENTROPY_TERMS, crossEntropyKernel } from "../../../kernels/wasm/training/cross-entropy.ts";
import { log } from "../../../kernels/math.ts";
import type { Value } from "../../graph/graph.ts";
import { showShape, sizeOf } from "../../tensor.ts";
import type { Shape } from "../../tensor.ts";
import type { Region } from "../plan/places.ts";
import type { TrainingContext } from "./step/context.ts";
import { crossEntropy } from "./plain/tasks.ts";

export interface Loss {
  /** Images, or their pixels, that have a label each. */
  readonly rows: number;
  readonly classes: number;
  /** [rows][classes] floats, to be written before each step. */
  readonly targets: Region;
  /** [rows] floats, likewise: what the gradient of each row is multiplied by, 1 / rows for a mean. */
  readonly scales: Region;
  /** What `lossOf` reads after it. */
  readonly terms: Region;
}

/** Adds the loss to the plan, and the gradient of the logits. */
export function planLoss(logits: Value, { plan, state, gradients, image, trusts, copy }: TrainingContext): Loss {
  const x = image(logits);
  const { channels: classes, halo } = x.layout;
  if (logits.shape.length < 2 || halo > 0) {
    throw new RangeError(`compile: training wants logits [batch,classes] or more, the model gives ${showShape(logits.shape)}`);
  }
  const rows = sizeOf(logits.shape) / classes;
  const targets = plan.region(bytesOf(rows * classes));
  const terms = plan.region(8 * CROSS_ENTROPY_TERMS * rows);
  const scales = plan.region(bytesOf(rows));
  plan.incoming(targets);
  plan.incoming(scales);
  gradients.move(logits, (dx) => {
    const dense = dx.layout.halo === 0 ? dx : plan.image({ ...dx.layout, halo: 0 });
    const operands = [dense, terms, x, targets, scales];
    if (trusts("loss")) plan.stage(plan.whole(crossEntropyKernel(rows, classes), operands, 40 * rows * classes));
    else {
      plan.script(operands, ({ address }) => () => {
        const [gradient, given, wanted] = [dense, x, targets].map((place) => state.view(address(place), rows * classes));
        crossEntropy(
          gradient, state.doubles(address(terms), CROSS_ENTROPY_TERMS * rows), given, wanted, state.view(address(scales), rows), classes,
        );
      });
    }
    if (dense !== dx) copy(dx, dense, false);
  });
  return { rows, classes, targets, scales, terms };
}

/**
 * The losses of all rows (kernels/wasm/training/cross-entropy.ts says what of each is left), times what each counts; together.
 * @param terms three doubles a row
 */
export function lossOf(terms: Float64Array, counts: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) if (counts[i] !== 0) sum += counts[i] * (terms[3 * i] + log(terms[3 * i + 1]) - terms[3 * i + 2]);
  return sum;
}

/** Copies logits out of memory, where the classes of a pixel are neighbours. @param shape [batch,classes,...] */
export function planarLogits(data: Float32Array, [batch, classes]: Shape): Float32Array {
  const pixels = data.length / (batch * classes);
  return data.map((_, i) => {
    const image = Math.floor(i / (classes * pixels));
    return data[(image * pixels + (i % pixels)) * classes + (Math.floor(i / pixels) % classes)];
  });
}
