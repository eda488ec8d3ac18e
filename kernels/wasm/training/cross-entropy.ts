/**
 * Softmax cross-entropy, forward and backward in one: for each row of logits (an image, or a pixel of one)
 *
 *   p[k] = exp(logit[k] - max) / sum,  sum = sum over k of exp(logit[k] - max)
 *   dlogit[k] = scale * (p[k] - target[k]),  a scale for each row
 *   loss = log(sum) - sum over k of target[k] * (logit[k] - max)
 *
 * Targets are given in full, so label smoothing (arXiv 1512.00567, section 7) and mixed labels are the caller's. They add up to 1, but for
 * rounding: so the largest logit is taken off all, before they are multiplied. A class without a target adds nothing, even where its logit
 * is -Infinity. The logarithm is left to the caller (kernels/math.ts), who gets both sums of each row as doubles: there are few rows.
 */
import { emitExp } from "../shared/exp.ts";
import type { Local } from "../assembler/handles.ts";
import type { Kernel } from "../shared/kernel.ts";
import { loadLanes, storeLanes } from "../shared/lanes.ts";
import { overFloats } from "../shared/loops.ts";
import { assign, offset } from "../shared/addresses.ts";
import { range } from "../shared/loops.ts";

/**
 * Doubles that the kernel leaves of each row, of the logits less their largest: the largest of these (0), the sum of exponentials, and that
 * of targets times logits. The loss is terms[0] + log(terms[1]) - terms[2].
 */
export const CROSS_ENTROPY_TERMS = 3;

/**
 * Arguments: dlogits (overwritten), terms ([rows][3] doubles, at a multiple of 8), logits, targets (all [rows][classes]), scales ([rows]),
 * begin, end; parts are rows. dlogits may be the targets.
 */
export function crossEntropyKernel(rows: number, classes: number): Kernel {
  const name = `f32_cross_entropy_${rows}x${classes}`;
  const params = { dlogits: "i32", terms: "i32", logits: "i32", targets: "i32", scales: "i32", begin: "i32", end: "i32" } as const;
  const emit: Kernel["emit"] = (m) => m.func(name, { params, export: true }, (f, p) => {
    const { local, f32x4, f32, f64, i32 } = f;
    const [out, terms, logits, targets, scales, at, left] = ["out", "terms_at", "logits_at", "targets_at", "scales_at", "at", "left"].map(
      (each) => local.i32(each),
    );
    const [largest, value, factor, target] = ["largest", "value", "factor", "target"].map((each) => local.v128(each));
    const scratch = { a: local.v128("a"), b: local.v128("b"), c: local.v128("c") };
    const max = local.f32("max");
    const [sum, dot] = [local.f64("sum"), local.f64("dot")];
    const back = (...pointers: readonly Local<"i32">[]): void => pointers.forEach((pointer) => local.decrease(pointer, 4 * classes));
    /** Emits `body` for each float from `pointer` on, one after the other: sums have one order. */
    const each = (pointers: readonly Local<"i32">[], body: () => void): void => {
      assign(f, left, classes);
      f.countDown(left, () => {
        body();
        for (const pointer of pointers) local.increase(pointer, 4);
      });
      back(...pointers);
    };
    range(f, p.begin, p.end, () => {
      for (const [to, base] of [[out, p.dlogits], [logits, p.logits], [targets, p.targets]] as const) {
        offset(f, to, base, p.begin, 4 * classes);
      }
      offset(f, terms, p.terms, p.begin, 8 * CROSS_ENTROPY_TERMS);
      offset(f, scales, p.scales, p.begin, 4);
      f32.const(-Infinity);
      local.set(max);
      each([logits], () => {
        local.get(max);
        local.get(logits);
        f32.load();
        f32.max();
        local.set(max);
      });
      f64.const(0);
      local.set(dot);
      each([logits, targets], () => {
        local.get(dot);
        local.get(targets);
        f32.load();
        f64.promote_f32();
        local.get(logits);
        f32.load();
        f64.promote_f32();
        local.get(max);
        f64.promote_f32();
        f64.sub();
        f64.mul();
        f64.const(0);
        // The bits of a target; those of 0 are none.
        local.get(targets);
        i32.load();
        f.select();
        f64.add();
        local.set(dot);
      });
      local.get(max);
      f32x4.splat();
      local.set(largest);
      f64.const(0);
      local.set(sum);
      assign(f, at, logits);
      overFloats(f, classes, [at], 1, (place, count) => {
        loadLanes(f, at, place, count);
        local.get(largest);
        f32x4.sub();
        emitExp(f, scratch, false);
        local.set(value);
        for (let lane = 0; lane < count; lane++) {
          local.get(sum);
          local.get(value);
          f32x4.extract_lane(lane);
          f64.promote_f32();
          f64.add();
          local.set(sum);
        }
      });
      f64.const(1);
      local.get(sum);
      f64.div();
      f32.demote_f64();
      f32x4.splat();
      local.set(factor);
      const [scale, to] = [local.v128("scale"), local.i32("to")];
      local.get(scales);
      f.v128.load32_splat();
      local.set(scale);
      assign(f, to, out);
      overFloats(f, classes, [to, logits, targets], 1, (place, count) => {
        loadLanes(f, targets, place, count);
        local.set(target);
        loadLanes(f, logits, place, count);
        local.get(largest);
        f32x4.sub();
        emitExp(f, scratch, false);
        local.get(factor);
        f32x4.mul();
        local.get(target);
        f32x4.sub();
        local.get(scale);
        f32x4.mul();
        local.set(value);
        storeLanes(f, to, value, place, count);
      });
      local.get(terms);
      f64.const(0);
      f64.store(0, 8);
      local.get(terms);
      local.get(sum);
      f64.store(8, 8);
      local.get(terms);
      local.get(dot);
      f64.store(16, 8);
    });
  });
  return { name, parts: rows, emit };
}
