/**
 * Operations on bytes pixel by pixel, 16 channels at a time: sums, SE's scale, affine maps, tables, and float32 to bytes. All arithmetic is
 * that of kernels/reference/quantised, to the bit. The functions' arguments: y, inputs, begin, end; parts are rows.
 */
import type { Kernel } from "../shared/kernel.ts";
import { layoutName } from "../shared/kernel.ts";
import { loadLanes, storeLanes } from "../shared/lanes.ts";
import { pixelBytes, rowBytes } from "../shared/layout.ts";
import type { Layout } from "../shared/layout.ts";
import { overRows, repeat } from "../shared/loops.ts";
import { LANES, boundsName, byteFunction, byteLayoutName, emitPack, emitToWhole, emitUnpack } from "./bytes.ts";
import type { Bounds, ByteFunction, Pointer, Vector } from "./bytes.ts";

/** The rows of an image, of which the body passes over all pixels. */
function rows(pointer: Pointer, layout: Layout) {
  return { pointer, pitch: rowBytes(layout), moved: layout.width * pixelBytes(layout) };
}

/** Four vectors of float32 to 16 bytes at y. */
function store(f: ByteFunction, y: Pointer, values: readonly Vector[], bounds: Bounds, held: Vector): void {
  for (const value of values) {
    f.local.get(value);
    emitToWhole(f, bounds, held);
    f.local.set(value);
  }
  f.local.get(y);
  emitPack(f, values);
  f.v128.store(0, 1);
}

export interface AddParams extends Bounds {
  readonly multiplierA: number;
  readonly multiplierB: number;
  readonly offset: number;
}

/** y = a + b; all have as many bytes from pixel to pixel. */
export function byteAddKernel(output: Layout, a: Layout, b: Layout, by: AddParams): Kernel {
  const name = `u7_add_${[output, a, b].map(byteLayoutName).join("_")}_${by.multiplierA}_${by.multiplierB}_${by.offset}_${boundsName(by)}`;
  const vectors = (output.width * pixelBytes(output)) / LANES;
  const params = { y: "i32", a: "i32", b: "i32", begin: "i32", end: "i32" } as const;
  const emit: Kernel["emit"] = (m) => byteFunction(m, name, params, (f, p) => {
    const { local, v128, f32x4 } = f;
    const [left, right, held] = [local.array("v128", "a", 4), local.array("v128", "b", 4), local.v128("held")];
    overRows(f as never, p.begin, p.end, [rows(p.y, output), rows(p.a, a), rows(p.b, b)], () => {
      repeat(f as never, vectors, () => {
        for (const [pointer, values] of [[p.a, left], [p.b, right]] as const) {
          local.get(pointer);
          v128.load(0, 1);
          emitUnpack(f, values, held);
        }
        left.forEach((value, i) => {
          local.get(value);
          f32x4.const(by.multiplierA);
          f32x4.mul();
          local.get(right[i]);
          f32x4.const(by.multiplierB);
          f32x4.mul();
          f32x4.add();
          f32x4.const(by.offset);
          f32x4.add();
          local.set(value);
        });
        store(f, p.y, left, by, held);
        for (const pointer of [p.y, p.a, p.b]) local.increase(pointer, LANES);
      });
    });
  });
  return { name, parts: output.height, emit };
}

export interface ScaleParams extends Bounds {
  readonly zero: number;
  readonly multiplier: number;
  readonly offset: number;
}

/** y = x times the gate of its channel. Arguments: y, x, gate (float32, as many as padded channels may be read), begin, end. */
export function byteScaleKernel(output: Layout, x: Layout, by: ScaleParams): Kernel {
  const name = `u7_scale_${byteLayoutName(output)}_${byteLayoutName(x)}_${by.zero}_${by.multiplier}_${by.offset}_${boundsName(by)}`;
  return perChannel(name, output, x, by, (f, gate, offset, part, factors) => {
    const { local, f32x4 } = f;
    loadLanes(f as never, gate, offset, Math.min(4, output.channels - part));
    f32x4.const(by.multiplier);
    f32x4.mul();
    local.set(factors[0]);
  }, (f, value, [factor]) => {
    const { local, f32x4 } = f;
    local.get(value);
    f32x4.const(by.zero);
    f32x4.sub();
    local.get(factor);
    f32x4.mul();
    f32x4.const(by.offset);
    f32x4.add();
  });
}

