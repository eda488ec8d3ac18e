/**
 * ONNX Runtime (native) runs the files that senet writes, and gives the eager engine's answers. Needs `npm install` in this folder;
 * .ci/run does both. Prints a line a network and closes with `N passed, N failed`.
 */
import process from "node:process";
import { createModel } from "../../models/index.ts";
import { attentionNames } from "../../models/se-options.ts";
import { Random } from "../../kernels/random.ts";
import { activation, activationNames } from "../../src/nn/layers/activations.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { Concatenate, Sequential } from "../../src/nn/combinators.ts";
import { Conv2d, ConvTranspose2d } from "../../src/nn/layers/conv.ts";
import { lower } from "../../src/nn/lower.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import { AdaptiveAveragePool2d, AveragePool2d, MaxPool2d } from "../../src/nn/layers/pooling.ts";
import { ChannelShuffle } from "../../src/nn/layers/reshape.ts";
import { ResizeBack } from "../../src/nn/layers/resize-back.ts";
import { Upsample } from "../../src/nn/layers/upsample.ts";
import { SqueezeExcite } from "../../src/nn/attention/squeeze-excite.ts";
import { loadStateDict, stateShapes } from "../../src/nn/state-dict.ts";
import { writeOnnx } from "../../src/io/onnx/write.ts";
import type { Shape } from "../../src/tensor.ts";
import { recipeTensor, recipeWeights } from "../fixtures/recipe.ts";
import { smallNetworks, title as titleOf, furtherNetworks } from "../models/small-networks.ts";
import { runtime } from "./onnxruntime.ts";

/** One module as a model, so that it has a name. */
class Only extends Composite {
  readonly only: Module;
  readonly body: Module;
  constructor(...modules: Module[]) {
    super();
    this.only = new Sequential(...modules);
    this.body = this.only;
  }
}

/** Every operation that no published network here has, or not with these options. */
const layers: [string, Module, Shape][] = [
  [
    "conv, dilated, grouped, uneven",
    new Only(new Conv2d(4, 6, { kernel: [3, 2], stride: [2, 1], padding: [2, 1], dilation: [2, 1], groups: 2 })), [2, 4, 11, 9],
  ],
  ["conv transpose", new Only(new ConvTranspose2d(4, 6, { kernel: 3, stride: 2, padding: 1, outputPadding: 1, groups: 2 })), [2, 4, 5, 6]],
  ["max pool, ceil", new Only(new MaxPool2d({ kernel: 3, stride: 2, ceilMode: true })), [2, 3, 8, 11]],
  ["max pool, ceil, padded", new Only(new MaxPool2d({ kernel: 3, stride: 2, padding: 1, ceilMode: true })), [2, 3, 9, 12]],
  ["average pool, padding counted", new Only(new AveragePool2d({ kernel: 3, stride: 2, padding: 1 })), [2, 3, 9, 12]],
  [
    "average pool, padding not counted", new Only(new AveragePool2d({ kernel: 3, stride: 2, padding: 1, countPadding: false })),
    [2, 3, 9, 12],
  ],
  ["average pool, ceil", new Only(new AveragePool2d({ kernel: 2, stride: 2, ceilMode: true, countPadding: false })), [2, 3, 7, 9]],
  // ONNX Runtime up to 1.28 reads a rounded-up size and counted padding otherwise than PyTorch; what is written has neither.
  [
    "average pool, ceil, padding counted", new Only(new AveragePool2d({ kernel: [3, 2], stride: [3, 1], padding: [0, 1], ceilMode: true })),
    [2, 3, 10, 4],
  ],
  [
    "average pool, ceil, wide padding counted", new Only(new AveragePool2d({ kernel: 4, stride: 3, padding: 2, ceilMode: true })),
    [2, 3, 9, 8],
  ],
  ["adaptive average pool", new Only(new AdaptiveAveragePool2d([3, 4])), [2, 3, 8, 11]],
  ["channel shuffle", new Only(new ChannelShuffle(3)), [2, 6, 4, 5]],
  ["upsample nearest", new Only(new Upsample(3)), [2, 3, 4, 5]],
  ["upsample bilinear", new Only(new Upsample(2, "bilinear")), [2, 3, 4, 5]],
  ["resize bilinear, to the input's size", new Only(new ResizeBack(new Conv2d(3, 2, { kernel: 3, stride: 3 }))), [2, 3, 10, 8]],
  ["upsample bilinear, corners aligned", new Only(new Upsample(2, "bilinear", true)), [2, 3, 4, 5]],
  ["concatenation", new Only(new Concatenate(new Conv2d(3, 2, { kernel: 1 }), new BatchNorm2d(3))), [2, 3, 4, 5]],
  ["SE by maximum", new Only(new SqueezeExcite(8, { reduction: 2, squeeze: "max", gate: "tanh" })), [2, 8, 4, 5]],
  ...activationNames.map((kind): [string, Module, Shape] => [kind, new Only(activation(kind)), [2, 3, 4, 5]]),
];

