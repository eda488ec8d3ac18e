/** Address arithmetic and loops that the kernels of training share. */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";

type I32 = Local<"i32">;

/** to = from + by * factor */
export function offset(f: FunctionBuilder, to: I32, from: I32, by: I32, factor: number): void {
  const { local, i32 } = f;
  local.get(from);
  if (factor !== 0) {
    local.get(by);
    i32.const(factor);
    i32.mul();
    i32.add();
  }
  local.set(to);
}

/** to = value, from a number or another local. */
export function assign(f: FunctionBuilder, to: I32, value: I32 | number): void {
  if (typeof value === "number") f.i32.const(value);
  else f.local.get(value);
  f.local.set(to);
}

/** quotient = value / divisor and rest = value % divisor, of whole numbers that are not negative. */
export function divide(f: FunctionBuilder, quotient: I32, rest: I32, value: I32, divisor: number): void {
  const { local, i32 } = f;
  if (divisor === 1) {
    assign(f, quotient, value);
    return assign(f, rest, 0);
  }
  local.get(value);
  local.get(value);
  i32.const(divisor);
  i32.div_u();
  local.tee(quotient);
  i32.const(divisor);
  i32.mul();
  i32.sub();
  local.set(rest);
}

/** to = min(limit, whole - begun), where both are not negative: how much the next block has. */
export function blockSize(f: FunctionBuilder, to: I32, limit: number, whole: number, begun: I32): void {
  const { local, i32 } = f;
  i32.const(whole);
  local.get(begun);
  i32.sub();
  local.set(to);
  i32.const(limit);
  local.get(to);
  i32.const(limit);
  local.get(to);
  i32.lt_s();
  f.select();
  local.set(to);
}

/** Emits `body` for index = index ... end - 1; none where that is empty. */
export function range(f: FunctionBuilder, index: I32, end: I32 | number, body: () => void): void {
  f.while(
    () => {
      f.local.get(index);
      if (typeof end === "number") f.i32.const(end);
      else f.local.get(end);
      f.i32.lt_s();
    },
    () => {
      body();
      f.local.increase(index, 1);
    },
  );
}

/** Emits `body` for index = first, first + step, ... below `end`, all known now; at least once. */
export function steps(f: FunctionBuilder, index: I32, first: number, end: number, step: number, body: () => void): void {
  assign(f, index, first);
  if (first + step >= end) return body();
  f.doWhile(() => {
    body();
    f.local.increase(index, step);
    f.local.get(index);
    f.i32.const(end);
    f.i32.lt_s();
  });
}
