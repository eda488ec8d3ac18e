/** A small task for the tests: 12x12 images with one bright quarter, which is the class, and noise. */
import { Random } from "../../kernels/random.ts";
import { createModel } from "../../models/index.ts";
import { ReLU } from "../../src/nn/layers/activations.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { Sequential } from "../../src/nn/combinators.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { Linear } from "../../src/nn/layers/linear.ts";
import type { Module } from "../../src/nn/module.ts";
import { Dropout } from "../../src/nn/layers/dropout.ts";
import { Flatten } from "../../src/nn/layers/reshape.ts";
import { SqueezeExcite } from "../../src/nn/attention/squeeze-excite.ts";
import type { Normalisation } from "../../src/train/data/augment.ts";
import { Dataset } from "../../src/train/data/dataset.ts";
import { Sgd } from "../../src/train/optimisers/sgd.ts";
import { cosine } from "../../src/train/optimisers/schedule.ts";
import { Trainer } from "../../src/train/trainer.ts";
import type { TrainerOptions } from "../../src/train/trainer.ts";

export const classes: readonly string[] = ["upper left", "upper right", "lower left", "lower right"];
export const normalisation: Normalisation = { mean: [0.3], std: [0.3] };

export function quarters(count: number, seed: number, size: number = 12): Dataset {
  const random = new Random(seed);
  const images = new Uint8Array(count * size * size);
  const labels = new Int32Array(count);
  for (let n = 0; n < count; n++) {
    const label = n % 4;
    labels[n] = label;
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const bright = (y < size / 2 ? 0 : 2) + (x < size / 2 ? 0 : 1) === label;
        images[(n * size + y) * size + x] = (bright ? 110 : 20) + random.below(100);
      }
    }
  }
  return new Dataset(images, [count, 1, size, size], labels, classes);
}

/** An SE-ResNet of 8 layers, 4 channels wide. */
export function tinyModel(seed: number = 1): Module {
  return createModel("se_resnet8", { classes: 4, inChannels: 1, width: 4, reduction: 2 }, seed);
}

/** One convolution with SE, and dropout before the classifier. */
export function dropoutModel(seed: number = 1): Module {
  const model = new Sequential(
    new Conv2d(1, 8, { kernel: 5, stride: 3, bias: false }), new BatchNorm2d(8), new ReLU(), new SqueezeExcite(8, { reduction: 2 }),
    new Conv2d(8, 16, { kernel: 3 }), new ReLU(), new Flatten(), new Dropout(0.3), new Linear(16, 4));
  model.identity = { model: "dropout", options: {} };
  return model.initialise(new Random(seed));
}

export function tinyTrainer(options: Partial<TrainerOptions> = {}): Trainer {
  const model = options.model ?? tinyModel();
  return new Trainer({
    model,
    optimiser: new Sgd(model.namedParameters(), { momentum: 0.9, weightDecay: 1e-3 }),
    schedule: cosine({ peak: 0.1, steps: 40, warmup: 4 }),
    data: quarters(40, 3),
    normalisation,
    batch: 8,
    seed: 11,
    ...options,
  });
}

/** All bits of a model's state, for equality. */
export function bits(model: Module): string {
  return [...model.namedState()].map(([name, { value }]) => `${name}:${[...new Uint32Array(value.toFloat32().data.buffer)].join(",")}`)
    .join("\n");
}