const networks: [string, Record<string, unknown>, Shape][] = [
  ["resnet50", {}, [2, 3, 64, 64]],
  ...attentionNames.map((attention): [string, Record<string, unknown>, Shape] => ["resnet8", { attention, reduction: 4 }, [2, 3, 28, 28]]),
  ["resnet8", { attention: "ge", extent: 4 }, [2, 3, 31, 30]],
  ["resnet8", { attention: "ge", extent: 2, gather: "conv", gatherMlp: true }, [2, 3, 31, 30]],
  ["seresnet18", {}, [1, 3, 64, 64]],
  ["seresnet50", {}, [1, 3, 64, 64]],
  ["legacy_seresnet18", {}, [1, 3, 64, 64]],
  ["legacy_seresnet50", {}, [1, 3, 64, 64]],
  ["se_resnet20", { inChannels: 1 }, [3, 1, 28, 28]],
  ["se_mobilenet_v1", {}, [1, 3, 64, 64]],
  ["mobilenet_v2", {}, [1, 3, 64, 64]],
  ["mobilenet_v3_small", {}, [1, 3, 64, 64]],
  ["mobilenet_v3_large", {}, [2, 3, 64, 64]],
  ["seresnext50_32x4d", {}, [1, 3, 64, 64]],
  ["se_densenet121", {}, [1, 3, 64, 64]],
  ["se_shufflenet_v1", {}, [1, 3, 64, 64]],
  ["se_shufflenet_v2_x1_0", {}, [1, 3, 64, 64]],
  ["se_bn_inception", {}, [1, 3, 64, 64]],
  ["se_googlenet", {}, [1, 3, 61, 64]],
  ["se_unet", { width: 16 }, [1, 3, 48, 32]],
  ["se_unet", { width: 16, attention: "scse" }, [1, 3, 32, 32]],
];

let passed = 0;
let failed = 0;

async function compare(title: string, model: Module, input: Shape): Promise<void> {
  let verdict: string;
  if (model.namedState().size > 0) loadStateDict(model, recipeWeights(stateShapes(model)));
  const x = recipeTensor("input", input);
  for (let i = 0; i < x.size; i++) x.data[i] *= 5;
  const expected = model.forward(x);
  try {
    const session = await runtime.InferenceSession.create(writeOnnx(lower(model, [1, ...input.slice(1)])));
    const { output } = await session.run({ input: new runtime.Tensor("float32", x.data, [...input]) });
    await session.release();
    const largest = expected.data.reduce((most: number, value: number) => Math.max(most, Math.abs(value)), 1e-30);
    const error = expected.data.reduce(
      (most: number, value: number, i: number) => Math.max(most, Math.abs(value - output.data[i])), 0,
    ) / largest;
    const good = error < 1e-4 && output.dims.join() === expected.shape.join();
    verdict = `${good ? "ok  " : "FAIL"} ${title.padEnd(56)} off by ${error.toExponential(1)} of the largest`;
    if (good) passed++;
    else failed++;
  } catch (error) {
    failed++;
    verdict = `FAIL ${title}: ${(error as Error).message}`;
  }
  console.log(verdict);
}

for (const [title, model, input] of layers) await compare(title, model.initialise(new Random(1)), input);
for (const [title, options, input] of networks) {
  await compare(`${title} ${JSON.stringify(options)}`, createModel(title, options, null), input);
}
for (const network of [...smallNetworks, ...furtherNetworks]) {
  await compare(titleOf(network), createModel(network.model, network.options, null), network.input);
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
