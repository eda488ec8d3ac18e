/** How many classes a network tells apart: what names of classes are counted against. */
import { counted } from "../errors.ts";
import { Conv2d } from "./layers/conv.ts";
import { Linear } from "./layers/linear.ts";
import { isLayer } from "./module.ts";
import type { Module } from "./module.ts";

/** What the last linear layer puts out, or where there is none the last convolution (as in a U-Net); undefined where there is neither. */
export function classCount(model: Module): number | undefined {
  let linear: number | undefined;
  let convolution: number | undefined;
  for (const module of model.tree()) {
    if (isLayer(module, Linear, "Linear")) linear = module.outFeatures;
    else if (isLayer(module, Conv2d, "Conv2d")) convolution = module.outChannels;
  }
  return linear ?? convolution;
}

/** The path of the layer that `classCount` counts. */
export function headOf(model: Module): string | undefined {
  let linear: string | undefined;
  let convolution: string | undefined;
  for (const [path, module] of model.namedModules()) {
    if (isLayer(module, Linear, "Linear")) linear = path;
    else if (isLayer(module, Conv2d, "Conv2d")) convolution = path;
  }
  return linear ?? convolution;
}

/** @throws RangeError unless there is one name a class */
export function checkClassNames(what: string, names: readonly string[], model: Module): void {
  const classes = classCount(model);
  if (classes !== undefined && names.length !== classes) {
    throw new RangeError(`${what} names ${counted(names.length, "class", "classes")}, the network has ${classes}`);
  }
}