/** y = x * multiplier[c] + offset[c]. Arguments: y, x, numbers (multipliers of all padded channels, then offsets), begin, end. */
export function byteAffineKernel(output: Layout, x: Layout, by: Bounds): Kernel {
  const name = `u7_affine_${byteLayoutName(output)}_${byteLayoutName(x)}_${boundsName(by)}`;
  return perChannel(name, output, x, by, (f, numbers, offset, _part, factors) => {
    factors.forEach((factor, which) => {
      f.local.get(numbers);
      f.v128.load(offset + which * 4 * pixelBytes(output), 4);
      f.local.set(factor);
    });
  }, (f, value, [factor, offset]) => {
    f.local.get(value);
    f.local.get(factor);
    f.f32x4.mul();
    f.local.get(offset);
    f.f32x4.add();
  });
}

/**
 * Row by row, 16 channels of all pixels at a time, so that what belongs to channels stays in registers.
 * @param prepare sets the factors of the four channels from `part` on, whose numbers stand at pointer + offset
 * @param compute leaves what becomes of a vector of values
 */
function perChannel(
  name: string, output: Layout, x: Layout, bounds: Bounds,
  prepare: (f: ByteFunction, pointer: Pointer, offset: number, part: number, factors: readonly Vector[]) => void,
  compute: (f: ByteFunction, value: Vector, factors: readonly Vector[]) => void,
): Kernel {
  const params = { y: "i32", x: "i32", numbers: "i32", begin: "i32", end: "i32" } as const;
  const [inPixel, outPixel] = [pixelBytes(x), pixelBytes(output)];
  const emit: Kernel["emit"] = (m) => byteFunction(m, name, params, (f, p) => {
    const { local, v128 } = f;
    const [values, held] = [local.array("v128", "value", 4), local.v128("held")];
    const factors = Array.from({ length: 4 }, (_, i) => local.array("v128", `factor${i}_`, 2));
    const [from, to] = [local.i32("from"), local.i32("to")];
    const streams = [{ pointer: p.y, pitch: rowBytes(output), moved: 0 }, { pointer: p.x, pitch: rowBytes(x), moved: 0 }];
    overRows(f as never, p.begin, p.end, streams, () => {
      for (let chunk = 0; chunk < outPixel; chunk += LANES) {
        for (const [pointer, at] of [[p.x, from], [p.y, to]] as const) {
          local.get(pointer);
          f.i32.const(chunk);
          f.i32.add();
          local.set(at);
        }
        // Channels that exist; the others of the vector may become anything.
        for (let part = 0; part < 4; part++) {
          const first = chunk + 4 * part;
          if (first < output.channels) prepare(f, p.numbers, 4 * first, first, factors[part]);
        }
        repeat(f as never, output.width, () => {
          local.get(from);
          v128.load(0, 1);
          emitUnpack(f, values, held);
          values.forEach((value, part) => {
            compute(f, value, factors[part]);
            local.set(value);
          });
          store(f, to, values, bounds, held);
          local.increase(from, inPixel);
          local.increase(to, outPixel);
        });
      }
    });
  });
  return { name, parts: output.height, emit };
}

