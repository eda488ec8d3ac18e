/**
 * Where the values of a graph lie in one arena: two that are never needed at the same time may share memory. Greedy by size
 * (Pisarchyk and Lee, arXiv 2001.03288, algorithm 3): the largest first, each into the tightest gap between those already placed
 * that live at the same time.
 */

/** When a value is needed: from the entry that makes it to the last that reads it, both inclusive. */
export interface Lifetime {
  /** In bytes. */
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

export interface MemoryPlan {
  /** One a lifetime, in bytes. */
  readonly offsets: readonly number[];
  /** Bytes of the arena. */
  readonly total: number;
}

/** @param alignment every offset is a multiple of it */
export function planMemory(lifetimes: readonly Lifetime[], alignment: number = 64): MemoryPlan {
  const rounded = lifetimes.map(({ size }) => Math.ceil(size / alignment) * alignment);
  const bySize = lifetimes.map((_, i) => i).sort((a, b) => rounded[b] - rounded[a] || lifetimes[a].from - lifetimes[b].from || a - b);
  const offsets = new Array<number>(lifetimes.length).fill(0);
  const placed: number[] = [];
  let total = 0;
  for (const i of bySize) {
    const neighbours = placed
      .filter((j) => lifetimes[j].from <= lifetimes[i].to && lifetimes[i].from <= lifetimes[j].to)
      .sort((a, b) => offsets[a] - offsets[b]);
    let best = -1;
    let bestGap = Infinity;
    let end = 0;
    for (const j of neighbours) {
      const gap = offsets[j] - end;
      if (gap >= rounded[i] && gap < bestGap) [best, bestGap] = [end, gap];
      end = Math.max(end, offsets[j] + rounded[j]);
    }
    offsets[i] = best >= 0 ? best : end;
    total = Math.max(total, offsets[i] + rounded[i]);
    placed.push(i);
  }
  return { offsets, total };
}

/** What no plan can go below: the most that is alive at one entry. */
export function lowerBound(lifetimes: readonly Lifetime[]): number {
  let most = 0;
  for (const { from } of lifetimes) {
    most = Math.max(most, lifetimes.filter((l) => l.from <= from && from <= l.to).reduce((sum, l) => sum + l.size, 0));
  }
  return most;
}
