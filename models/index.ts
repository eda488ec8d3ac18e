/** All models by name. `createModel("seresnet50", { classes: 10 })`. */
import { Random } from "../kernels/random.ts";
import { didYouMean } from "../src/errors.ts";
import type { Module } from "../src/nn/module.ts";
import { densenet } from "./classic/densenet.ts";
import { bnInception, googlenet } from "./classic/inception.ts";
import { legacyResnext, legacySenet, legacySenet154 } from "./residual/legacy-senet.ts";
import { mobilenetV1 } from "./mobile/mobilenet-v1.ts";
import { mobilenetV2 } from "./mobile/mobilenet-v2.ts";
import { mobilenetV3 } from "./mobile/mobilenet-v3.ts";
import type { GivenOptions } from "./options.ts";
import { resnet, smallResnet } from "./residual/resnet.ts";
import { resnext, senet154 } from "./residual/resnext.ts";
import { shufflenetV1 } from "./mobile/shufflenet-v1.ts";
import { shufflenetV2, shufflenetV2Widths } from "./mobile/shufflenet-v2.ts";
import { unet } from "./classic/unet.ts";
import { vgg } from "./classic/vgg.ts";

type Build = (name: string, options: GivenOptions) => Module;

const builders = new Map<string, Build>();

for (const depth of [18, 34, 50, 101, 152] as const) {
  builders.set(`resnet${depth}`, (name, options) => resnet(name, depth, false, options));
  builders.set(`seresnet${depth}`, (name, options) => resnet(name, depth, true, options));
  builders.set(`legacy_resnet${depth}`, (name, options) => legacySenet(name, depth, false, options));
  builders.set(`legacy_seresnet${depth}`, (name, options) => legacySenet(name, depth, true, options));
}
for (const depth of [50, 101] as const) {
  builders.set(`resnext${depth}_32x4d`, (name, options) => resnext(name, depth, false, options));
  builders.set(`seresnext${depth}_32x4d`, (name, options) => resnext(name, depth, true, options));
  builders.set(`legacy_resnext${depth}_32x4d`, (name, options) => legacyResnext(name, depth, false, options));
  builders.set(`legacy_seresnext${depth}_32x4d`, (name, options) => legacyResnext(name, depth, true, options));
}
builders.set("senet154", senet154);
builders.set("legacy_senet154", legacySenet154);
for (const depth of [8, 14, 20, 32, 44, 56, 110]) {
  builders.set(`resnet${depth}`, (name, options) => smallResnet(name, depth, false, options));
  builders.set(`se_resnet${depth}`, (name, options) => smallResnet(name, depth, true, options));
}
builders.set("bn_inception", (name, options) => bnInception(name, false, options));
builders.set("se_bn_inception", (name, options) => bnInception(name, true, options));
builders.set("googlenet", (name, options) => googlenet(name, false, options));
builders.set("se_googlenet", (name, options) => googlenet(name, true, options));
builders.set("unet", (name, options) => unet(name, false, options));
builders.set("se_unet", (name, options) => unet(name, true, options));
builders.set("mobilenet_v1", (name, options) => mobilenetV1(name, false, options));
builders.set("se_mobilenet_v1", (name, options) => mobilenetV1(name, true, options));
builders.set("mobilenet_v2", (name, options) => mobilenetV2(name, false, options));
builders.set("se_mobilenet_v2", (name, options) => mobilenetV2(name, true, options));
for (const size of ["large", "small"] as const) {
  builders.set(`mobilenet_v3_${size}`, (name, options) => mobilenetV3(name, size, options));
  builders.set(`mobilenetv3_${size}_100`, (name, options) => mobilenetV3(name, size, options, 1e-5));
}
for (const depth of [11, 13, 16, 19] as const) {
  for (const bn of [false, true]) {
    const plain = `vgg${depth}${bn ? "_bn" : ""}`;
    builders.set(plain, (name, options) => vgg(name, depth, bn, false, options));
    builders.set(`se_${plain}`, (name, options) => vgg(name, depth, bn, true, options));
  }
}
for (const depth of [121, 169] as const) {
  builders.set(`densenet${depth}`, (name, options) => densenet(name, depth, false, options));
  builders.set(`se_densenet${depth}`, (name, options) => densenet(name, depth, true, options));
}
builders.set("shufflenet_v1", (name, options) => shufflenetV1(name, false, options));
builders.set("se_shufflenet_v1", (name, options) => shufflenetV1(name, true, options));
for (const width of shufflenetV2Widths) {
  builders.set(`shufflenet_v2_${width}`, (name, options) => shufflenetV2(name, width, false, options));
  builders.set(`se_shufflenet_v2_${width}`, (name, options) => shufflenetV2(name, width, true, options));
}

/** Every name that `createModel` knows. */
export const modelNames: readonly string[] = [...builders.keys()];

/**
 * Builds a model.
 * @param name one of `modelNames`.
 * @param options the model's own; each family's file documents them.
 * @param seed of the starting weights; `null` leaves zeros, for weights that will be loaded.
 * @throws RangeError for an unknown name or option, naming the nearest known one.
 */
export function createModel(name: string, options: GivenOptions = {}, seed: number | null = 0): Module {
  const build = builders.get(name);
  if (build === undefined) throw new RangeError(`unknown model "${name}"${didYouMean(name, modelNames)}`);
  const model = build(name, options);
  model.identity = { model: name, options };
  return seed === null ? model : model.initialise(new Random(seed));
}
