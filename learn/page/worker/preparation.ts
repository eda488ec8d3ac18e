/** A network's preprocessing with what the user says otherwise. */
import type { Preprocessing } from "../../../src/io/images/preprocess.ts";
import { imagenet } from "../../../src/io/images/presets.ts";
import type { Preparation } from "../messages.ts";

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** @param own what the file says, or is usual */
export function prepared(own: Preprocessing, { levels, order, part }: Preparation): Preprocessing {
  const count = own.mean.length;
  const all = (value: number): number[] => new Array<number>(count).fill(value);
  const scales: Readonly<Record<Preparation["levels"], Partial<Preprocessing>>> = {
    file: {},
    imagenet: count === 1
      ? { range: 1, mean: [mean(imagenet.mean)], std: [mean(imagenet.std)] }
      : { range: 1, mean: imagenet.mean, std: imagenet.std },
    one: { range: 1, mean: all(0), std: all(1) },
    signed: { range: 1, mean: all(0.5), std: all(0.5) },
    bytes: { range: 255, mean: all(0), std: all(1) },
  };
  const [height, width] = own.size;
  const parts: Readonly<Record<Preparation["part"], Partial<Preprocessing>>> = {
    file: {}, middle: { resize: Math.floor((Math.min(height, width) * 256) / 224) }, whole: { resize: own.size } };
  const channels = order === "file" || count === 1 ? own.channels : order;
  const changed: Preprocessing = { ...own, ...scales[levels], ...parts[part], channels };
  // Mean and deviation of red, green and blue change places with them; ImageNet's are for RGB.
  const turned = levels === "imagenet" ? channels === "bgr" : levels === "file" && channels !== own.channels;
  return turned ? { ...changed, mean: [...changed.mean].reverse(), std: [...changed.std].reverse() } : changed;
}
