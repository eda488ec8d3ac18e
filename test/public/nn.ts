/** Layers, attention and combinators, and what all modules have. */
import { Random } from "../../kernels/random.ts";
import * as plain from "../../kernels/plain/index.ts";
import * as senet from "../../src/index.ts";
import { Composite, Module } from "../../src/nn/module.ts";
import { Tensor } from "../../src/tensor.ts";
import { callable, constructible, method } from "./entry.ts";
import type { Entry } from "./entry.ts";
import { argument, kinds, maybe, options } from "./wrong.ts";
import type { Argument, Kind } from "./wrong.ts";

const { strict, flag, number, positive, large } = kinds;
const images = (): Tensor => Tensor.zeros([1, 4, 4, 4]);
const relu = (): Module => new senet.ReLU();
const channels = argument(/channels|features/, large, () => 16);
const shape = (good: readonly number[]): Argument => argument(/shape|input|sizes/, strict, () => good);

const window: Readonly<Record<string, Kind>> = { kernel: strict, stride: large, padding: strict, dilation: strict };
const conv: Readonly<Record<string, Kind>> = { ...window, groups: strict, bias: flag };
const pool: Readonly<Record<string, Kind>> = { ...window, ceilMode: flag, countPadding: flag };
const excite: Readonly<Record<string, Kind>> = {
  reduction: positive,
  rounding: strict,
  hidden: strict,
  gate: strict,
  inner: strict,
  bias: flag,
  squeeze: strict,
  norm: flag,
};

/** A layer's constructor, and what it does with an input. @param input of `forward` */
function layer(
  name: string,
  of: new (...args: never[]) => Module,
  args: readonly Argument[],
  make: () => Module,
  input: () => Tensor = images,
): Entry[] {
  const trained = (): Module => {
    const module = make().train();
    module.forward(input());
    return module;
  };
  const dy = (): Tensor => Tensor.zeros(make().outputShape(input().shape));
  const x = argument(/input|\bx\b/, input().shape.length === 3 ? kinds.tensor : [], input);
  return [
    constructible(name, of, args),
    method(name, make, "forward", [x]),
    method(name, trained, "backward", [argument(/gradient|\bdy\b/, strict, dy)]),
    method(name, make, "outputShape", [argument(/input/, strict, () => input().shape)]),
  ];
}

const activations = [
  ["ReLU", senet.ReLU],
  ["ReLU6", senet.ReLU6],
  ["Sigmoid", senet.Sigmoid],
  ["SiLU", senet.SiLU],
  ["HardSwish", senet.HardSwish],
  ["Tanh", senet.Tanh],
] as const;

/** Elementwise: of any shape. */
function elementwise(name: string, of: new (...args: never[]) => Module, args: readonly Argument[] = []): Entry[] {
  const make = (): Module => new of();
  return layer(name, of, args, make)
    .map((entry) => (entry.name.endsWith("forward") ? { ...entry, arguments: [argument("input", kinds.tensor, images)] } : entry))
    .map((entry) =>
      entry.name.endsWith("outputShape") ? { ...entry, arguments: [argument("input", kinds.list, () => [1, 4, 4, 4])] } : entry,
    );
}

class Block extends Composite {
  readonly body = new senet.Sequential(new senet.ReLU());
}

const model = (): Module => new senet.Conv2d(4, 4, { kernel: 1 });

