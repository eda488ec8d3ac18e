/**
 * What a host decides by measurement: by clocks that say so, say otherwise, or cannot tell. (That no bit depends on it is in
 * test/session/tuning.test.ts.)
 */
import "../../kernels/wasm/assembler/checks/checked.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../kernels/random.ts";
import { ModuleBuilder } from "../../kernels/wasm/assembler/module-builder.ts";
import { convKernel } from "../../kernels/wasm/convolution/direct.ts";
import { fastest } from "../../kernels/wasm/probe/contest.ts";
import type { Contest } from "../../kernels/wasm/probe/contest.ts";
import { dots } from "../../kernels/wasm/probe/dots.ts";
import { paces } from "../../kernels/wasm/probe/pace.ts";
import { tiles } from "../../kernels/wasm/probe/tiles.ts";
import { probe } from "../../kernels/wasm/probe/probe.ts";
import { pairsVectors } from "../../kernels/wasm/probe/vectors.ts";
import { pace } from "../../kernels/wasm/shared/pace.ts";

/** Milliseconds of a run, by how many there were before. */
type Times = (run: number) => number;

/** Functions that take such times, by a clock of such ticks that takes 50 ns to be read. @returns the winner, and what it took */
function decide(candidates: readonly Times[], options: Partial<Contest<string>> = {}, tick = 0.00001): { won: string; took: number } {
  let time = 0;
  const contest: Contest<string> = {
    names: ["usual", "other", "third"].slice(0, candidates.length) as [string], slack: 0.99, ...options,
    make: () => candidates.map((takes) => {
      let run = 0;
      return (times) => {
        for (let i = 0; i < times; i++) time += takes(run++);
      };
    }),
  };
  const won = fastest(contest, () => Math.floor((time += 0.00005) / tick) * tick);
  return { won, took: time };
}

/** Slow until it is optimised, after so many runs. */
const optimised = (fast: number, after = 12): Times => (run) => (run < after ? 5 * fast : fast);

test("two percent are enough on a fine clock, and what costs more than the slack is refused", () => {
  assert.is(decide([optimised(0.01), optimised(0.0098)]).won, "other");
  assert.is(decide([optimised(0.01), optimised(0.01)]).won, "usual");
  assert.is(decide([optimised(0.01), optimised(0.014)]).won, "usual");
  assert.is(decide([optimised(0.01), optimised(0.0103)], { slack: 1.05 }).won, "other");
  assert.is(decide([optimised(0.01), optimised(0.0108)], { slack: 1.05 }).won, "usual");
});

test("of several the fastest is taken", () => {
  assert.is(decide([optimised(0.01), optimised(0.009), optimised(0.008)]).won, "third");
  assert.is(decide([optimised(0.01), optimised(0.008), optimised(0.009)]).won, "other");
  assert.is(decide([optimised(0.008), optimised(0.01), optimised(0.009)]).won, "usual");
});

test("functions that are optimised on the way: only what came afterwards counts, and of others nothing is concluded", () => {
  assert.is(decide([optimised(0.01, 10), optimised(0.0097, 40)]).won, "other");
  assert.is(decide([optimised(0.0097, 40), optimised(0.01, 10)]).won, "usual");
  assert.is(decide([optimised(0.02, Infinity), optimised(0.01, Infinity)]).won, "usual");
  assert.is(decide([optimised(0.02, Infinity), optimised(0.001)]).won, "usual");
  // Unless they are far apart.
  assert.is(decide([optimised(0.02, Infinity), optimised(0.01, Infinity)], { isClear: true }).won, "other");
  assert.is(decide([optimised(0.012, Infinity), optimised(0.01, Infinity)], { isClear: true }).won, "usual");
});

test("a coarse clock, one that stands still, none, or what is disturbed all the time: as usual", () => {
  for (const tick of [0.1, 1, 100]) assert.is(decide([optimised(0.01), optimised(0.009)], {}, tick).won, "usual", `tick ${tick}`);
  assert.is(decide([optimised(0.01), optimised(0.005)], { isClear: true }, 0.1).won, "other");
  assert.is(decide([optimised(0.01), optimised(0.009)], {}, 0.005).won, "other");
  let calls = 0;
  const run = (): void => void calls++;
  const contest: Contest<string> = { names: ["usual", "other"], slack: 2, make: () => [run, run] };
  assert.is(fastest(contest, () => 0), "usual");
  assert.is(fastest(contest, undefined), "usual");
  assert.ok(calls < 10000, "it ends");
  assert.is(decide([(n) => 0.5 * (n + 1), (n) => 0.4 * (n + 1)]).won, "usual");
});

