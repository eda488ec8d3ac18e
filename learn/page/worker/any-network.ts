/**
 * A user's safetensors: of which network they are they say themselves, or their tensors tell. This is `openNetwork` without files of
 * PyTorch, whose reader the page does without.
 */
import { createModel } from "../../../models/index.ts";
import { FormatError } from "../../../src/errors.ts";
import { readSafetensors } from "../../../src/io/weights/safetensors.ts";
import { assumedPreprocessing, guessModel, limited, otherClasses, preparationOf } from "../../../src/weights/network-of-file.ts";
import { moduleNetwork } from "../../../src/nn/lower.ts";
import type { Module } from "../../../src/nn/module.ts";
import { isQuantised } from "../../../src/quantise/file.ts";
import { loadWeights, weightsDescription } from "../../../src/weights/weights.ts";
import { namesFor } from "./class-names.ts";
import { isMap } from "./source.ts";
import type { Source } from "./source.ts";

/** @throws Error whose message is a sentence for the user */
export function openSafetensors(bytes: Uint8Array, name: string): Source {
  const file = readSafetensors(bytes);
  if (isQuantised(file)) {
    throw new FormatError("its numbers are bytes (senet convert --int8); the page looks into networks of floating-point numbers");
  }
  const description = weightsDescription(file);
  const known = description?.model ?? guessModel(file, undefined);
  if (known === undefined) {
    throw new FormatError("the file does not say which network it is of, and its tensors do not tell. Files of senet's saveWeights do");
  }
  const options = description?.options ?? {};
  const build = (more: object = {}): Module => createModel(known, { ...options, ...more }, null);
  let model = Object.keys(options).length === 0 ? build() : limited(file, build);
  const classes = Object.hasOwn(options, "classes") ? undefined : otherClasses(file, model, undefined);
  if (classes !== undefined) model = limited(file, () => build({ classes }));
  loadWeights(model, file);
  const preprocessing = preparationOf(description) ?? assumedPreprocessing(known, model);
  const shape = [1, preprocessing.channels === "gray" ? 1 : 3, ...preprocessing.size];
  const network = moduleNetwork(model);
  const output = network.lower({ input: shape }).outputs[0].shape;
  const notes = description?.preprocessing !== undefined
    ? []
    : ["pictures are prepared as for its published weights; the file does not say how"];
  return {
    title: `${name} (${known})`, network, input: "input", shape, preprocessing, arranged: (x) => x, pixels: isMap(output), notes,
    classes: description?.classes ?? namesFor(output[1]) };
}
