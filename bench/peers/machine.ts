/** The machine, and how much of it is busy with something else: figures from a busy machine are worth little. */
import { cpus, loadavg } from "node:os";
import process from "node:process";
import { setTimeout } from "node:timers/promises";

/** Less of a processor than this at work for others, and the machine counts as quiet. */
export const quiet = 0.1;

/** How long it is watched to know, ms. */
const moment = 500;

/** Milliseconds that all processors have worked. */
function worked(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}

function own(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * Begins to watch; the function that comes back ends it and tells how many processors were busy with work that was not ours.
 * @param others processor time of our other processes so far, ms
 */
export async function watchLoad(others: () => Promise<number>): Promise<() => Promise<number>> {
  const measure = async (): Promise<{ now: number; foreign: number }> => {
    const ours = (await others()) + own();
    return { now: performance.now(), foreign: worked() - ours };
  };
  const before = await measure();
  return async () => {
    const after = await measure();
    return Math.max(0, (after.foreign - before.foreign) / (after.now - before.now));
  };
}

/** Waits until the machine has nothing else to do for a moment, at most so many ms; returns the ms waited. */
export async function untilQuiet(most: number): Promise<number> {
  const start = performance.now();
  for (let left = most; left > 0; left = most - (performance.now() - start)) {
    const load = await watchLoad(() => Promise.resolve(0));
    await setTimeout(moment);
    if ((await load()) < quiet) break;
  }
  return performance.now() - start;
}

export function machine(): string {
  const all = cpus();
  const load = loadavg().map((n) => n.toFixed(2)).join(" ");
  return `${all[0].model.trim()}, ${all.length} processor${all.length === 1 ? "" : "s"}, load average ${load}`;
}
