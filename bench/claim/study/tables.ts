/** The second part's record as tables in Markdown: differences of pairs that share a seed, with intervals of 95 % confidence. */
import { experiments, recipe as firstRecipe } from "../experiments.ts";
import type { Recipe, Variant } from "../experiments.ts";
import { sameRun } from "../run.ts";
import type { Result } from "../run.ts";
import { corruptions } from "./corruptions.ts";
import { interval, paired, points } from "./intervals.ts";
import type { BySeed } from "./intervals.ts";
import { cheap, families, moreSeeds, ordinary, places, recipe, reductions } from "./plan.ts";
import type { Twins } from "./plan.ts";

export type Records = readonly Result[];

const percent = (value: number): string => (100 * value).toFixed(2);
const mean = (values: Iterable<number>): number => {
  const list = [...values];
  return list.reduce((a, b) => a + b, 0) / list.length;
};

/** What `of` says of each run of a variant; runs of which it says nothing are left out. The last run of a seed counts. */
export function bySeed(
  records: Records, variant: Variant, of: (result: Result) => number | undefined = ({ accuracy }) => accuracy,
  settings: Recipe = recipe, seeds: readonly number[] = moreSeeds,
): BySeed {
  const values = new Map<number, number>();
  for (const result of records) {
    const value = of(result);
    if (value === undefined || !seeds.includes(result.seed)) continue;
    if (sameRun(result, variant, result.seed, settings)) values.set(result.seed, value);
  }
  // In the order of seeds, so that rows can be read side by side.
  return new Map([...values].sort(([a], [b]) => a - b));
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

/** Accuracy of both under one strength of a corruption, or under the mean of all. */
function cell(records: Records, { without, withSe }: Twins, of: (result: Result) => number | undefined): string {
  const [a, b] = [without, withSe].map((variant) => bySeed(records, variant, of));
  if (a.size === 0 || b.size === 0) return "not run yet";
  return `${percent(mean(a.values()))}, ${percent(mean(b.values()))}: ${points(paired(a, b))}`;
}

function robustness(records: Records, pair: Twins): string {
  const [a, b] = [pair.without, pair.withSe].map((variant) => bySeed(records, variant, ({ changed }) => changed?.none?.[0]));
  const { count } = paired(a, b);
  const rows = corruptions.map(({ name, strengths }) => [
    `${name}, ${strengths.join(", ")}`,
    ...strengths.map((_, i) => cell(records, pair, ({ changed }) => changed?.[name]?.[i])),
    cell(records, pair, ({ changed }) => changed?.[name] && mean(changed[name])),
  ]);
  const all = (result: Result): number | undefined =>
    corruptions.every(({ name }) => result.changed?.[name] !== undefined)
      ? mean(corruptions.flatMap(({ name }) => result.changed![name])) : undefined;
  return [
    `#### ${pair.name}, ${count} seeds`, "",
    table(["without SE, with SE: difference", "1", "2", "3", "4", "5", "mean of the five"], [
      ["no noise", "", "", "", "", "", cell(records, pair, ({ changed }) => changed?.none?.[0])],
      ...rows,
      ["all twenty", "", "", "", "", "", cell(records, pair, all)],
    ]),
  ].join("\n");
}

/** The gain of a pair in accuracy, by seed. */
function gains(records: Records, { without, withSe }: Twins): BySeed {
  const [a, b] = [without, withSe].map((variant) => bySeed(records, variant));
  return new Map([...a.keys()].filter((seed) => b.has(seed)).map((seed) => [seed, b.get(seed)! - a.get(seed)!]));
}

function sizes(records: Records): string {
  const rows = families.flat().filter((pair) => gains(records, pair).size > 0).map((pair) => {
    const [a, b] = [pair.without, pair.withSe].map((variant) => [...bySeed(records, variant).values()]);
    const [{ parameters, macs }] = records.filter((result) => sameRun(result, pair.withSe, result.seed, recipe));
    return [
      pair.name, parameters.toLocaleString("en"), `${(macs / 1e6).toFixed(2)} M`, a.map(percent).join(", "), b.map(percent).join(", "),
      points(interval([...gains(records, pair).values()])),
    ];
  });
  const steps = families.flatMap((pairs) => pairs.slice(1).map((larger, i) => [pairs[i], larger] as const)).map(([smaller, larger]) =>
    [smaller, larger, paired(gains(records, larger), gains(records, smaller))] as const).filter(([, , { count }]) => count > 1);
  return [
    table(["network", "parameters with SE", "multiply-accumulates", "without SE, each seed, %", "with SE", "difference, points"], rows), "",
    table(["gain of", "less the gain of", "points"], steps.map(([smaller, larger, found]) => [smaller.name, larger.name, points(found)])),
  ].join("\n");
}

/** Variants beside the first of them. */
function beside(records: Records, variants: readonly Variant[], settings: Recipe = recipe, seeds: readonly number[] = moreSeeds): string {
  const all = variants.map((variant) => bySeed(records, variant, undefined, settings, seeds));
  return table(["variant", "accuracy of each seed, %", "mean", `against ${variants[0].name}, points`], variants.flatMap((variant, i) =>
    all[i].size === 0 ? [] : [[
      variant.name, [...all[i].values()].map(percent).join(", "), percent(mean(all[i].values())),
      i === 0 ? "" : points(paired(all[0], all[i])),
    ]]));
}

/** @param first the record of the first part, whose reductions and places are here once more, by pairs */
export function studyTables(records: Records, first: Records): string {
  const parts = (title: string): readonly Variant[] => experiments.find((experiment) => experiment.title.startsWith(title))!.variants;
  const seeds = [1, 2, 3, 4, 5];
  const four = reductions.find(({ name }) => name === "reduction 4")!;
  return `${[
    "### Noise", "", robustness(records, ordinary), "", robustness(records, cheap), "",
    "### Small and cheap networks", "", sizes(records), "",
    "### Reduction ratio, 2 to 32", "", "ResNet-8 of 32, 64 and 128 channels on 7x7 pixels and less:", "",
    beside(records, [four, ...reductions.filter((variant) => variant !== four)]), "",
    "The first part's (ResNet-8 of 16, 32 and 64 channels; SE is reduction 4), by pairs:", "",
    beside(first, parts("Reduction"), firstRecipe, seeds), "",
    "### Place", "", "The first part's, by pairs:", "", beside(first, parts("Position"), firstRecipe, seeds), "",
    "Again, from other seeds, on half of the images:", "", beside(records, [{ ...ordinary.withSe, name: "SE" }, ...places]), "",
  ].join("\n")}`;
}
