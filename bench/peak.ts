/** What the core can do at most: multiplications and additions on vectors in registers, emitted by the same assembler. */
import { ModuleBuilder } from "../kernels/wasm/module-builder.ts";

/**
 * Chains of products and as many of sums, and steps written out in a pass. There must be enough chains to hide the latency of either, few
 * enough to stay in registers, and engines schedule them differently: so several loops, of which the fastest counts. (Node 20: 50.2,
 * 50.4, 49.6 GFLOP/s; six chains with four steps 46.9; Deno 2.9: 49.4, 47.8, 49.4, 51.2.)
 */
const LOOPS: readonly (readonly [number, number])[] = [[6, 1], [7, 1], [7, 16], [6, 4]];
/** The same for chains of fused multiply-adds. */
const FUSED_LOOPS: readonly (readonly [number, number])[] = [[8, 1], [10, 1], [12, 1], [10, 4]];
const STEPS = 40000;

/** Compiles the loops; each call of what it returns measures all of them once, in GFLOP/s. @param fma by fused multiply-adds, which the host must have then */
export function peakMeter(fma: boolean = false): () => number {
  if (typeof WebAssembly === "undefined") throw new Error("this benchmark wants WebAssembly");
  const m = new ModuleBuilder("peak");
  const all = fma ? FUSED_LOOPS : LOOPS;
  for (const [chains, unroll] of all) emitLoop(m, chains, unroll, fma);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(m.toBytes()));
  const loops = all.map(([chains, unroll]) => {
    const run = exports[nameOf(chains, unroll)] as (passes: number) => number;
    return () => {
      const start = performance.now();
      run(STEPS / unroll);
      return (STEPS * chains * 2 * 4) / (performance.now() - start) / 1e6;
    };
  });
  const measure = (): number => Math.max(...loops.map((loop) => loop()));
  for (let i = 0; i < 20; i++) measure();
  return measure;
}

function nameOf(chains: number, unroll: number): string {
  return `peak_${chains}_${unroll}`;
}

function emitLoop(m: ModuleBuilder, chains: number, unroll: number, fma: boolean): void {
  m.func(nameOf(chains, unroll), { params: { passes: "i32" }, results: ["f32"], export: true }, (f, { passes }) => {
    const { local, f32x4 } = f;
    const products = local.array("v128", "product", chains);
    const sums = local.array("v128", "sum", chains);
    const factor = local.v128("factor");
    f32x4.const(1.0000001);
    local.set(factor);
    for (const each of [...products, ...sums]) {
      f32x4.const(0.5);
      local.set(each);
    }
    f.countDown(passes, () => {
      for (let u = 0; u < unroll; u++) {
        for (let i = 0; i < chains; i++) {
          if (fma) {
            for (const each of [sums[i], factor, factor]) local.get(each);
            f32x4.relaxed_madd();
            local.set(sums[i]);
            continue;
          }
          for (const [chain, apply] of [[products[i], () => f32x4.mul()], [sums[i], () => f32x4.add()]] as const) {
            local.get(chain);
            local.get(factor);
            apply();
            local.set(chain);
          }
        }
      }
    });
    f32x4.const(0);
    for (const each of fma ? sums : [...products, ...sums]) {
      local.get(each);
      f32x4.add();
    }
    f32x4.extract_lane(0);
  });
}
