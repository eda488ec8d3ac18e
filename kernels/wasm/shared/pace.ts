/**
 * Holds a loop of products and sums back to the pace of the units that compute them. A processor that waits for nothing reads hundreds of
 * instructions ahead. Its queues then fill with work for one unit while other units have nothing to do. So each pass multiplies the address
 * that the next pass reads from by 1. With the addition after it this takes 4 cycles: as long as 8 products and 8 sums on two units each.
 * Compilers do not know that the factor is 1.
 *
 * It helps some processors and harms others (docs/kernels.md, rung 4), and no bit depends on it: so a module has it only where a
 * measurement says so (probe/pace.ts).
 */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";

/** Emits what holds `pointer` back, where a pass of so many products (of vectors) ends. */
export type PaceMaker = (pointer: Local<"i32">, products: number) => void;

/** Emits what a function needs for it. @param address any address: it is even */
export type Pace = (f: FunctionBuilder, address: Local<"i32">) => PaceMaker;

/** Of fewer vectors of products a pass is over before the multiplication is. */
const LEAST_PRODUCTS = 8;

export const pace: Pace = (f, address) => {
  const { local, i32 } = f;
  const one = local.i32("one");
  local.get(address);
  i32.const(1);
  i32.and();
  i32.const(1);
  i32.add();
  local.set(one);
  return (pointer, products) => {
    if (products < LEAST_PRODUCTS) return;
    local.get(pointer);
    local.get(one);
    i32.mul();
    local.set(pointer);
  };
};
