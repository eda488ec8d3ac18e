/** The inverse cosine transform of JPEG's blocks, as src/io/images/jpeg/inverse-dct.ts has it, eight numbers of 16 bits at a time. */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";
import type { ModuleBuilder } from "../assembler/module-builder.ts";
import type { All } from "../assembler/opcodes-all.ts";

type Emitter = FunctionBuilder<All>;
export type Vector = Local<"v128">;
/** Emits what leaves a vector on the stack. */
type Value = () => void;

/** Pairs of bytes of two vectors by turns: those of the lower halves, of the upper halves. */
export const LOW: readonly number[] = [0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23];
export const HIGH: readonly number[] = LOW.map((byte) => byte + 8);

/** Adds the function `transform` of jpeg.ts to a module. */
export function transformFunction(m: ModuleBuilder<All>): void {
  m.func("transform", { params: { to: "i32", from: "i32", count: "i32", steps: "i32", pitch: "i32" }, export: true }, (f, given) => {
    const rows = f.local.array("v128", "row", 8);
    const work = f.local.array("v128", "work", 8);
    const rest = f.local.v128("rest");
    const row = f.local.i32("row");
    const pass = passEmitter(f);
    f.doWhile(() => {
      rows.forEach((each, i) => {
        for (const address of [given.from, given.steps]) {
          f.local.get(address);
          f.v128.load(16 * i);
        }
        f.i16x8.mul();
        f.local.set(each);
        // What is not 0 below the first row.
        if (i === 0) return;
        f.local.get(each);
        if (i > 1) {
          f.local.get(rest);
          f.v128.or();
        }
        f.local.set(rest);
      });
      f.local.get(rest);
      f.v128.any_true();
      f.if(
        () => pass(rows, work, 1024, 11),
        // Nothing below the first row: libjpeg-turbo does without the saturation then.
        () => {
          f.local.get(rows[0]);
          f.i32.const(2);
          f.i16x8.shl();
          f.local.tee(work[0]);
          for (const each of work.slice(1)) f.local.tee(each);
          f.local.set(rest);
        },
      );
      transpose(f, work, rows);
      pass(work, rows, 131072, 18);
      transpose(f, rows, work);
      f.local.get(given.to);
      f.local.set(row);
      for (let i = 0; i < 8; i += 2) {
        f.local.get(rows[i]);
        f.local.get(rows[i + 1]);
        f.i8x16.narrow_i16x8_s();
        // Samples are counted from the middle.
        f.i32x4.const(-2139062144);
        f.v128.xor();
        f.local.set(rest);
        for (let half = 0; half < 2; half++) {
          f.local.get(row);
          f.local.get(rest);
          f.v128.store64_lane(half);
          f.local.increase(row, given.pitch);
        }
      }
      f.local.increase(given.from, 128);
      f.local.increase(given.to, 8);
      f.local.decrease(given.count, 1);
      f.local.get(given.count);
    });
  });
}

/** Gets what emits a pass over the columns of eight rows, whose results are rounded and saturated to 16 bits. */
function passEmitter(f: Emitter): (from: readonly Vector[], to: readonly Vector[], round: number, shift: number) => void {
  const pairs = f.local.array("v128", "pair", 8);
  const [t0, t1, t2, t3] = f.local.array("v128", "t", 4);
  const [o0, o1, o2, o3] = f.local.array("v128", "o", 4);
  const lower = f.local.array("v128", "lower", 8);
  const dot = (pair: Vector, a: number, b: number): void => {
    f.local.get(pair);
    f.i16x8.const(a, b, a, b, a, b, a, b);
    f.i32x4.dot_i16x8_s();
  };
  return (from, to, round, shift) => {
    /** Two rows, or sums of two, by turns. */
    const pair = (at: number, lanes: readonly number[], a: Value, b: Value): void => {
      a();
      b();
      f.i8x16.shuffle(lanes);
      f.local.set(pairs[at]);
    };
    const row = (i: number): Value => () => f.local.get(from[i]);
    const sum = (i: number, j: number, sign = 1): Value => () => {
      row(i)();
      row(j)();
      if (sign > 0) f.i16x8.add();
      else f.i16x8.sub();
    };
    [LOW, HIGH].forEach((lanes, half) => {
      pair(0, lanes, row(2), row(6));
      pair(1, lanes, row(1), row(7));
      pair(2, lanes, row(3), row(5));
      pair(3, lanes, sum(1, 5), sum(3, 7));
      dot(pairs[0], 4433, -10704);
      f.local.set(t2);
      dot(pairs[0], 10703, 4433);
      f.local.set(t3);
      for (const [held, sign] of [[t0, 1], [t1, -1]] as const) {
        sum(0, 4, sign)();
        if (half === 0) f.i32x4.extend_low_i16x8_s();
        else f.i32x4.extend_high_i16x8_s();
        f.i32.const(13);
        f.i32x4.shl();
        f.i32x4.const(round);
        f.i32x4.add();
        f.local.set(held);
      }
      // The last two numbers are the shared rotation's, z5 and z4.
      const odd = [[o0, 1, 4926, -7373, 6437, 9633], [o3, 1, -7373, -4927, 9633, -6436]] as const;
      for (const [held, at, a, b, c, d] of odd) {
        dot(pairs[at], a, b);
        dot(pairs[3], c, d);
        f.i32x4.add();
        f.local.set(held);
      }
      for (const [held, a, b, c, d] of [[o1, 4177, -20995, 9633, -6436], [o2, -20995, -4176, 6437, 9633]] as const) {
        dot(pairs[2], a, b);
        dot(pairs[3], c, d);
        f.i32x4.add();
        f.local.set(held);
      }
      const ends = [[t0, t3, 1, o0], [t1, t2, 1, o1], [t1, t2, -1, o2], [t0, t3, -1, o3]] as const;
      ends.forEach(([a, b, sign, odd], i) => {
        for (const [at, outer] of [[i, 1], [7 - i, -1]] as const) {
          f.local.get(a);
          f.local.get(b);
          if (sign > 0) f.i32x4.add();
          else f.i32x4.sub();
          f.local.get(odd);
          if (outer > 0) f.i32x4.add();
          else f.i32x4.sub();
          f.i32.const(shift);
          f.i32x4.shr_s();
          if (half === 0) f.local.set(lower[at]);
          else {
            f.local.set(pairs[4]);
            f.local.get(lower[at]);
            f.local.get(pairs[4]);
            f.i16x8.narrow_i32x4_s();
            f.local.set(to[at]);
          }
        }
      });
    });
  };
}

/** Rows of eight numbers of 16 bits become columns; `spare` is overwritten. The result is in `rows`. */
function transpose(f: Emitter, rows: readonly Vector[], spare: readonly Vector[]): void {
  // Three times row i and row i + 4 by turns: each round puts one bit of the row's number below those of the column's.
  let [from, to] = [rows, spare];
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 4; i++) {
      for (const [at, lanes] of [[2 * i, LOW], [2 * i + 1, HIGH]] as const) {
        f.local.get(from[i]);
        f.local.get(from[i + 4]);
        f.i8x16.shuffle(lanes);
        f.local.set(to[at]);
      }
    }
    [from, to] = [to, from];
  }
  // An odd number of rounds ends in the other ones.
  rows.forEach((row, i) => {
    f.local.get(spare[i]);
    f.local.set(row);
  });
}