export const nn: readonly Entry[] = [
  ...activations.flatMap(([name, of]) => elementwise(name, of)),
  ...elementwise("LeakyReLU", senet.LeakyReLU, [argument("negativeSlope", maybe(number), () => 0.1)]),
  ...elementwise("HardSigmoid", senet.HardSigmoid, [
    argument("slope", maybe(number), () => 0.2),
    argument("offset", maybe(number), () => 0.5),
  ]),
  ...elementwise("GELU", senet.GELU, [argument("approximate", maybe(strict), () => "tanh")]),
  ...elementwise("Dropout", senet.Dropout, [argument("probability", maybe(strict), () => 0.5)]),
  ...elementwise("Identity", senet.Identity).map((entry) =>
    entry.name.endsWith("backward") ? { ...entry, arguments: [argument("gradient", kinds.tensor, images)] } : entry,
  ),
  ...layer("Conv2d", senet.Conv2d, [channels, channels, options(conv, { kernel: 1 })], model),
  ...layer(
    "ConvTranspose2d",
    senet.ConvTranspose2d,
    [channels, channels, options({ ...conv, outputPadding: strict }, { kernel: 2 })],
    () => new senet.ConvTranspose2d(4, 4, { kernel: 2 }),
  ),
  ...layer(
    "Linear",
    senet.Linear,
    [channels, channels, options({ bias: flag, initialDeviation: positive })],
    () => new senet.Linear(4, 2),
    () => Tensor.zeros([1, 4]),
  ),
  ...layer(
    "BatchNorm2d",
    senet.BatchNorm2d,
    [channels, options({ epsilon: strict, momentum: strict, initialGamma: number })],
    () => new senet.BatchNorm2d(4),
  ),
  ...layer("PReLU", senet.PReLU, [channels, argument("slope", maybe(number), () => 0.25)], () => new senet.PReLU(4)),
  ...layer(
    "Pad2d",
    senet.Pad2d,
    [argument(/sides|padding/, strict, () => 1), argument("mode", maybe(strict), () => "edge")],
    () => new senet.Pad2d(1),
  ),
  ...layer(
    "BlurPool2d",
    senet.BlurPool2d,
    [argument("size", maybe(strict), () => 3), argument("stride", maybe(strict), () => 2)],
    () => new senet.BlurPool2d(),
  ),
  ...layer("MaxPool2d", senet.MaxPool2d, [options(pool, { kernel: 2 })], () => new senet.MaxPool2d({ kernel: 2 })),
  ...layer("AveragePool2d", senet.AveragePool2d, [options(pool, { kernel: 2 })], () => new senet.AveragePool2d({ kernel: 2 })),
  ...layer(
    "AdaptiveAveragePool2d",
    senet.AdaptiveAveragePool2d,
    [argument(/size|output/, large, () => 2), options({ least: flag })],
    () => new senet.AdaptiveAveragePool2d(2),
  ),
  ...layer(
    "BatchNorm1d",
    senet.BatchNorm1d,
    [channels],
    () => new senet.BatchNorm1d(4),
    () => Tensor.zeros([2, 4]),
  ),
  ...layer(
    "L2Normalise",
    senet.L2Normalise,
    [],
    () => new senet.L2Normalise(),
    () => Tensor.zeros([2, 4]),
  ),
  ...layer(
    "ResizeBack",
    senet.ResizeBack,
    [argument("module", strict, relu)],
    () => new senet.ResizeBack(new senet.AveragePool2d({ kernel: 2 })),
  ),
  ...layer("GlobalAveragePool", senet.GlobalAveragePool, [], () => new senet.GlobalAveragePool()),
  ...layer("GlobalMaxPool", senet.GlobalMaxPool, [], () => new senet.GlobalMaxPool()),
  ...layer("ChannelShuffle", senet.ChannelShuffle, [argument("groups", large, () => 2)], () => new senet.ChannelShuffle(2)),
  ...layer("Flatten", senet.Flatten, [], () => new senet.Flatten()).map((entry) =>
    entry.name.endsWith("forward") ? { ...entry, arguments: [argument("input", kinds.tensor, images)] } : entry,
  ),
  ...layer(
    "Upsample",
    senet.Upsample,
    [
      argument("factor", large, () => 2),
      argument("method", maybe(strict), () => "bilinear"),
      argument("alignCorners", maybe(flag), () => true),
    ],
    () => new senet.Upsample(2),
  ),
  ...layer(
    "SqueezeExcite",
    senet.SqueezeExcite,
    [channels, options({ ...excite, names: kinds.texts })],
    () => new senet.SqueezeExcite(4, { reduction: 2 }),
  ),
  ...layer(
    "ConcurrentSqueezeExcite",
    senet.ConcurrentSqueezeExcite,
    [channels, options({ ...excite, names: kinds.texts })],
    () => new senet.ConcurrentSqueezeExcite(4),
  ),
  ...layer(
    "EffectiveSqueezeExcite",
    senet.EffectiveSqueezeExcite,
    [channels, options({ gate: strict, bias: flag })],
    () => new senet.EffectiveSqueezeExcite(4),
  ),
  ...layer(
    "SpatialSqueezeExcite",
    senet.SpatialSqueezeExcite,
    [channels, options({ gate: strict, bias: flag })],
    () => new senet.SpatialSqueezeExcite(4),
  ),
  ...layer(
    "EfficientChannelAttention",
    senet.EfficientChannelAttention,
    [channels, options({ kernel: strict, gate: strict })],
    () => new senet.EfficientChannelAttention(4),
  ),
  ...layer(
    "GatherExcite",
    senet.GatherExcite,
    [channels, options({ extent: strict, gather: strict, mlp: flag, reduction: positive, rounding: strict, gate: strict, inner: strict })],
    () => new senet.GatherExcite(4),
  ),
  ...layer(
    "Cbam",
    senet.Cbam,
    [channels, options({ reduction: positive, rounding: strict, kernel: strict, gate: strict, inner: strict })],
    () => new senet.Cbam(4, { reduction: 2 }),
  ),
  ...layer("Sequential", senet.Sequential, [argument("module", strict, relu)], () => new senet.Sequential(model())),
  ...layer(
    "Residual",
    senet.Residual,
    [argument("module", strict, relu), argument("module", maybe(strict), relu)],
    () => new senet.Residual(model()),
  ),
  ...layer("PartialResidual", senet.PartialResidual, [argument("module", strict, relu)], () => new senet.PartialResidual(model())),
  ...layer(
    "Recalibrate",
    senet.Recalibrate,
    [argument("module", strict, relu)],
    () => new senet.Recalibrate(new senet.Sequential(new senet.GlobalAveragePool(), new senet.Sigmoid())),
  ),
  ...layer("Concatenate", senet.Concatenate, [argument("module", strict, relu)], () => new senet.Concatenate(model(), model())),
  { of: senet.Composite, name: "Composite", call: () => new Block(), arguments: [] },
  { of: senet.Attention, name: "Attention", call: () => undefined, arguments: [] },
  { of: senet.Layer, name: "Layer", call: () => undefined, arguments: [] },
  { of: senet.Module, name: "Module", call: () => undefined, arguments: [] },
  method("Composite", () => new Block(), "forward", [argument("input", kinds.tensor, images)]),
  method(
    "Composite",
    () => {
      const block = new Block().train();
      block.forward(images());
      return block;
    },
    "backward",
    [argument(/gradient|dy/, strict, images)],
  ),
  method("Composite", () => new Block(), "outputShape", [argument("input", kinds.list, () => [1, 4, 4, 4])]),
  method("Module", model, "train", [argument("train", maybe(flag), () => true)]),
  method("Module", model, "use", [argument("kernels", strict, () => plain)]),
  method("Module", model, "cast", [argument(/precision|cast/, strict, () => "float64")]),
  method("Module", model, "initialise", [argument(/random/i, strict, () => new Random(1))]),
  method("Module", () => new senet.BatchNorm2d(4), "setting", [
    argument("setting", strict, () => "epsilon"),
    argument("epsilon", strict, () => 1e-3),
  ]),
  constructible("Parameter", senet.Parameter, [argument("value", kinds.tensor, images)]),
  method("Parameter", () => new senet.Parameter(images()), "cast", [argument("double", flag, () => false)]),
  constructible("Statistic", senet.Statistic, [argument("value", kinds.tensor, images)]),
  method("Statistic", () => new senet.Statistic(images()), "cast", [argument("double", flag, () => false)]),
  callable("softmax", senet.softmax, [argument("logits", strict, () => Tensor.zeros([2, 3]))]),
  callable("stateDict", senet.stateDict, [argument("model", strict, model)]),
  callable("stateShapes", senet.stateShapes, [argument("model", strict, model)]),
  callable("loadStateDict", senet.loadStateDict, [
    argument("model", strict, model),
    argument("tensors", strict, () => senet.stateDict(model())),
    options({ partial: flag }),
  ]),
  callable("summarise", senet.summarise, [argument("model", strict, model), shape([1, 4, 4, 4])]),
  callable("lower", senet.lower, [argument("model", strict, model), shape([1, 4, 4, 4]), argument("training", maybe(flag), () => false)]),
  callable("moduleNetwork", senet.moduleNetwork, [argument("model", strict, model)]),
  constructible("Random", senet.Random, [argument("seed", ["-1"], () => 1)]),
  method("Random", () => new Random(1), "below", [argument("below", strict, () => 3)]),
  method("Random", () => new Random(1), "shuffle", [argument("indices", [...kinds.numbers, "list of texts"], () => [1, 2, 3])]),
  constructible("Tensor", Tensor as new (...args: never[]) => object, [
    argument("data", strict, () => new Float32Array(6)),
    argument("shape", strict, () => [2, 3]),
  ]),
  callable("Tensor.zeros", Tensor.zeros, [argument("shape", kinds.list, () => [2, 3])]),
  callable("Tensor.of", Tensor.of, [argument(/values|data/, strict, () => [1, 2, 3, 4, 5, 6]), argument("shape", strict, () => [2, 3])]),
  method("Tensor", images, "like", [argument("shape", maybe(kinds.list), () => [2, 3])]),
  method("Tensor", images, "reshape", [argument("shape", strict, () => [64])]),
];
