/**
 * Vectors at the end of the channels, where fewer than four numbers are left: what lies behind them belongs to somebody else, so it is
 * neither read (it may lie outside the memory) nor written.
 */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";

/** Leaves `count` (1 to 4) floats from `address` + `offset` bytes on; the other lanes are 0. */
export function loadLanes(f: FunctionBuilder, address: Local<"i32">, offset: number, count: number): void {
  const { local, v128 } = f;
  if (count === 3) {
    // The operands of a lane's load: first the address, then the vector.
    local.get(address);
    local.get(address);
    v128.load64_zero(offset, 4);
    v128.load32_lane(2, offset + 8);
    return;
  }
  local.get(address);
  if (count === 4) v128.load(offset, 4);
  else if (count === 2) v128.load64_zero(offset, 4);
  else v128.load32_zero(offset);
}

/** Stores the first `count` (1 to 4) lanes of `value` at `address` + `offset` bytes. */
export function storeLanes(f: FunctionBuilder, address: Local<"i32">, value: Local<"v128">, offset: number, count: number): void {
  const { local, v128 } = f;
  local.get(address);
  local.get(value);
  if (count === 4) {
    v128.store(offset, 4);
    return;
  }
  if (count === 1) {
    v128.store32_lane(0, offset);
    return;
  }
  v128.store64_lane(0, offset, 4);
  if (count === 3) {
    local.get(address);
    local.get(value);
    v128.store32_lane(2, offset + 8);
  }
}
