/** What is measured: kernels of a network's layers, or those that only move numbers, bound to a memory. */
export interface Task {
  readonly label: string;
  /** The kernel's name. */
  readonly name: string;
  /** Operations of a run, multiplications and additions by themselves, as the direct method counts them; 0 where only traffic matters. */
  readonly flops: number;
  /** Bytes of a run that are read and written at least. */
  readonly bytes: number;
  /** How often the network has it. */
  readonly times: number;
  readonly run: () => void;
}

/** A task's runs a millisecond, round by round. */
export interface Measured {
  readonly task: Task;
  readonly rates: number[];
}

/** Runs a millisecond, over about `milliseconds`. */
function rate({ run }: Task, milliseconds: number): number {
  const start = performance.now();
  let runs = 0;
  let time = 0;
  do {
    run();
    runs++;
    time = performance.now() - start;
  } while (time < milliseconds);
  return runs / time;
}

/** All tasks take turns, round by round: neighbours on the machine slow all of them down. @param before called before each */
export function measure(tasks: readonly Task[], rounds: number, before: () => void): Measured[] {
  for (const task of tasks) rate(task, 30);
  const all = tasks.map((task): Measured => ({ task, rates: [] }));
  for (let round = 0; round < rounds; round++) {
    for (const { task, rates } of all) {
      before();
      rates.push(rate(task, 4));
    }
  }
  return all;
}

/** The largest, and the one in the middle. */
export function summary(values: readonly number[]): { best: number; median: number } {
  const sorted = [...values].sort((a, b) => a - b);
  return { best: sorted[sorted.length - 1], median: sorted[sorted.length >> 1] };
}

/** A memory of `pages`, full of small numbers, and the exports of a module over it. */
export function instantiate(bytes: Uint8Array<ArrayBuffer>, pages: number): Readonly<Record<string, unknown>> {
  if (typeof WebAssembly === "undefined") throw new Error("this benchmark wants WebAssembly");
  const memory = new WebAssembly.Memory({ initial: pages });
  const floats = new Float32Array(memory.buffer);
  for (let i = 0; i < floats.length; i++) floats[i] = ((i * 7919) % 1000) / 1000 - 0.5;
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { host: { memory } }).exports;
}
