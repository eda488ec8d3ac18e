/** The end of networks whose names call it `head`: mean over the image, dropout, one layer. */
import { Sequential } from "../src/nn/combinators.ts";
import { Dropout } from "../src/nn/layers/dropout.ts";
import { Linear } from "../src/nn/layers/linear.ts";
import { GlobalAveragePool } from "../src/nn/layers/pooling.ts";
import { Flatten } from "../src/nn/layers/reshape.ts";
import { Composite } from "../src/nn/module.ts";
import type { Module } from "../src/nn/module.ts";

/** [N, from, H, W] to logits [N, classes]. */
export class Head extends Composite {
  readonly fc: Linear;
  readonly body: Module;

  /** @param initialDeviation of the layer's first weights; by default as `Linear` has it */
  constructor(
    from: number, { classes, dropout }: { readonly classes: number; readonly dropout: number }, initialDeviation?: number,
  ) {
    super();
    this.fc = new Linear(from, classes, initialDeviation === undefined ? {} : { initialDeviation });
    this.body = new Sequential(new GlobalAveragePool(), new Flatten(), new Dropout(dropout), this.fc);
  }
}
