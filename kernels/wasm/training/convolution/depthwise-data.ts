/**
 * Gradient of a depthwise convolution by its input: dx = (or, accumulating, +=), phase by phase (training/convolution/phases.ts), a
 * depthwise convolution of dy with stride 1 by the row of the forward pass (convolution/depthwise/row.ts). The order of a sum is (kernel
 * row from the last, kernel column from the last). Parts are rows of images: as many rows of dx as the stride.
 */
import { emitDepthwiseRow } from "../../convolution/depthwise/row.ts";
import type { Kernel } from "../../shared/kernel.ts";
import { imageBytes, rowBytes, rowPitch } from "../../shared/layout.ts";
import { depthwiseTile } from "../../convolution/tiles.ts";
import { gradientHalo, gradientName } from "./phases.ts";
import type { ConvGradientParams } from "./phases.ts";
import { forwardParams } from "./panels.ts";
import { checkDepthwise, depthwisePhases } from "./depthwise-pack.ts";
import { divide, offset } from "../../shared/addresses.ts";
import { range } from "../../shared/loops.ts";

/**
 * The function's arguments: dx, dy, packed weights (packDepthwiseGradientKernel), begin, end. The halo of dy must be zero and at least
 * `gradientHalo`.
 *
 * @throws RangeError where the sizes do not belong together
 */
export function depthwiseDataKernel(params: ConvGradientParams, accumulate: boolean): Kernel {
  const { batch, input, output, stride, fma } = params;
  const { channels } = input;
  const name = `f32_dwconv_data_${accumulate ? "add_" : ""}${gradientName(params)}`;
  checkDepthwise(name, params);
  const halo = gradientHalo(params);
  if (output.halo < halo) throw new RangeError(`${name}: output halo wants at least ${halo}, got ${output.halo}`);
  const all = depthwisePhases(params);
  const rows = Math.ceil(input.height / stride[0]);
  const gaps = all.length < Math.min(stride[0], input.height) * Math.min(stride[1], input.width);
  const emit: Kernel["emit"] = (m) => {
    const outPixel = 4 * stride[1] * channels;
    const funcs = all.map(({ rows: down, columns }, i) => emitDepthwiseRow(m, {
      ...depthwiseTile({ ...forwardParams(params), kernel: [down.taps, columns.taps], stride: [1, 1] }),
      name: `${name}_row${i}`, width: columns.count, lastLanes: channels % 4 === 0 ? 4 : channels % 4, kernel: [down.taps, columns.taps],
      stride: 1, dilation: columns.dilation, inRow: down.dilation * rowBytes(output), inChannelPitch: 4 * channels, outPixel,
      epilogue: { gate: false, activation: undefined, residual: accumulate ? input : undefined }, fma,
    }));
    return m.func(name, { params: { dx: "i32", dy: "i32", w: "i32", begin: "i32", end: "i32" }, export: true }, (f, p) => {
      const { local, i32 } = f;
      const [image, row, dx, dy, x, y, w, end] = ["image", "row", "dx", "dy", "x", "y", "weights", "weights_end"].map(
        (each) => local.i32(each),
      );
      const whole = Math.floor(channels / 4);
      range(f, p.begin, p.end, () => {
        divide(f, image, row, p.begin, rows);
        offset(f, dx, p.dx, image, imageBytes(input));
        offset(f, dx, dx, row, stride[0] * rowBytes(input));
        offset(f, dy, p.dy, image, imageBytes(output));
        offset(f, dy, dy, row, rowBytes(output));
        /** Emits `body` if row * stride + `first` is a row of dx. */
        const ifThere = (first: number, body: () => void): void => {
          if ((rows - 1) * stride[0] + first < input.height) return body();
          local.get(row);
          i32.const(rows - 1);
          i32.ne();
          f.if(body);
        };
        if (gaps && !accumulate) {
          for (let first = 0; first < Math.min(stride[0], input.height); first++) {
            ifThere(first, () => {
              local.get(dx);
              i32.const(first * rowBytes(input));
              i32.add();
              i32.const(0);
              i32.const(4 * input.width * channels);
              f.memory.fill();
            });
          }
        }
        all.forEach(({ rows: down, columns, start }, i) => ifThere(down.first, () => {
          const panelBytes = 16 * (down.taps * columns.taps + 1);
          offset(f, x, dy, row, 0);
          local.increase(x, 4 * (down.start * rowPitch(output) + columns.start * channels));
          offset(f, y, dx, row, 0);
          local.increase(y, 4 * (down.first * rowPitch(input) + columns.first * channels));
          offset(f, w, p.w, row, 0);
          local.increase(w, 4 * start);
          offset(f, end, w, row, 0);
          local.increase(end, panelBytes * whole);
          for (const argument of [x, w, y, y, y, end]) local.get(argument);
          i32.const(channels % 4 === 0 ? 0 : 1);
          f.call(funcs[i]);
        }));
      });
    });
  };
  return { name, parts: all.length === 0 && accumulate ? 0 : batch * rows, emit };
}
