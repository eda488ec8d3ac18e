/** All models by name: `createModel("seresnet50", { classes: 10 })`. What a name stands for is said by its family's file. */
import { Random } from "../kernels/random.ts";
import { tagOf } from "../src/checks.ts";
import { checkModule } from "../src/nn/check.ts";
import { didYouMean, show } from "../src/errors.ts";
import type { Preprocessing } from "../src/io/images/preprocess.ts";
import { presets as shared } from "../src/io/images/presets.ts";
import type { Module } from "../src/nn/module.ts";
import type { Shape } from "../src/tensor.ts";
import { densenets } from "./classic/densenet.ts";
import { inceptions } from "./classic/inception.ts";
import { unets } from "./classic/unet.ts";
import { vggs } from "./classic/vgg.ts";
import { vovnets } from "./classic/vovnet.ts";
import { efficientnets } from "./efficient/efficientnet.ts";
import { efficientnetsV2 } from "./efficient/efficientnet-v2.ts";
import { fbnets } from "./efficient/fbnet.ts";
import { lcnets } from "./efficient/lcnet.ts";
import { mixnets } from "./efficient/mixnet.ts";
import { mnasnets } from "./efficient/mnasnet.ts";
import { timmMobilenetsV3 } from "./efficient/timm-mobilenet-v3.ts";
import type { Entry, Family } from "./family.ts";
import { libraries } from "./family.ts";
import { lraspps } from "./mobile/lraspp.ts";
import { ghostnets } from "./mobile/ghostnet.ts";
import { mobilenetsV1 } from "./mobile/mobilenet-v1.ts";
import { mobilenetsV2 } from "./mobile/mobilenet-v2.ts";
import { mobilenetsV3 } from "./mobile/mobilenet-v3.ts";
import { repvits } from "./mobile/repvit.ts";
import { rexnets } from "./mobile/rexnet.ts";
import { shufflenetsV1 } from "./mobile/shufflenet-v1.ts";
import { shufflenetsV2 } from "./mobile/shufflenet-v2.ts";
import type { GivenOptions } from "./options.ts";
import { irSes } from "./residual/ir-se.ts";
import { legacySenets } from "./residual/legacy-senet.ts";
import { regnets } from "./residual/regnet.ts";
import { resnets } from "./residual/resnet.ts";
import { resnetsD } from "./residual/resnet-d.ts";
import { resnexts } from "./residual/resnext.ts";

// Whoever recognises weights by most of their shapes comes first.
const families: readonly Family[] = [
  efficientnets, efficientnetsV2, mnasnets, mixnets, lcnets, fbnets, timmMobilenetsV3, resnetsD, ghostnets, vovnets, rexnets, repvits,
  resnets, legacySenets, resnexts, inceptions, unets, mobilenetsV1, mobilenetsV2, mobilenetsV3, vggs, densenets, shufflenetsV1,
  shufflenetsV2,
  regnets, lraspps, irSes,
];
const entries: readonly Entry[] = families.flatMap((family) => family.entries());

/**
 * Every name that `createModel` knows. `timm/` or `torchvision/` may stand before a name that is theirs.
 * @example
 * modelNames.includes("seresnet50")   // => true
 */
export const modelNames: readonly string[] = [...new Set(entries.map(({ name }) => name))];

/**
 * The preprocessing that published weights were evaluated with, by the name of the network, of the weights, or of what many share.
 * @example
 * presets["seresnet50.a1_in1k"].size   // => [224,224]
 */
export const presets: Readonly<Record<string, Preprocessing>> = Object.assign(
  {}, shared, ...families.map((family) => family.presets?.() ?? {}),
) as Record<string, Preprocessing>;

/** A name without the library's, and the entries of that name; `found` is what the whole name means. */
function lookUp(given: unknown): { readonly name: string; readonly named: readonly Entry[]; readonly found: Entry | undefined } {
  if (typeof given !== "string") throw new TypeError(`model: name wants a text, such as "seresnet50", got ${show(given)}`);
  const library = libraries.find((each) => given.startsWith(`${each}/`));
  const name = library === undefined ? given : given.slice(library.length + 1);
  const named = entries.filter((entry) => entry.name === name);
  return { name, named, found: library === undefined ? named[0] : named.find((entry) => entry.libraries?.includes(library)) };
}

/**
 * Would `createModel` know this name?
 * @example
 * hasModel("seresnet50")   // => true
 * hasModel("seresnet49")   // => false
 */
export function hasModel(name: string): boolean {
  return lookUp(name).found !== undefined;
}

/** @throws RangeError for a name that nobody has, naming the nearest one, or that this library does not have. */
function find(given: string): Entry {
  const { name, named, found } = lookUp(given);
  if (found !== undefined) return found;
  const owners = named.flatMap((entry) => entry.libraries ?? []);
  const hint = named.length === 0
    ? didYouMean(name, modelNames)
    : `; the name is ${owners.length === 0 ? "ours" : `of ${owners.join(" and ")}`}: say "${name}"`;
  throw new RangeError(`unknown model "${given}"${hint}`);
}

/**
 * Builds a model.
 * @param name one of `modelNames`; with `timm/` or `torchvision/` before it that library's, where the two differ.
 * @param options the model's own; each family's file documents them.
 * @param seed of the starting weights; `null` leaves zeros, for weights that will be loaded.
 * @throws RangeError for an unknown name or option, naming the nearest known one.
 * @example
 * createModel("seresnet50", { classes: 10 }, null).outputShape([1, 3, 224, 224])   // => [1,10]
 */
export function createModel(name: string, options: GivenOptions = {}, seed: number | null = 0): Module {
  const entry = find(name);
  const model = entry.build(entry.name, options);
  // The library is part of the name only where it decides something.
  model.identity = { model: find(entry.name) === entry ? entry.name : name, options };
  return seed === null ? model : model.initialise(new Random(seed));
}

/**
 * The shape of one image of the size that the model is usually run at: [1, C, H, W]. Models that `createModel` did not make: 224x224 in
 * colour.
 * @example
 * usualInput(createModel("se_resnet20"))   // => [1,3,32,32]
 */
export function usualInput(model: Module): Shape {
  checkModule("usualInput", model);
  const { model: name, options } = model.identity ?? { model: undefined, options: {} as GivenOptions };
  const size = options.smallImages === true ? 32 : (name === undefined ? undefined : lookUp(name).found?.size) ?? 224;
  return [1, Number(options.inChannels ?? 3), size, size];
}

/**
 * How images are prepared for published weights of this network, where nothing else says so; with a library's name before it, as that
 * library does.
 * @example
 * usualPreprocessing("efficientnet_b0").size   // => [224,224]
 */
export function usualPreprocessing(name: string): Preprocessing {
  return presets[name] ?? presets[lookUp(name).name] ?? shared.imagenet;
}

/**
 * Which network a weights file belongs to, told from its names and shapes alone, without any prefix; undefined where none is known.
 * A guess: two networks may differ in what leaves no trace in the weights (padding, epsilon, activations).
 * @example
 * const model = createModel("seresnet18");
 * modelOfWeights(new Map(stateShapes(model)))   // => seresnet18
 */
export function modelOfWeights(shapes: ReadonlyMap<string, Shape>): string | undefined {
  if (tagOf(shapes) !== "Map" || ![...shapes.values()].every(Array.isArray)) {
    throw new TypeError(`modelOfWeights: shapes wants a Map of shapes by name, got ${show(shapes)}`);
  }
  for (const family of families) {
    const name = family.recognise?.(shapes);
    if (name !== undefined) return name;
  }
  return undefined;
}
