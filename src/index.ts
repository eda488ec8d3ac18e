/** The public face of senet. Kernels are apart: "senet/kernels/reference/index", "senet/kernels/plain/index". */
export { createModel, modelNames } from "../models/index.ts";
export { Random } from "../kernels/random.ts";
export { FormatError } from "./errors.ts";
export { Tensor } from "./tensor.ts";
export type { Floats, Shape } from "./tensor.ts";

export { Composite, Layer, Module } from "./nn/module.ts";
export type { Cost, ModelIdentity, Visitor } from "./nn/module.ts";
export { Parameter, Statistic } from "./nn/parameter.ts";
export { Concatenate, Recalibrate, Residual, Sequential } from "./nn/combinators.ts";
export { Conv2d, ConvTranspose2d } from "./nn/conv.ts";
export { Linear } from "./nn/linear.ts";
export { BatchNorm2d } from "./nn/batch-norm.ts";
export { HardSigmoid, HardSwish, LeakyReLU, ReLU, ReLU6, SiLU, Sigmoid, Tanh } from "./nn/activations.ts";
export { AdaptiveAveragePool2d, AveragePool2d, GlobalAveragePool, GlobalMaxPool, MaxPool2d } from "./nn/pooling.ts";
export { ChannelShuffle, Dropout, Flatten, Identity, Upsample } from "./nn/reshape.ts";
export { SqueezeExcite } from "./nn/squeeze-excite.ts";
export type { SqueezeExciteOptions } from "./nn/squeeze-excite.ts";
export { Attention } from "./nn/attention/attention.ts";
export { Cbam } from "./nn/attention/cbam.ts";
export { ConcurrentSqueezeExcite } from "./nn/attention/concurrent-squeeze-excite.ts";
export { EffectiveSqueezeExcite } from "./nn/attention/effective-squeeze-excite.ts";
export { EfficientChannelAttention } from "./nn/attention/efficient-channel-attention.ts";
export { GatherExcite } from "./nn/attention/gather-excite.ts";
export { SpatialSqueezeExcite } from "./nn/attention/spatial-squeeze-excite.ts";
export { softmax } from "./nn/softmax.ts";
export { loadStateDict, stateDict, stateShapes } from "./nn/state-dict.ts";
export { summarise } from "./nn/summary.ts";
export type { Summary } from "./nn/summary.ts";

export { Session, compile, compileSync } from "./session/session.ts";
export type { CompileOptions, RunOptions } from "./session/session.ts";
export type { Numerics } from "./session/numerics.ts";
export { TrainingSession, compileTraining, compileTrainingSync } from "./session/training/training-session.ts";
export type { AdamWRule, ParameterGroup, SgdRule, TrainingOptions } from "./session/training/options.ts";

export { Trainer, DivergedError } from "./train/trainer.ts";
export type { StepReport, TrainerOptions } from "./train/trainer.ts";
export { Dataset, datasetFromIdx, pixelStatistics } from "./train/dataset.ts";
export type { Augmentation, Normalisation } from "./train/augment.ts";
export { crossEntropy } from "./train/loss.ts";
export { Sgd } from "./train/sgd.ts";
export { Adam, AdamW } from "./train/adam.ts";
export { constant, cosine, steps } from "./train/schedule.ts";
export { evaluate } from "./train/evaluate.ts";
export { Confusion } from "./train/metrics.ts";
export { readCheckpoint, restoreCheckpoint, writeCheckpoint } from "./train/checkpoint.ts";

export { loadWeights, saveWeights, weightsDescription } from "./weights.ts";
export { parseSafetensors, writeSafetensors } from "./io/safetensors.ts";
export { decodeImage } from "./io/images.ts";
export { decodePng, encodePng } from "./io/png.ts";
export type { RgbaImage } from "./io/image.ts";
export { readIdx } from "./io/idx.ts";
export { preprocess } from "./io/preprocess.ts";
export type { Preprocessing } from "./io/preprocess.ts";
export { presets } from "./io/presets.ts";
