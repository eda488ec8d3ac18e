/** Pooling over windows, and over all of an image. */
import { showShape, sizeOf } from "../../../tensor.ts";
import type { Item } from "../lower/nodes.ts";
import type { Lowering, Site, Table } from "../lower/site.ts";
import { onImage, span, windowOf, windowsOf } from "./window.ts";
import type { Windows } from "./window.ts";

export type PoolKind = "max_pool" | "average_pool";

/** Lowers windows that no kernel has: of volumes, such that lie in the padding alone, such whose places of the largest are wanted. */
export type RestOfPools = (site: Site, x: Item, kind: PoolKind, windows: Windows) => Item | readonly Item[];

export function pool(kind: PoolKind, rest: RestOfPools): Lowering {
  return (site, x) => {
    const [, , ...image] = site.rank(x, 3, 4, 5);
    const windows = windowsOf(site, image);
    if (site.wants(1)) return rest(site, x, kind, windows);
    const { kernel, begins, ends } = windows;
    if (kernel.every((n, i) => n === image[i] && begins[i] + ends[i] === 0 && span(windows, i) === n)) {
      return site.pooled(x, kind === "max_pool" ? "max" : "mean");
    }
    if (image.length === 3 || image.some((_, i) => Math.max(begins[i], ends[i]) >= span(windows, i))) return rest(site, x, kind, windows);
    const { dilation, ...usual } = windowOf(windows);
    const window = {
      ...usual, ceilMode: site.int("ceil_mode") === 1, ...(dilation.join() === "1,1" ? {} : { dilation }),
    };
    return onImage(
      site, x, kind === "max_pool" ? { kind, ...window } : { kind, ...window, countPadding: site.int("count_include_pad") === 1 },
    );
  };
}

function global(by: "mean" | "max"): Lowering {
  return (site, x) => {
    if (x.shape.length < 3 || sizeOf(x.shape.slice(2)) === 0) site.wrong(`wants at least 3 dimensions, got ${showShape(x.shape)}`);
    return site.pooled(x, by);
  };
}

export function poolings(rest: RestOfPools): Table {
  return {
    AveragePool: pool("average_pool", rest), MaxPool: pool("max_pool", rest),
    GlobalAveragePool: global("mean"), GlobalMaxPool: global("max"),
  };
}
