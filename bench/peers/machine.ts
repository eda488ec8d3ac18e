/** The machine, and how much of it is busy with something else: figures from a busy machine are worth little. */
import { cpus, loadavg } from "node:os";
import process from "node:process";

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
  const measure = async (): Promise<{ now: number; worked: number; ours: number }> => {
    const ours = (await others()) + own();
    return { now: performance.now(), worked: worked(), ours };
  };
  const before = await measure();
  return async () => {
    const after = await measure();
    return Math.max(0, (after.worked - before.worked - (after.ours - before.ours)) / (after.now - before.now));
  };
}

export function machine(): string {
  const all = cpus();
  return `${all[0].model.trim()}, ${all.length} processor${all.length === 1 ? "" : "s"}, load average ${loadavg().map((n) => n.toFixed(2)).join(" ")}`;
}
