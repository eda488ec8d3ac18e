/**
 * From sums to bytes, 16 output channels of some pixels at once: the order of operations is that of
 * kernels/reference/quantised/epilogue.ts.
 */
import { emitPack, emitToWhole } from "./bytes.ts";
import type { Bounds, ByteFunction, Pointer, Vector } from "./bytes.ts";
import { numbersAt } from "./panels.ts";
import type { NumbersShape } from "./panels.ts";

/** What is done with a sum; the numbers stand in the panel's. */
export interface ByteEpilogue extends Bounds {
  readonly gate: boolean;
  /** 0 for none. */
  readonly residualMultiplier: number;
  /** The zero point of the output, where hard swish is applied; its factors stand in the panel's numbers. */
  readonly hardSwish: { readonly zero: number } | undefined;
  /** Are all biases 0, so that the panel's numbers have none? */
  readonly noBias: boolean;
  /** That of all channels; undefined where each has its own, in the panel's numbers. */
  readonly offset: number | undefined;
}

/** What its panels have. */
export function numbersOf({ hardSwish, offset, noBias }: ByteEpilogue): NumbersShape {
  return { noBias, hardSwish: hardSwish !== undefined, sameOffset: offset !== undefined };
}

export function epilogueName({ gate, residualMultiplier, hardSwish, least, most, offset, noBias }: ByteEpilogue): string {
  const residual = residualMultiplier === 0 ? "" : `_plus${residualMultiplier}`;
  const swish = hardSwish === undefined ? "" : `_hswish${hardSwish.zero}`;
  const from = offset === undefined ? "" : `_from${offset}`;
  return `${least}to${most}${noBias ? "_unbiased" : ""}${gate ? "_gate" : ""}${from}${residual}${swish}`;
}

/** Leaves four biases, with which the sums of channels 4 * part and on begin. */
export function emitBias(f: ByteFunction, { noBias }: ByteEpilogue, numbers: Pointer, part: number): void {
  if (noBias) {
    f.i32x4.const(0);
  } else {
    f.local.get(numbers);
    f.v128.load(16 * part);
  }
}

/** Where the epilogue reads and writes. */
export interface EpiloguePlaces {
  /** The panel's numbers. */
  readonly numbers: Pointer;
  /** Four bytes a channel: the gates of the panel's channels. */
  readonly gate: Pointer;
  readonly y: Pointer;
  readonly residual: Pointer;
  /** Bytes between pixels. */
  readonly outPixel: number;
  readonly residualPixel: number;
}

/** Vectors that the epilogue writes to. */
export interface EpilogueScratch {
  readonly factor: Vector;
  readonly held: Vector;
  readonly residuals: readonly Vector[];
}

export function epilogueScratch(f: ByteFunction): EpilogueScratch {
  return { factor: f.local.v128("factor"), held: f.local.v128("held"), residuals: f.local.array("v128", "residual", 4) };
}

/** @param sums four vectors of 32-bit sums a pixel, bias included; they are written over */
export function emitEpilogue(
  f: ByteFunction, epilogue: ByteEpilogue, places: EpiloguePlaces, sums: readonly (readonly Vector[])[], scratch: EpilogueScratch,
): void {
  const { local, v128, f32x4, i32x4 } = f;
  const { numbers, gate, y, residual, outPixel, residualPixel } = places;
  const { factor, held, residuals } = scratch;
  const at = numbersAt(numbersOf(epilogue));
  for (let part = 0; part < 4; part++) {
    // k = multiplier, or multiplier * gate
    local.get(numbers);
    v128.load(at.multiplier + 16 * part);
    if (epilogue.gate) {
      local.get(gate);
      v128.load(16 * part, 4);
      f32x4.mul();
    }
    local.set(factor);
    for (const pixel of sums) {
      local.get(pixel[part]);
      f32x4.convert_i32x4_s();
      local.get(factor);
      f32x4.mul();
      local.set(pixel[part]);
    }
  }
  sums.forEach((pixel, p) => {
    if (epilogue.residualMultiplier !== 0) {
      for (const half of [0, 1]) {
        local.get(residual);
        v128.load8x8_u(p * residualPixel + 8 * half, 1);
        local.tee(residuals[0]);
        i32x4.extend_low_i16x8_u();
        local.get(residuals[0]);
        i32x4.extend_high_i16x8_u();
        f32x4.convert_i32x4_s();
        local.set(residuals[1]);
        f32x4.convert_i32x4_s();
        local.set(residuals[0]);
        for (const each of [0, 1]) {
          local.get(pixel[2 * half + each]);
          local.get(residuals[each]);
          f32x4.const(epilogue.residualMultiplier);
          f32x4.mul();
          f32x4.add();
          local.set(pixel[2 * half + each]);
        }
      }
    }
    for (let part = 0; part < 4; part++) {
      local.get(pixel[part]);
      if (epilogue.offset === undefined) {
        local.get(numbers);
        v128.load(at.offset + 16 * part);
      } else {
        f32x4.const(epilogue.offset);
      }
      f32x4.add();
      if (epilogue.hardSwish !== undefined) {
        local.tee(held);
        // t * clamp(t + 3, 0, 6) * factor + zero
        local.get(held);
        f32x4.const(3);
        f32x4.add();
        f32x4.const(0);
        f32x4.pmax();
        f32x4.const(6);
        f32x4.pmin();
        f32x4.mul();
        local.get(numbers);
        v128.load(at.factor + 16 * part);
        f32x4.mul();
        f32x4.const(epilogue.hardSwish.zero);
        f32x4.add();
      }
      emitToWhole(f, epilogue, held);
      local.set(pixel[part]);
    }
    local.get(y);
    emitPack(f, pixel);
    v128.store(p * outPixel, 1);
  });
}
