/**
 * What a host decides by measurement: kernels in two or more forms that compute the same bits, of which one is faster on one processor
 * and another on the next. No table of versions or vendors can know which; a few milliseconds at start-up can. What is not clear stays as
 * usual: a coarse clock, functions that were not optimised in time, a machine that is busy all the while.
 */
import { ModuleBuilder } from "../assembler/module-builder.ts";
import { emitRow } from "../convolution/row.ts";
import type { RowKernel } from "../convolution/row-kernel.ts";
import type { Pace } from "../shared/pace.ts";

/** Computes something so many times over. */
export type Run = (times: number) => void;

/** Candidates for one choice. */
export interface Contest<Name extends string> {
  /** The usual one first. */
  readonly names: readonly [Name, ...Name[]];
  /** Another one is taken where it takes less than so many times as long as the usual one. */
  readonly slack: number;
  /** Is one much faster? Then few ticks of the clock will do for a sample, and code that is not optimised yet tells it too. */
  readonly isClear?: boolean;
  /** Makes what computes the same by each, in the order of the names; undefined where the host cannot, or they do not compute the same. */
  readonly make: () => readonly Run[] | undefined;
}

/**
 * Milliseconds that a contest may take, and those in which no engine has optimised a function yet. Samples in which the machine did
 * something else count as if it had not, up to a limit.
 */
const BUDGET = 4;
const AT_LEAST = 1.5;
const LIMIT = 40;

/** What takes so many times as long as the shortest sample before it was disturbed. */
const DISTURBED = 5;

/** Milliseconds of a sample at least, and ticks of the clock. */
const SAMPLE = 0.008;
const TICKS = 24;
const CLEAR_TICKS = 3;

/** How many times as long the slower one takes in a clear contest, at least, before functions are optimised. */
const CLEARLY = 1.5;

/**
 * Samples that take at most so many times the shortest are undisturbed, and of optimised code. So many of them settle it; fewer where time
 * is up.
 */
const STEADY = 1.02;
const ENOUGH = 8;
const JUST_ENOUGH = 4;

/** How much slower the first samples are than those of optimised code, at least. Of functions that stay as slow nothing is concluded. */
const FIRST = 3;
const OPTIMISED = 1.3;

/** Readings of the clock, and turns, after which one that stands still must not hold anybody up. */
const READINGS = 4000;
const TURNS = 1000;

/** The shortest step that the clock is seen to make; undefined where it makes none for a tenth of a millisecond. */
function tickOf(now: () => number): number | undefined {
  let [last, least] = [now(), Infinity];
  for (let reading = 0, steps = 0; reading < READINGS && steps < 5; reading++) {
    const at = now();
    if (at === last) continue;
    least = Math.min(least, at - last);
    last = at;
    steps++;
  }
  return least < Infinity ? least : undefined;
}

/** Which of them is faster. @param now milliseconds, as performance.now() tells them; undefined where there is no clock */
export function fastest<Name extends string>(contest: Contest<Name>, now: (() => number) | undefined): Name {
  const { names, slack, isClear = false, make } = contest;
  const [usual] = names;
  if (now === undefined || typeof WebAssembly === "undefined") return usual;
  const start = now();
  const ticks = isClear ? CLEAR_TICKS : TICKS;
  const tick = tickOf(now);
  if (tick === undefined || JUST_ENOUGH * names.length * ticks * tick > BUDGET) return usual;
  const runs = make();
  if (runs === undefined) return usual;
  const samples = runs.map((): number[] => []);
  // Engines compile a function when it is called first.
  for (const run of runs) run(1);
  const sample = Math.max(SAMPLE, ticks * tick);
  let [times, isOver, spent] = [1, false, 0];
  const has = (enough: number): boolean => samples.every((each) => {
    const best = Math.min(...each);
    const isOptimised = Math.min(...each.slice(0, FIRST)) > OPTIMISED * best;
    return isOptimised && each.filter((took) => took <= STEADY * best + tick / times).length >= enough;
  });
  for (let turn = 0; turn < TURNS && !isOver; turn++) {
    let shortest = Infinity;
    for (let k = 0; k < runs.length; k++) {
      const i = (turn + k) % runs.length;
      const from = now();
      runs[i](times);
      const took = now() - from;
      shortest = Math.min(shortest, took);
      spent += Math.min(took, DISTURBED * times * Math.min(...samples[i], took / times));
      if (2 * took >= sample) samples[i].push(took / times);
    }
    if (shortest < sample) times *= 2;
    isOver = spent > BUDGET || now() - start > LIMIT || (spent > AT_LEAST && has(ENOUGH));
  }
  const best = samples.map((each) => Math.min(...each));
  const below = has(JUST_ENOUGH) ? slack : isClear ? slack / CLEARLY : 0;
  return names[best.reduce((chosen, took, i) => (took < (chosen === 0 ? below : 1) * best[chosen] ? i : chosen), 0)];
}

/** What tells two forms of a row apart. */
export interface RowForm extends Pick<RowKernel, "fma"> {
  readonly tall?: RowKernel["tall"];
  readonly pace?: Pace | undefined;
}

/** Rows of a 1x1 convolution, one of each form, over what stays in the first cache: 16 channels of so many pixels and inputs. */
export function rowRuns(forms: readonly RowForm[], width: number, inputs: number): readonly Run[] | undefined {
  const m = new ModuleBuilder("senet_contest");
  m.memory({ minimum: 2 });
  const [channels, pixels] = [16, 2];
  const weights = 4 * inputs * width;
  const output = weights + 4 * channels * (inputs + 1);
  forms.forEach(({ pace, fma, tall }, i) => {
    m.pace = pace;
    const row = emitRow(m, {
      name: `row${i}`, pixels, columns: channels, valid: channels, width, segments: [], run: inputs, inPixel: 4 * inputs,
      outPixel: 4 * channels, residualPixel: 0, epilogue: { gate: false, residual: undefined, activation: undefined }, fma, tall,
    });
    m.func(`run${i}`, { params: { times: "i32" }, export: true }, (f, { times }) => {
      f.countDown(times, () => {
        for (const argument of [0, weights, output, 0, 0, 0]) f.i32.const(argument);
        f.call(row);
      });
    });
  });
  const bytes = m.toBytes();
  if (typeof WebAssembly === "undefined" || !WebAssembly.validate(bytes)) return undefined;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  return forms.map((_, i) => exports[`run${i}`] as Run);
}
