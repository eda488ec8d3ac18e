/** When the worker got how far: what test/page/first.ts measures. Milliseconds since 1970, for a worker has a beginning of its own. */
const steps: [string, number][] = [];

export function step(name: string): void {
  steps.push([name, Date.now()]);
}

/** Those since the last time it was asked. */
export function stepsTaken(): [string, number][] {
  return steps.splice(0);
}
