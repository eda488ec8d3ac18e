/**
 * Weights and checkpoints of every format that is read. Programs that know theirs are smaller with weights.ts and train/checkpoint.ts
 * alone.
 */
import { isRead } from "../io/weights/stored.ts";
import { FormatError } from "../errors.ts";
import { bytesOf } from "../io/bytes/bytes-of.ts";
import type { CheckpointOptions } from "../io/weights/pytorch/budget.ts";
import type { PyTorchCheckpoint } from "../io/weights/pytorch/checkpoint.ts";
import { readWeights } from "../io/weights/read.ts";
import type { Module } from "../nn/module.ts";
import { readCheckpoint as readOwn } from "../train/checkpoint.ts";
import type { Checkpoint } from "../train/checkpoint.ts";
import { loadWeights as load } from "./weights.ts";
import type { AnyWeightsFile, LoadOptions, WeightsReport } from "./weights.ts";

/**
 * What a training run left: a file of PyTorch's torch.save (.pth, .pt, .ckpt, .bin; the zip form, the form before torch 1.6, the tar of
 * 2017), or what `writeCheckpoint` wrote. `format` says which. Nothing of a file is executed; tensors are views of `bytes`.
 * @param options.memory bytes that reading may take beside the file
 * @throws FormatError with what the file is and what to do: a whole module, TorchScript, an optimiser's state alone, another format; or
 * where it is damaged. TypeError if `bytes` are no bytes
 * @example
 * const data = new Dataset(new Uint8Array(4 * 16), [4, 1, 4, 4], Int32Array.of(0, 1, 0, 1), ["dark", "bright"]);
 * const run = (seed: number): Trainer => {
 *   const model = createModel("se_resnet8", { classes: 2, inChannels: 1, width: 8, reduction: 2 }, seed);
 *   return new Trainer({
 *     model, data, batch: 2, seed: 1, optimiser: new Sgd(model.namedParameters()), schedule: constant({ peak: 0.1 }),
 *     normalisation: { mean: [0.5], std: [0.25] },
 *   });
 * };
 * const checkpoint = readCheckpoint(writeCheckpoint(run(1)));
 * checkpoint.format   // => senet
 */
export function readCheckpoint(bytes: Uint8Array | ArrayBuffer, options: CheckpointOptions = {}): PyTorchCheckpoint | Checkpoint {
  const file = readWeights(bytes, options);
  if ("format" in file) return file;
  if (Object.hasOwn(file.metadata, "senet.training")) return readOwn(bytesOf(bytes, "readCheckpoint"));
  throw new FormatError("checkpoint: this safetensors file holds no training state, only weights: loadWeights takes it");
}

/**
 * Loads weights of any format into a model: safetensors or a checkpoint, under the names of timm, torchvision, Cadene or this package,
 * whatever wrappers and trainers put around them.
 * @param source bytes of a file, or what a reader made of them
 * @returns what was missing, unexpected and misshapen (nothing, unless `options.partial`), and notes on how names were read and what was
 * left out
 * @throws FormatError for bytes of another format, naming it; RangeError that names what does not fit. Then the model is unchanged.
 * @example
 * const file = saveWeights(createModel("se_resnet8", { classes: 3 }, 1));
 * const { missing, notes } = loadWeights(createModel("se_resnet8", { classes: 3 }, null), file);
 * [missing, notes]   // => [[],[]]
 */
export function loadWeights(model: Module, source: Uint8Array | ArrayBuffer | AnyWeightsFile, options: LoadOptions = {}): WeightsReport {
  return load(model, isRead(source) ? source : readWeights(source), options);
}
