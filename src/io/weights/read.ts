/** Weights files of every format that is read: safetensors, and what torch.save wrote. */
import { aboveZero, checkFields } from "../../checks.ts";
import { FormatError } from "../../errors.ts";
import { bytesOf } from "../bytes/bytes-of.ts";
import { foreignFile } from "./foreign.ts";
import { budgetOf } from "./pytorch/budget.ts";
import type { CheckpointOptions } from "./pytorch/budget.ts";
import { checkpointOf, isPyTorch, readPyTorch } from "./pytorch/checkpoint.ts";
import type { PyTorchCheckpoint } from "./pytorch/checkpoint.ts";
import { isTar, readTar } from "./pytorch/tar.ts";
import { readSafetensors } from "./safetensors.ts";
import type { WeightsFile } from "./stored.ts";

/**
 * Reads a weights file, whatever its name: safetensors, or a checkpoint of PyTorch. Tensors are views of `bytes`, and become numbers when
 * they are wanted.
 * @throws FormatError with what the file is and what to do; TypeError if `bytes` are no bytes
 * @example
 * const file = readWeights(saveWeights(createModel("se_resnet8", { classes: 3 }, 1)));
 * file.tensors.get("conv1.weight")?.shape   // => [16,3,3,3]
 */
export function readWeights(bytes: Uint8Array | ArrayBuffer, options: CheckpointOptions = {}): WeightsFile | PyTorchCheckpoint {
  const file = bytesOf(bytes, "readWeights");
  checkFields("readWeights: options", options, { memory: aboveZero });
  const foreign = foreignFile(file);
  if (isPyTorch(file) && (foreign === undefined || file[0] === 0x80)) return readPyTorch(file, options);
  if (isTar(file)) {
    const budget = budgetOf(file, options);
    return checkpointOf(readTar(file, budget), budget);
  }
  // A header of safetensors begins at byte 8; what is before it is a length, and may look like anything.
  if (foreign === undefined || (file[8] === 0x7b && file[7] === 0)) return readSafetensors(file);
  throw new FormatError(`weights: the file is ${foreign}`);
}