/** y = table[x]. Arguments: y, x, table (128 bytes), begin, end. */
export function byteTableKernel(output: Layout, x: Layout): Kernel {
  const name = `u7_table_${byteLayoutName(output)}_${byteLayoutName(x)}`;
  const vectors = (output.width * pixelBytes(output)) / LANES;
  const params = { y: "i32", x: "i32", table: "i32", begin: "i32", end: "i32" } as const;
  const emit: Kernel["emit"] = (m) => byteFunction(m, name, params, (f, p) => {
    const { local, v128, i8x16 } = f;
    const entries = local.array("v128", "entries", 8);
    const index = local.v128("index");
    entries.forEach((part, i) => {
      local.get(p.table);
      v128.load(16 * i, 1);
      local.set(part);
    });
    overRows(f as never, p.begin, p.end, [rows(p.y, output), rows(p.x, x)], () => {
      repeat(f as never, vectors, () => {
        local.get(p.x);
        v128.load(0, 1);
        local.set(index);
        local.get(p.y);
        // An index beyond the 16 of a part gives 0.
        entries.forEach((part, i) => {
          local.get(part);
          local.get(index);
          if (i > 0) {
            i8x16.const(16 * i);
            i8x16.sub();
          }
          i8x16.swizzle();
          if (i > 0) v128.or();
        });
        v128.store(0, 1);
        for (const pointer of [p.y, p.x]) local.increase(pointer, LANES);
      });
    });
  });
  return { name, parts: output.height, emit };
}

/**
 * Float32 to bytes: y = x * factor[c] + zero. Arguments: y, x, factors (of channels padded to fours), begin, end. Pixels of y are of whole
 * vectors, or of four bytes.
 */
export function quantiseKernel(output: Layout, x: Layout, zero: number): Kernel {
  const name = `f32_quantise_${byteLayoutName(output)}_${layoutName(x)}_${zero}`;
  const params = { y: "i32", x: "i32", factors: "i32", begin: "i32", end: "i32" } as const;
  const { channels } = output;
  const emit: Kernel["emit"] = (m) => byteFunction(m, name, params, (f, p) => {
    const { local, v128, f32x4, i16x8, i8x16 } = f;
    const [value, held] = [local.v128("value"), local.v128("held")];
    overRows(f as never, p.begin, p.end, [rows(p.y, output), rows(p.x, x)], () => {
      repeat(f as never, output.width, () => {
        for (let c = 0; c < channels; c += 4) {
          loadLanes(f as never, p.x, 4 * c, Math.min(4, channels - c));
          local.get(p.factors);
          v128.load(4 * c, 4);
          f32x4.mul();
          f32x4.const(zero);
          f32x4.add();
          emitToWhole(f, { least: 0, most: 127 }, held);
          local.tee(value);
          local.get(value);
          i16x8.narrow_i32x4_s();
          local.tee(value);
          local.get(value);
          i8x16.narrow_i16x8_u();
          local.set(value);
          local.get(p.y);
          local.get(value);
          v128.store32_lane(0, c, 1);
        }
        local.increase(p.y, pixelBytes(output));
        local.increase(p.x, pixelBytes(x));
      });
    });
  });
  return { name, parts: output.height, emit };
}

/** Bytes to float32: y = scale[c] * (x - zero). Arguments: y, x, scales (of channels padded to fours), begin, end. */
export function dequantiseKernel(output: Layout, x: Layout, zero: number): Kernel {
  const name = `f32_dequantise_${layoutName(output)}_${byteLayoutName(x)}_${zero}`;
  const params = { y: "i32", x: "i32", scales: "i32", begin: "i32", end: "i32" } as const;
  const { channels } = output;
  const emit: Kernel["emit"] = (m) => byteFunction(m, name, params, (f, p) => {
    const { local, v128, f32x4, i16x8, i32x4 } = f;
    const value = local.v128("value");
    overRows(f as never, p.begin, p.end, [rows(p.y, output), rows(p.x, x)], () => {
      repeat(f as never, output.width, () => {
        for (let c = 0; c < channels; c += 4) {
          local.get(p.x);
          v128.load32_zero(c, 1);
          i16x8.extend_low_i8x16_u();
          i32x4.extend_low_i16x8_u();
          f32x4.convert_i32x4_s();
          f32x4.const(zero);
          f32x4.sub();
          local.get(p.scales);
          v128.load(4 * c, 4);
          f32x4.mul();
          local.set(value);
          storeLanes(f as never, p.y, value, 4 * c, Math.min(4, channels - c));
        }
        local.increase(p.y, pixelBytes(output));
        local.increase(p.x, pixelBytes(x));
      });
    });
  });
  return { name, parts: output.height, emit };
}
