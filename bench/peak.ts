/** What the core can do at most: multiplications and additions on vectors in registers, emitted by the same assembler. */
import { ModuleBuilder } from "../kernels/wasm/assembler/module-builder.ts";

/** A loop over chains of products and as many of sums. */
interface Loop {
  readonly chains: number;
  /** Steps written out in a pass. */
  readonly steps: number;
  /** How often a pass multiplies its counter by 1, to last as long as its products and sums (kernels/wasm/shared/pace.ts). */
  readonly waits: number;
  /** In which the next product (*) and the next sum (+) of a pass take turns; fused multiply-adds are one after the other. */
  readonly order: string;
}

/**
 * There must be enough chains to hide the latency of products and sums, few enough to stay in registers, and how a processor shares
 * instructions out between its units depends on their order, and on luck: so several loops, of which the fastest counts. (A Zen 5 server,
 * GFLOP/s of the best: Node 20 66.3 to 66.9 in five runs, by six chains and one step or by those that wait; Node 26 66.9 to 67.5 in three,
 * Deno 67.0, by seven chains and eight steps; Bun 58.9. Any one loop may have 66 in one run and 55 in the next: so each is there three
 * times.)
 */
const KINDS: readonly Loop[] = ["*+", "+*", "**++"].flatMap((order) => [
  { chains: 6, steps: 1, waits: 0, order }, { chains: 7, steps: 8, waits: 0, order }, { chains: 7, steps: 2, waits: 2, order },
]);
const LOOPS: readonly Loop[] = [KINDS, KINDS, KINDS].flat();
const FUSED_LOOPS: readonly Loop[] = [[8, 1], [10, 1], [12, 1], [10, 4]].map(
  ([chains, steps]) => ({ chains, steps, waits: 0, order: "+" }),
);
const STEPS = 40000;

/**
 * Compiles the loops; each call of what it returns measures all of them once, in GFLOP/s.
 * @param fma by fused multiply-adds, which the host must have then
 */
export function peakMeter(fma: boolean = false): () => number {
  if (typeof WebAssembly === "undefined") throw new Error("this benchmark wants WebAssembly");
  const m = new ModuleBuilder("peak");
  const all = fma ? FUSED_LOOPS : LOOPS;
  all.forEach((loop, i) => emitLoop(m, `peak_${i}`, loop, fma));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(m.toBytes()));
  const loops = all.map(({ chains, steps }, i) => {
    const run = exports[`peak_${i}`] as (passes: number, one: number) => number;
    return () => {
      const start = performance.now();
      run(STEPS / steps, 1);
      return (STEPS * chains * 2 * 4) / (performance.now() - start) / 1e6;
    };
  });
  const measure = (): number => Math.max(...loops.map((loop) => loop()));
  for (let i = 0; i < 20; i++) measure();
  return measure;
}

function emitLoop(m: ModuleBuilder, name: string, { chains, steps, waits, order }: Loop, fma: boolean): void {
  m.func(name, { params: { passes: "i32", one: "i32" }, results: ["f32"], export: true }, (f, { passes, one }) => {
    const { local, i32, f32x4 } = f;
    const products = local.array("v128", "product", chains);
    const sums = local.array("v128", "sum", chains);
    const factor = local.v128("factor");
    f32x4.const(1.0000001);
    local.set(factor);
    for (const each of [...products, ...sums]) {
      f32x4.const(0.5);
      local.set(each);
    }
    const next = (chain: typeof factor, apply: () => void): void => {
      local.get(chain);
      local.get(factor);
      apply();
      local.set(chain);
    };
    const fused = (): void => {
      local.get(factor);
      f32x4.relaxed_madd();
    };
    f.countDown(passes, () => {
      let [multiplied, added] = [fma ? Infinity : 0, 0];
      for (let turn = 0; Math.min(multiplied, added) < chains * steps; turn++) {
        if (order[turn % order.length] === "+" && added < chains * steps) next(sums[added++ % chains], fma ? fused : () => f32x4.add());
        else if (order[turn % order.length] === "*" && multiplied < chains * steps) next(
          products[multiplied++ % chains], () => f32x4.mul(),
        );
      }
      if (waits === 0) return;
      local.get(passes);
      for (let k = 0; k < waits; k++) {
        local.get(one);
        i32.mul();
      }
      local.set(passes);
    });
    f32x4.const(0);
    for (const each of fma ? sums : [...products, ...sums]) {
      local.get(each);
      f32x4.add();
    }
    f32x4.extract_lane(0);
  });
}
