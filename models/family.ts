/** What a family's file says of its networks; models/index.ts joins all families. Nothing is computed before it is asked for. */
import type { Preprocessing } from "../src/io/images/preprocess.ts";
import type { Module } from "../src/nn/module.ts";
import type { Shape } from "../src/tensor.ts";
import type { GivenOptions } from "./options.ts";

/** Libraries whose names we use: `timm/resnet50` and `torchvision/resnet50` name one of the two. */
export type Library = "timm" | "torchvision";
export const libraries: readonly Library[] = ["timm", "torchvision"];

export interface Entry {
  readonly name: string;
  /** Who else has a network of this name; nobody where none is said. Two entries share a name where the two libraries differ. */
  readonly libraries?: readonly Library[];
  /** Height and width of the images that it is usually run at; 224 where none is said. */
  readonly size?: number;
  /** @param name for messages. @throws RangeError for an unknown option or a wrong value */
  readonly build: (name: string, options: GivenOptions) => Module;
}

export interface Family {
  readonly entries: () => readonly Entry[];
  /**
   * The preprocessing that published weights were evaluated with, by an entry's name (what is used where a file says nothing) or by
   * the name of the weights, such as "seresnet50.a1_in1k"; "@288" is a larger test size of the same weights.
   */
  readonly presets?: () => Readonly<Record<string, Preprocessing>>;
  /** The network that has tensors of these names and shapes, in any published layout; undefined where it is none of this family's. */
  readonly recognise?: (shapes: ReadonlyMap<string, Shape>) => string | undefined;
}

/** "se_" where tensors of these names have squeeze-and-excitation blocks of ours among them, for the names of networks. */
export function sePrefix(shapes: ReadonlyMap<string, Shape>): "se_" | "" {
  return [...shapes.keys()].some((name) => /\.(se|\d+)\.fc1\.weight$/.test(name)) ? "se_" : "";
}
