/** Another label set over the same images. */
import { didYouMean } from "../../errors.ts";
import type { Dataset } from "./dataset.ts";

/**
 * Classes of classes: each new one takes the images of some old ones; images of old classes that none takes are left out.
 * @param groups new name to old ones, by name or by number (from 0)
 * @throws RangeError for an old class that is none or is taken twice, for fewer than two new classes, or where no images are left
 */
export function relabel(data: Dataset, groups: ReadonlyMap<string, readonly string[]>): Dataset {
  if (groups.size < 2) throw new RangeError(`relabel: wants at least two new classes, got ${groups.size}`);
  if (data.labelsPerImage > 1) throw new RangeError("relabel: wants one label an image, the data set has one a pixel");
  const now = new Int32Array(data.classes.length).fill(-1);
  const names = [...groups.keys()];
  for (const [name, old] of groups) {
    for (const each of old) {
      const byName = data.classes.indexOf(each);
      const index = byName >= 0 ? byName : /^\d+$/.test(each) ? Number(each) : -1;
      if (!(index >= 0 && index < now.length)) {
        throw new RangeError(
          `relabel: "${each}" (for ${name}) is no class of this data set${didYouMean(each, data.classes)}; it has ` +
          `${data.classes.join(", ")}`,
        );
      }
      if (now[index] >= 0) throw new RangeError(`relabel: "${each}" is taken twice, by ${names[now[index]]} and by ${name}`);
      now[index] = names.indexOf(name);
    }
  }
  const kept: number[] = [];
  data.labels.forEach((label, i) => {
    if (now[label] >= 0) kept.push(i);
  });
  if (kept.length === 0) throw new RangeError("relabel: no images are left");
  const left = data.select(kept);
  return left.relabelled(left.labels.map((label) => now[label]), names);
}
