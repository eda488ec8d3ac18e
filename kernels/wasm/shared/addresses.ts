/** Address arithmetic that kernels share: on locals that hold addresses, indices and counts. */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";

type I32 = Local<"i32">;

/** to = from + bytes */
export function set(f: FunctionBuilder, to: I32, from: I32, bytes = 0): void {
  f.local.get(from);
  if (bytes !== 0) {
    f.i32.const(bytes);
    f.i32.add();
  }
  f.local.set(to);
}

/** Leaves from + bytes + factor * by. */
export function address(f: FunctionBuilder, from: I32, bytes: number, by: I32, factor: number): void {
  f.local.get(from);
  if (bytes !== 0) {
    f.i32.const(bytes);
    f.i32.add();
  }
  f.local.get(by);
  f.i32.const(factor);
  f.i32.mul();
  f.i32.add();
}

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

/** value = min(value, most) */
export function atMost(f: FunctionBuilder, value: I32, most: number): void {
  f.i32.const(most);
  f.local.get(value);
  f.i32.const(most);
  f.local.get(value);
  f.i32.lt_s();
  f.select();
  f.local.set(value);
}
