/** Weights for programs that count bytes: files that `saveWeights` wrote, and no other names or formats. */
import { checkModule } from "../nn/check.ts";
import { readState } from "../io/weights/metadata.ts";
import { parseSafetensors } from "../io/weights/safetensors.ts";
import type { Module } from "../nn/module.ts";
import { applySettings } from "../nn/settings.ts";
import { checkStateDict, loadStateDict } from "../nn/state-dict.ts";

/**
 * Loads safetensors with the model's own names into it, and batch normalisation's epsilon where the file says it.
 * @example
 * const model = new Conv2d(1, 2, { kernel: 1 });
 * loadWeights(model, saveWeights(model));
 * stateDict(model).size   // => 2
 * @throws FormatError for no sound safetensors file; RangeError that names what does not fit. Then the model is unchanged.
 */
export function loadWeights(model: Module, bytes: Uint8Array | ArrayBuffer): void {
  checkModule("loadWeights", model);
  const { tensors, metadata } = parseSafetensors(bytes, { share: true });
  checkStateDict(model, tensors);
  applySettings(model, readState(metadata) ?? {});
  loadStateDict(model, tensors);
}
