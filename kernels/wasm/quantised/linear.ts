/**
 * Layers on single pixels: float32 values, weights of bytes in the panels of convolutions (panels.ts), so that SE's first layer can share
 * them. Products and sums are rounded one by one, in the order of the inputs, as kernels/reference/quantised/linear.ts has it; four output
 * channels are a vector. Arguments: y, x, w, numbers (16 scales, then 16 biases a panel), panelBegin, panelEnd.
 */
import { activationName, activationScratch, emitActivation } from "../shared/activation.ts";
import type { Activation } from "../shared/activation.ts";
import type { Kernel } from "../shared/kernel.ts";
import { LANES, byteFunction } from "./bytes.ts";
import type { Pointer } from "./bytes.ts";
import { emitPanelAt, emitStorePanel } from "./floats.ts";
import { STEP, panelCount } from "./panels.ts";

/** Bytes of a panel's scales and biases. */
export const ROW_NUMBERS: number = 8 * LANES;

export function byteLinearKernel(inputs: number, outputs: number, activation: Activation | undefined): Kernel {
  const name = `f32_linear_u7_${inputs}to${outputs}${activation === undefined ? "" : `_${activationName(activation)}`}`;
  const parts = panelCount(outputs);
  const params = { y: "i32", x: "i32", w: "i32", numbers: "i32", begin: "i32", end: "i32" } as const;
  const steps = Math.ceil(inputs / STEP);
  const emit: Kernel["emit"] = (m) => byteFunction(m, name, params, (f, p) => {
    const { local, i32, v128, i32x4, f32x4 } = f;
    const [to, from, w, numbers, left] = ["to", "from", "w_at", "numbers_at", "left"].map((each) => local.i32(each));
    const [sums, weights] = [local.array("v128", "sum", 4), local.array("v128", "weight", 4)];
    const [input, t] = [local.v128("input"), local.v128("t")];
    const scratch = activationScratch(f as never);
    const at = (result: Pointer, base: Pointer, bytes: number): void => emitPanelAt(f, result, base, p.begin, bytes);
    const step = (count: number): void => {
      weights.forEach((weight, part) => {
        local.get(w);
        v128.load(16 * part);
        local.set(weight);
      });
      for (let i = 0; i < count; i++) {
        local.get(from);
        v128.load32_splat(4 * i);
        local.set(input);
        weights.forEach((weight, part) => {
          local.get(sums[part]);
          local.get(weight);
          if (i < 3) {
            i32.const(24 - 8 * i);
            i32x4.shl();
          }
          i32.const(24);
          i32x4.shr_s();
          f32x4.convert_i32x4_s();
          local.get(input);
          f32x4.mul();
          f32x4.add();
          local.set(sums[part]);
        });
      }
      local.increase(w, LANES * STEP);
      local.increase(from, 4 * STEP);
    };
    f.while(() => {
      local.get(p.begin);
      local.get(p.end);
      i32.lt_s();
    }, () => {
      at(to, p.y, 4 * LANES);
      at(w, p.w, steps * STEP * LANES);
      at(numbers, p.numbers, ROW_NUMBERS);
      local.get(p.x);
      local.set(from);
      for (const sum of sums) {
        f32x4.const(0);
        local.set(sum);
      }
      const whole = Math.floor(inputs / STEP);
      if (whole > 0) {
        i32.const(whole);
        local.set(left);
        f.countDown(left, () => step(STEP));
      }
      if (inputs % STEP > 0) step(inputs % STEP);
      sums.forEach((sum, part) => {
        local.get(sum);
        local.get(numbers);
        v128.load(16 * part);
        f32x4.mul();
        local.get(numbers);
        v128.load(4 * LANES + 16 * part);
        f32x4.add();
        local.set(t);
        if (activation === undefined) local.get(t);
        else emitActivation(f as never, activation, t, scratch);
        local.set(sum);
      });
      emitStorePanel(f, to, sums, p.begin, outputs);
      local.increase(p.begin, 1);
    });
  });
  return { name, parts, emit };
}
