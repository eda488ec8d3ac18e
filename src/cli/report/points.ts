/** Curves made ready for drawing: smoothed, and thinned so that long runs make small pages. */

export type Point = readonly [x: number, y: number];

/** How many neighbours `smooth` joins: a fortieth of the points, an odd number of at least 5; 1 (none) where there are few. */
export function smoothingWindow(count: number): number {
  return count < 12 ? 1 : Math.max(5, 2 * Math.floor(count / 80) + 1);
}

/** The mean of `window` points around each. Towards the ends windows shrink on both sides, so that a steep beginning stays where it is. */
export function smooth(points: readonly Point[], window: number): Point[] {
  const half = (window - 1) / 2;
  const sums = [0];
  for (const [, y] of points) sums.push(sums[sums.length - 1] + y);
  return points.map(([x], i) => {
    const reach = Math.min(half, i, points.length - 1 - i);
    return [x, (sums[i + reach + 1] - sums[i - reach]) / (2 * reach + 1)];
  });
}

/** At most about `most` points, with the first, the last, and of every group of neighbours the lowest and the highest: no peak is lost. */
export function thin(points: readonly Point[], most: number): readonly Point[] {
  if (points.length <= most) return points;
  const groups = Math.max(1, Math.floor(most / 2) - 1);
  const kept = new Set([0, points.length - 1]);
  for (let g = 0; g < groups; g++) {
    const [begin, end] = [g, g + 1].map((i) => Math.floor((i * points.length) / groups));
    let [low, high] = [begin, begin];
    for (let i = begin; i < end; i++) {
      if (points[i][1] < points[low][1]) low = i;
      if (points[i][1] > points[high][1]) high = i;
    }
    kept.add(low).add(high);
  }
  return [...kept].sort((a, b) => a - b).map((i) => points[i]);
}
