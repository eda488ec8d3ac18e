/** How others name the tensors of a network: a family of models says it in its own file, and weight files are read by it. */
import type { Shape } from "./tensor.ts";

/** How the tensors of one file become a model's. */
export interface Renaming {
  /** The model's name for a tensor of the file; undefined for one that the model has no use for (an auxiliary head, say). */
  readonly rename: (name: string) => string | undefined;
  /** Batch normalisation's epsilon where these weights were trained with another one than the model has. */
  readonly epsilon?: number;
  /** Is this name of the model's all zeros where the file lacks it? */
  readonly zero?: (name: string) => boolean;
}

export interface WeightLayout {
  /** For messages: "timm MobileNetV3". */
  readonly name: string;
  /**
   * @param file the file's names and shapes, without what wrappers put before every name
   * @param wanted the model's
   * @returns undefined where the file has another layout
   * @throws RangeError for weights of another graph whose names and shapes would fit
   */
  read(file: ReadonlyMap<string, Shape>, wanted: ReadonlyMap<string, Shape>): Renaming | undefined;
}
