/** What the core can do at most: multiplications and additions on vectors in registers, emitted by the same assembler. */
import { ModuleBuilder } from "../kernels/wasm/module-builder.ts";

/** Chains of either kind: enough to hide the latency of both, few enough to stay in registers. */
const CHAINS = 6;
const UNROLL = 8;
const PASSES = 20000;

/** Compiles the loop; each call of what it returns measures once, in GFLOP/s. */
export function peakMeter(): () => number {
  if (typeof WebAssembly === "undefined") throw new Error("this benchmark wants WebAssembly");
  const m = new ModuleBuilder("peak");
  m.func("peak", { params: { passes: "i32" }, results: ["f32"], export: true }, (f, { passes }) => {
    const { local, f32x4 } = f;
    const products = local.array("v128", "product", CHAINS);
    const sums = local.array("v128", "sum", CHAINS);
    const factor = local.v128("factor");
    f32x4.const(1.0000001);
    local.set(factor);
    for (const each of [...products, ...sums]) {
      f32x4.const(0.5);
      local.set(each);
    }
    f.countDown(passes, () => {
      for (let u = 0; u < UNROLL; u++) {
        for (let i = 0; i < CHAINS; i++) {
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
    for (const each of [...products, ...sums]) {
      local.get(each);
      f32x4.add();
    }
    f32x4.extract_lane(0);
  });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(m.toBytes()));
  const peak = instance.exports.peak as (passes: number) => number;
  for (let i = 0; i < 20; i++) peak(PASSES);
  return () => {
    const start = performance.now();
    peak(PASSES);
    return (PASSES * UNROLL * CHAINS * 2 * 4) / (performance.now() - start) / 1e6;
  };
}
