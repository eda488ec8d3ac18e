/**
 * Depthwise convolution of bytes, 16 channels of a pixel at a time. A product of a byte of 0 to 127 and a weight fits 15 bits, so those of
 * two places are added in lanes of 16 bits, and then widened: no relaxed instruction is needed, and every engine is as fast.
 */
import type { Func } from "../assembler/handles.ts";
import type { ModuleBuilder } from "../assembler/module-builder.ts";
import { paddedBytes, pixelBytes, rowBytes } from "../shared/layout.ts";
import type { Layout } from "../shared/layout.ts";
import { repeat } from "../shared/loops.ts";
import { LANES, byteFunction, byteLayoutName } from "./bytes.ts";
import type { Vector } from "./bytes.ts";
import { emitBias, emitEpilogue, epilogueName, epilogueScratch, numbersOf } from "./epilogue.ts";
import type { ByteEpilogue } from "./epilogue.ts";
import { numbersAt, panelCount } from "./panels.ts";
import type { ByteConvKernel } from "./conv.ts";

export interface ByteDepthwiseParams {
  readonly input: Layout;
  readonly output: Layout;
  readonly residual: Layout | undefined;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly epilogue: ByteEpilogue;
}

const params = {
  y: "i32", x: "i32", w: "i32", numbers: "i32", residual: "i32", gate: "i32", rowBegin: "i32", rowEnd: "i32", panelBegin: "i32",
  panelEnd: "i32",
} as const;

/** Input and output have as many channels, padded to whole vectors. Panels are 16 channels. */
export function byteDepthwiseKernel(given: ByteDepthwiseParams): ByteConvKernel {
  const { input, output, residual, kernel, stride, padding, dilation, epilogue } = given;
  const rest = residual === undefined ? "" : `_${byteLayoutName(residual)}`;
  const name = `u7_depthwise_${byteLayoutName(input)}_to_${byteLayoutName(output)}_k${kernel.join("x")}s${stride.join("x")}` +
    `p${padding.join("x")}d${dilation.join("x")}_${epilogueName(epilogue)}${rest}`;
  return { name, rows: output.height, panels: panelCount(output.channels), scratch: 0, emit: (m) => emitDepthwise(m, name, given) };
}

function emitDepthwise(m: ModuleBuilder, name: string, given: ByteDepthwiseParams): Func {
  const { input, output, residual, kernel, stride, padding, dilation, epilogue } = given;
  const pitch = pixelBytes(input);
  const places = Array.from({ length: kernel[0] * kernel[1] }, (_, place) => {
    const [row, column] = [Math.floor(place / kernel[1]), place % kernel[1]];
    return row * dilation[0] * rowBytes(input) + column * dilation[1] * pitch;
  });
  return byteFunction(m, name, params, (f, p) => {
    const { local, i32, v128, i16x8, i32x4 } = f;
    const [line, x, y, w, numbers, gate, rest] =
      ["line", "x_at", "y_at", "w_at", "numbers_at", "gate_at", "residual_at"].map((each) => local.i32(each));
    const sums = local.array("v128", "sum", 4);
    const [image, weight, low, high] = ["image", "weight", "low", "high"].map((each) => local.v128(each));
    const scratch = epilogueScratch(f);
    const product = (half: "low" | "high"): void => {
      local.get(image);
      local.get(weight);
      if (half === "low") i16x8.extmul_low_i8x16_s();
      else i16x8.extmul_high_i8x16_s();
    };
    const load = (place: number): void => {
      local.get(x);
      v128.load(places[place], 1);
      local.set(image);
      local.get(w);
      v128.load(place * pitch, 1);
      local.set(weight);
    };
    const widen = (from: Vector, first: number): void => {
      local.get(sums[first]);
      local.get(from);
      i32x4.extend_low_i16x8_s();
      i32x4.add();
      local.set(sums[first]);
      local.get(sums[first + 1]);
      local.get(from);
      i32x4.extend_high_i16x8_s();
      i32x4.add();
      local.set(sums[first + 1]);
    };
    const pixel = (): void => {
      sums.forEach((sum, part) => {
        emitBias(f, epilogue, numbers, part);
        local.set(sum);
      });
      for (let place = 0; place < places.length; place += 2) {
        load(place);
        product("low");
        local.set(low);
        product("high");
        local.set(high);
        if (place + 1 < places.length) {
          load(place + 1);
          product("low");
          local.get(low);
          i16x8.add();
          local.set(low);
          product("high");
          local.get(high);
          i16x8.add();
          local.set(high);
        }
        widen(low, 0);
        widen(high, 2);
      }
      const outPixel = pixelBytes(output);
      emitEpilogue(f, epilogue, { numbers, gate, y, residual: rest, outPixel, residualPixel: 0 }, [sums], scratch);
      local.increase(x, stride[1] * pitch);
      local.increase(y, outPixel);
      if (residual !== undefined) local.increase(rest, pixelBytes(residual));
    };
    const at = (to: typeof x, from: typeof x, bytes: number, rowBytesOf: number, more: number): void => {
      local.get(from);
      if (more !== 0) {
        i32.const(more);
        i32.add();
      }
      local.get(p.panelBegin);
      i32.const(bytes);
      i32.mul();
      i32.add();
      if (rowBytesOf !== 0) {
        local.get(line);
        i32.const(rowBytesOf);
        i32.mul();
        i32.add();
      }
      local.set(to);
    };
    const below = (index: typeof x, end: typeof x, body: () => void): void => {
      f.while(() => {
        local.get(index);
        local.get(end);
        i32.lt_s();
      }, () => {
        body();
        local.increase(index, 1);
      });
    };
    below(p.panelBegin, p.panelEnd, () => {
      local.get(p.rowBegin);
      local.set(line);
      at(w, p.w, LANES, 0, 0);
      at(numbers, p.numbers, numbersAt(numbersOf(epilogue)).end, 0, 0);
      at(gate, p.gate, 4 * LANES, 0, 0);
      below(line, p.rowEnd, () => {
        at(x, p.x, LANES, stride[0] * rowBytes(input), paddedBytes(input, padding[0], padding[1]));
        at(y, p.y, LANES, rowBytes(output), 0);
        if (residual !== undefined) at(rest, p.residual, LANES, rowBytes(residual), 0);
        repeat(f as never, output.width, pixel);
      });
    });
  });
}