test("it takes at most 5 ms, but for what the machine does besides", () => {
  for (const candidates of [[optimised(0.01), optimised(0.01)], [optimised(0.02, Infinity), optimised(0.02, Infinity)]]) {
    const { took } = decide(candidates);
    assert.ok(took <= 5, `${took} ms`);
  }
  const busy: Times = (run) => 0.01 * (run < 12 ? 5 : 1) + (run % 10 === 9 ? 10 : 0);
  assert.ok(decide([busy, busy]).took <= 60);
});

/**
 * Times of a row with the pace over those without, as engines have them on two processors: what direct convolutions of whole networks take
 * (SE-ResNet-50, SE-MobileNet v1 and MobileNetV3-large in exact, in turns, best of each).
 */
const recorded: readonly (readonly [processor: string, ratios: readonly number[], won: string])[] = [
  // Whole networks gain 2 to 6 %; the probe's short row shows that, or nothing, or a few per cent less.
  ["AMD Zen 5: Node 20, Node 26, Deno, Bun, the short row", [0.95, 0.96, 0.97, 0.98, 0.99, 1, 1.01, 1.02], "other"],
  // 291 and 213 ms, 41.8 and 29.2, 17.6 and 12.7 (Node 20); 285 and 203 (Node 26); 315 and 235 (Bun); 333 and 264 (Deno).
  ["Intel Xeon: Node 20, Node 26, Bun, Deno", [291 / 213, 41.8 / 29.2, 17.6 / 12.7, 285 / 203, 315 / 235, 333 / 264], "usual"],
];

for (const [processor, ratios, won] of recorded) {
  test(`${won === "other" ? "paced" : "free"} on ${processor}: with noise, interruptions and code that is optimised on the way`, () => {
    for (const ratio of ratios) {
      for (let seed = 1; seed <= 10; seed++) {
        const random = new Random(seed);
        const times = (usual: number): Times => (run) =>
          usual * (run < 12 ? 5 : 1) * (1 + 0.03 * random.uniform()) * (random.uniform() < 0.02 ? 4 : 1);
        assert.is(decide([times(0.01), times(0.01 * ratio)], { slack: paces.slack }).won, won, `${ratio}, seed ${seed}`);
      }
    }
  });
}

test("the contests run on this host, whoever wins", () => {
  for (const contest of [paces, tiles, dots] as readonly Contest<string>[]) {
    assert.ok(contest.names.includes(fastest(contest, () => performance.now())));
    assert.is(fastest(contest, () => 0), contest.names[0]);
  }
});

test("kernels of unfused products and sums have the pace where their module does; fused ones and those for joined vectors never", () => {
  const layout = { channels: 32, height: 4, width: 4, halo: 0 };
  const size = (held: boolean, machine: { readonly fma: boolean; readonly wide?: boolean }): number => {
    const m = new ModuleBuilder("m");
    m.memory({ minimum: 1 });
    if (held) m.pace = pace;
    convKernel({
      input: layout, output: layout, kernel: [1, 1], stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1,
      epilogue: { gate: false, residual: undefined, activation: undefined }, ...machine,
    }).emit(m);
    return m.toBytes().length;
  };
  assert.ok(size(true, { fma: false }) > size(false, { fma: false }));
  for (const machine of [{ fma: true }, { fma: false, wide: true }, { fma: true, wide: true }]) {
    assert.is(size(true, machine), size(false, machine));
  }
});

test("vectors in pairs are not found where the clock stands, nor where the engine pairs none", () => {
  assert.is(pairsVectors(() => 0), false);
  assert.is(pairsVectors(() => performance.now()), false);
});

test("vectors in pairs are found however late the engine optimises them", () => {
  // Readings come in pairs, around calls of one form and then of the other: the second is faster from a turn on, or never.
  const clock = (from: number): (() => number) => {
    let [reading, time] = [0, 0];
    return () => {
      const [turn, form] = [Math.floor(reading / 4), Math.floor(reading / 2) % 2];
      if (reading++ % 2 === 1) time += form === 1 && turn >= from ? 0.6 : 1;
      return time;
    };
  };
  // Where the host has not the instructions, as Node 20, there is nothing to measure.
  const measures = pairsVectors(clock(0));
  if (probe().fusedMultiplyAdd) assert.is(measures, true);
  assert.is(pairsVectors(clock(250)), measures);
  assert.is(pairsVectors(clock(Infinity)), false);
});

test.run();
