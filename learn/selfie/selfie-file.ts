/** From the bytes of selfie_segmentation.tflite to the network. */
import { selfieSegmentation } from "./selfie.ts";
import type { Selfie } from "./selfie.ts";
import { readTflite } from "./tflite.ts";

export { gateNames, selfiePreprocessing } from "./selfie.ts";

/** @throws FormatError for no .tflite, RangeError for another network's */
export function openSelfieFile(bytes: Uint8Array): Selfie {
  return selfieSegmentation(readTflite(bytes));
}
