/** The second part of the study: which networks are trained, from which seeds, in which order. */
import { mobilenet, recipe as first, resnet } from "../experiments.ts";
import type { Recipe, Variant } from "../experiments.ts";

export interface StudyRecipe extends Recipe {
  /** The first so many training images are trained on. */
  readonly images: number;
  /** The last so many training images measure. The test images are not touched. */
  readonly held: number;
  /** The first so many of those are corrupted. */
  readonly corrupted: number;
}

const { batch, rate, momentum, weightDecay, smoothing, warmup, average, crop } = first;

/** As in the first part, but shorter: there are more runs. */
export const recipe: StudyRecipe = {
  epochs: 3, batch, rate, momentum, weightDecay, smoothing, warmup, average, crop, images: 20000, held: 10000, corrupted: 3000,
};

/** None of the first part's: what that found by chance is not found again by the same chance. */
export const seeds: readonly number[] = [6, 7, 8, 9, 10];
/** Of the pairs whose robustness is measured. */
export const moreSeeds: readonly number[] = [...seeds, 11, 12, 13];

/** A network with SE beside the same one without. */
export interface Twins {
  readonly name: string;
  readonly without: Variant;
  readonly withSe: Variant;
  readonly seeds: readonly number[];
  readonly robustness: boolean;
}

const twins = (name: string, make: typeof resnet, options: Readonly<Record<string, unknown>>, more: boolean): Twins => ({
  name, without: make(`${name}, without SE`, { ...options, se: false }), withSe: make(`${name}, SE`, options),
  seeds: more ? moreSeeds : seeds, robustness: more,
});

export const ordinary: Twins = twins("ResNet-8", resnet, {}, true);
export const cheap: Twins = twins("MobileNet v1, width 0.25", mobilenet, {}, true);
export const smallResnet: Twins = twins("ResNet-8, 8 channels", resnet, { width: 8 }, false);
export const largeResnet: Twins = twins("ResNet-8, 32 channels", resnet, { width: 32 }, false);
export const smallMobilenet: Twins = twins("MobileNet v1, width 0.125", mobilenet, { width: 0.125 }, false);

/** By multiply-accumulates, each family from its smallest to its largest. */
export const families: readonly (readonly Twins[])[] = [
  [smallResnet, ordinary, largeResnet], [smallMobilenet, cheap],
];

/** 32 channels and more: reduction 32 wants a hidden unit. Of smaller images, so that it costs what ResNet-8 of 16 channels does. */
const wide = (name: string, options: Readonly<Record<string, unknown>>): Variant =>
  resnet(name, { width: 32, stemStride: 4, ...options });

export const reductions: readonly Variant[] = [
  ...[4, 32, 2, 8, 16].map((reduction) => wide(`reduction ${reduction}`, { reduction })), wide("without SE", { se: false }),
];

export const places: readonly Variant[] = [
  resnet("before the block (pre)", { position: "pre" }), resnet("after the sum (post)", { position: "post" }),
  resnet("on the shortcut (identity)", { position: "identity" }),
];

export interface Wanted {
  readonly variant: Variant;
  readonly seed: number;
  readonly robustness: boolean;
}

function each(pairs: readonly Twins[], seed: number): Wanted[] {
  return pairs.filter((pair) => pair.seeds.includes(seed)).flatMap(
    ({ without, withSe, robustness }) => [without, withSe].map((variant) => ({ variant, seed, robustness })));
}

/**
 * Questions take turns, seed by seed, and what takes longest comes last: an unfinished record has something to say of each of them.
 */
export function wanted(): Wanted[] {
  const plain = (variants: readonly Variant[], seed: number): Wanted[] => variants.map((variant) => ({ variant, seed, robustness: false }));
  return [
    ...seeds.flatMap((seed) => each([ordinary, smallResnet, smallMobilenet], seed)),
    ...seeds.flatMap((seed) => [...plain(reductions, seed), ...each([cheap], seed), ...plain(places, seed)]),
    ...moreSeeds.slice(seeds.length).flatMap((seed) => each([ordinary, cheap], seed)),
    ...seeds.flatMap((seed) => each([largeResnet], seed)),
  ];
}
