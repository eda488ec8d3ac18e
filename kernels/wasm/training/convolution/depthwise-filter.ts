/**
 * Gradient of a depthwise convolution by its weights: dweight[c][kh][kw] += sum over images and pixels of dy * x. For some channels and one
 * row of the kernel, its columns' sums are in registers over a block of pixels; the sums of blocks are added up in `scratch`, and in the
 * end added to dweight. The order of a sum: pixels of a block left to right, row by row; then blocks, image by image. Parts are panels of
 * channels.
 */
import type { Func, Local } from "../../assembler/handles.ts";
import type { FunctionBuilder } from "../../assembler/function-builder.ts";
import type { Kernel } from "../../shared/kernel.ts";
import { loadLanes } from "../../shared/lanes.ts";
import { imageBytes, paddedBytes, pixelBytes, rowBytes, rowPitch } from "../../shared/layout.ts";
import { repeat } from "../../shared/loops.ts";
import type { ModuleBuilder } from "../../assembler/module-builder.ts";
import { gradientName } from "./phases.ts";
import type { ConvGradientParams } from "./phases.ts";
import { checkDepthwise } from "./depthwise-pack.ts";
import { assign, blockSize, offset } from "../../shared/addresses.ts";
import { range, rangeBy } from "../../shared/loops.ts";

type I32 = Local<"i32">;

/** Pixels of a block, about, of whole rows. */
const BLOCK_PIXELS = 224;

/** Channels of a panel: two vectors where their sums, x and dy fit into the registers. */
function panelOf(columns: number): number {
  return columns <= 3 ? 8 : 4;
}

/** Floats of scratch that the kernel wants; what is in it does not matter. */
export function depthwiseFilterScratch({ input, kernel }: ConvGradientParams): number {
  const panel = panelOf(kernel[1]);
  return Math.ceil(input.channels / panel) * panel * kernel[0] * kernel[1];
}

/**
 * The function's arguments: dweight, scratch (`depthwiseFilterScratch` floats), x, dy, begin, end. The halo of x must be zero, and at least
 * the padding.
 *
 * @throws RangeError where the sizes do not belong together
 */
export function depthwiseFilterKernel(params: ConvGradientParams): Kernel {
  const { batch, input, output, kernel, stride, padding, dilation } = params;
  const { channels } = input;
  const name = `f32_dwconv_filter_${gradientName(params)}`;
  checkDepthwise(name, params);
  const widest = Math.max(...padding, ...(params.paddingEnd ?? padding));
  if (input.halo < widest) throw new RangeError(`${name}: input halo wants at least the padding, ${widest}, got ${input.halo}`);
  const panel = panelOf(kernel[1]);
  const taps = kernel[0] * kernel[1];
  const parts = Math.ceil(channels / panel);
  const rest = channels % panel;
  const blockRows = Math.min(output.height, Math.max(1, Math.floor(BLOCK_PIXELS / output.width)));
  const given = { dweight: "i32", scratch: "i32", x: "i32", dy: "i32", begin: "i32", end: "i32" } as const;
  const emit: Kernel["emit"] = (m) => {
    const full = channels >= panel ? emitPanel(m, name, params, panel) : undefined;
    const last = rest > 0 ? emitPanel(m, name, params, rest) : undefined;
    return m.func(name, { params: given, export: true }, (f, p) => {
      const { local, i32 } = f;
      const names = ["part", "image", "row", "count", "block_x", "block_dy", "panel_x", "panel_dy", "sums", "weights"];
      const [part, image, row, count, blockX, blockDy, x, dy, sums, weights] = names.map((each) => local.i32(each));
      const either = (body: (func: Func, valid: number) => void): void => {
        if (full === undefined || last === undefined) {
          if (full !== undefined) body(full, panel);
          if (last !== undefined) body(last, rest);
          return;
        }
        local.get(part);
        i32.const(parts - 1);
        i32.ne();
        f.if(() => body(full, panel), () => body(last, rest));
      };
      // All sums of these parts begin with 0.
      offset(f, sums, p.scratch, p.begin, 4 * panel * taps);
      local.get(sums);
      i32.const(0);
      local.get(p.end);
      local.get(p.begin);
      i32.sub();
      i32.const(4 * panel * taps);
      i32.mul();
      f.memory.fill();
      rangeBy(f, image, 0, batch, 1, () => {
        offset(f, blockX, p.x, image, imageBytes(input));
        local.increase(blockX, paddedBytes(input, padding[0], padding[1]));
        offset(f, blockDy, p.dy, image, imageBytes(output));
        rangeBy(f, row, 0, output.height, blockRows, () => {
          blockSize(f, count, blockRows, output.height, row);
          assign(f, part, p.begin);
          range(f, part, p.end, () => {
            offset(f, x, blockX, part, 4 * panel);
            offset(f, dy, blockDy, part, 4 * panel);
            offset(f, sums, p.scratch, part, 4 * panel * taps);
            either((func) => repeat(f, kernel[0], () => {
              for (const argument of [x, dy, sums, count]) local.get(argument);
              f.call(func);
              local.increase(x, dilation[0] * rowBytes(input));
              local.increase(sums, 4 * panel * kernel[1]);
            }));
          });
          local.increase(blockX, blockRows * stride[0] * rowBytes(input));
          local.increase(blockDy, blockRows * rowBytes(output));
        });
      });
      assign(f, part, p.begin);
      range(f, part, p.end, () => {
        offset(f, sums, p.scratch, part, 4 * panel * taps);
        offset(f, weights, p.dweight, part, 4 * panel * taps);
        either((_, valid) => repeat(f, taps, () => {
          for (let c = 0; c < valid; c++) {
            local.get(weights);
            local.get(weights);
            f.f32.load(4 * c * taps);
            local.get(sums);
            f.f32.load(4 * c);
            f.f32.add();
            f.f32.store(4 * c * taps);
          }
          local.increase(weights, 4);
          local.increase(sums, 4 * panel);
        }));
      });
    });
  };
  return { name, parts, emit };
}

