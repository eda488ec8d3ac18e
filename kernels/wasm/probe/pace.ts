/**
 * Is a loop of products and sums faster with the pace (shared/pace.ts) on this processor? Only time tells: the same row of a 1x1
 * convolution is computed with it and without, in turn. Where the pace helps whole networks (5 % of SE-ResNet-50 on an AMD Zen 5), a short
 * row shows little or nothing of it; where it does not (Intel Xeon) it costs 40 %. So the pace is taken unless it costs: rows with it may
 * take `SLACK` times as long. What is not clear counts as no: a coarse clock, functions that were not optimised in time, a busy machine.
 */
import { emitRow } from "../convolution/row.ts";
import { ModuleBuilder } from "../assembler/module-builder.ts";
import { pace } from "../shared/pace.ts";

/** Rows shorter than this are as fast either way (Node 20 on a Zen 5 server). */
const INPUTS = 1024;
const PIXELS = 4;
const CHANNELS = 16;
/** Rows a sample: about 10 microseconds. */
const ROWS = 4;

/** Half of the way from no difference to what is lost where it costs would be 1.2; noise of a quiet machine is 1.03. */
const SLACK = 1.05;

/** Pairs of samples that count, and how many of them must say yes. */
const PAIRS = 24;
const YES = 18;

/** Milliseconds: engines optimise a function after about one; what is not clear by the second time will not be. */
const AT_LEAST = 1.5;
const AT_MOST = 10;

/** A sample counts where it takes at most so many times the fastest: neither disturbed nor of code that was not optimised yet. */
const STEADY = 1.1;

/** @param now milliseconds, as performance.now() tells them @returns false too where no module runs */
export function probePace(now: () => number): boolean {
  if (typeof WebAssembly === "undefined") return false;
  const m = new ModuleBuilder("senet_probe_pace");
  m.memory({ minimum: 2 });
  const weights = 4 * INPUTS * PIXELS;
  const output = weights + 4 * CHANNELS * (INPUTS + 1);
  for (const [name, held] of [["free", undefined], ["paced", pace]] as const) {
    m.pace = held;
    const row = emitRow(m, {
      name: `${name}_row`, pixels: 2, columns: CHANNELS, valid: CHANNELS, width: PIXELS, segments: [], run: INPUTS,
      inPixel: 4 * INPUTS, outPixel: 4 * CHANNELS, residualPixel: 0, epilogue: { gate: false, residual: undefined, activation: undefined },
      fma: false,
    });
    m.func(name, { params: { rows: "i32" }, export: true }, (f, { rows }) => {
      f.countDown(rows, () => {
        for (const argument of [0, weights, output, 0, 0, 0]) f.i32.const(argument);
        f.call(row);
      });
    });
  }
  const bytes = m.toBytes();
  if (!WebAssembly.validate(bytes)) return false;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  return isTaken(now, exports.paced as (rows: number) => void, exports.free as (rows: number) => void);
}

/** The rule: is the pace taken, by what rows with it and without take? */
export function isTaken(now: () => number, paced: (rows: number) => void, free: (rows: number) => void): boolean {
  return isFaster(now, paced, free, SLACK);
}

/** Does the first function take less than `slack` times as long as the second, beyond doubt? Exported for tests. */
export function isFaster(now: () => number, one: (rows: number) => void, other: (rows: number) => void, slack: number = 1): boolean {
  const time = (run: (rows: number) => void): number => {
    const start = now();
    run(ROWS);
    return now() - start;
  };
  const best = [Infinity, Infinity];
  const pairs: (readonly [number, number])[] = [];
  const start = now();
  // A clock that stands still must not hold anybody up.
  for (let turn = 0; turn < 1000; turn++) {
    const first = turn % 2 === 0 ? time(one) : undefined;
    const second = time(other);
    const pair = [first ?? time(one), second] as const;
    pairs.push(pair);
    pair.forEach((took, i) => (best[i] = Math.min(best[i], took)));
    const spent = now() - start;
    if (spent < AT_LEAST) continue;
    const steady = pairs.filter((each) => each.every((took, i) => took <= STEADY * best[i]));
    if (steady.length >= PAIRS) return steady.filter(([a, b]) => a < slack * b).length >= (YES / PAIRS) * steady.length;
    if (spent > AT_MOST) return false;
  }
  return false;
}
