/** The page's own networks, the bundled one and those that are trained in it: small ResNets, and no other family is loaded for them. */
import { Random } from "../../../kernels/random.ts";
import { resnets } from "../../../models/residual/resnet.ts";
import { FormatError } from "../../../src/errors.ts";
import { withOrder } from "../../../src/io/images/preprocessing-json.ts";
import { readSafetensors } from "../../../src/io/weights/safetensors.ts";
import { moduleNetwork } from "../../../src/nn/lower.ts";
import type { Module } from "../../../src/nn/module.ts";
import { loadWeights, weightsDescription } from "../../../src/weights/weights.ts";
import type { Source } from "./source.ts";

/** As `createModel`, for ResNets. @param seed null: zeros, for weights that will be loaded */
export function smallResnet(model: string, options: Readonly<Record<string, unknown>>, seed: number | null): Module {
  const entry = resnets.entries().find(({ name }) => name === model);
  if (entry === undefined) throw new RangeError(`the page's own networks are ResNets, not ${model}`);
  const made = entry.build(model, options);
  made.identity = { model, options };
  return seed === null ? made : made.initialise(new Random(seed));
}

/** @throws FormatError for a file that does not describe itself whole */
export function openOwn(bytes: Uint8Array, name: string): Source {
  const file = readSafetensors(bytes);
  const description = weightsDescription(file);
  if (description?.preprocessing === undefined || description.classes === undefined) {
    throw new FormatError("the file does not describe itself");
  }
  const model = smallResnet(description.model, description.options, null);
  loadWeights(model, file);
  const preprocessing = withOrder(description.preprocessing, "across");
  return {
    title: `${name} (${description.model})`, network: moduleNetwork(model), input: "input", shape: [1, 1, ...preprocessing.size],
    preprocessing, classes: description.classes, arranged: (x) => x, pixels: false, notes: [] };
}