/**
 * A function (x, dy, sums, rows): sums[column][channel] += sum over the pixels of these rows of dy * x under each of the kernel's columns.
 */
function emitPanel(
  m: ModuleBuilder, name: string, { input, output, kernel, stride, dilation, fma }: ConvGradientParams, valid: number,
): Func {
  const panel = panelOf(kernel[1]);
  const vectors = Math.ceil(valid / 4);
  return m.func(`${name}_panel${valid}`, {
    params: { x: "i32", dy: "i32", sums: "i32", rows: "i32" },
  }, (f: FunctionBuilder, { x, dy, sums, rows }) => {
    const { local, f32x4, v128 } = f;
    // As many columns at a time as registers allow.
    for (let first = 0; first < kernel[1]; first += 6) {
      const columns = Math.min(6, kernel[1] - first);
      const totals = local.array("v128", `sum${first}_`, columns * vectors);
      const gradients = local.array("v128", `dy${first}_`, vectors);
      const [left, atX, atDy] = [local.i32("rows_left"), local.i32("at_x"), local.i32("at_dy")];
      assign(f, left, rows);
      assign(f, atX, x);
      assign(f, atDy, dy);
      f.countDown(left, () => {
        pixels(f, output.width, () => {
          for (let j = 0; j < vectors; j++) {
            loadLanes(f, atDy, 16 * j, Math.min(4, valid - 4 * j));
            local.set(gradients[j]);
          }
          for (let i = 0; i < columns; i++) {
            for (let j = 0; j < vectors; j++) {
              const total = totals[i * vectors + j];
              if (!fma) local.get(total);
              local.get(gradients[j]);
              loadLanes(f, atX, 4 * (first + i) * dilation[1] * input.channels + 16 * j, Math.min(4, valid - 4 * j));
              if (fma) {
                local.get(total);
                f32x4.relaxed_madd();
              } else {
                f32x4.mul();
                f32x4.add();
              }
              local.set(total);
            }
          }
          local.increase(atX, stride[1] * pixelBytes(input));
          local.increase(atDy, pixelBytes(output));
        });
        local.increase(atX, 4 * (stride[0] * rowPitch(input) - output.width * stride[1] * input.channels));
        local.increase(atDy, 4 * (rowPitch(output) - output.width * output.channels));
      });
      for (let i = 0; i < columns; i++) {
        for (let j = 0; j < vectors; j++) {
          const at = 4 * panel * (first + i) + 16 * j;
          local.get(sums);
          local.get(sums);
          v128.load(at, 4);
          local.get(totals[i * vectors + j]);
          f32x4.add();
          v128.store(at, 4);
        }
      }
    }
  });
}

function pixels(f: FunctionBuilder, count: number, body: () => void): void {
  const left: I32 = f.local.i32("pixels_left");
  assign(f, left, count);
  f.countDown(left, body);
}
