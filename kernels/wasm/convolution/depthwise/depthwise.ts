/**
 * Depthwise convolution (as many groups as channels, in and out) as a WebAssembly function for one layer. It is called like the kernels of
 * convolution/direct.ts and promises the same; its panels are 4 channels wide, and the order of a sum is (kernel row, kernel column).
 */
import { checkConv, convName, convPitches } from "../params.ts";
import type { ConvParams } from "../params.ts";
import { convFunctionParams } from "../direct.ts";
import type { ConvFunc, ConvKernel } from "../direct.ts";
import { depthwisePanels } from "./panels.ts";
import { emitDepthwiseRow } from "./row.ts";
import { pixelBytes, rowBytes } from "../../shared/layout.ts";
import { offset } from "../../shared/addresses.ts";
import type { ModuleBuilder } from "../../assembler/module-builder.ts";
import { depthwiseTile } from "../tiles.ts";

export function isDepthwise({ input, output, groups }: ConvParams): boolean {
  return groups === input.channels && groups === output.channels;
}

/** @throws RangeError where the sizes do not belong together, or the convolution is not depthwise */
export function depthwiseKernel(params: ConvParams): ConvKernel {
  checkConv("depthwiseKernel", params);
  if (!isDepthwise(params)) throw new RangeError(`depthwiseKernel: wants as many groups as channels in and out, got ${convName(params)}`);
  const { pixels, unrolled } = depthwiseTile(params);
  const name = `f32_dwconv_${pixels}x4${unrolled ? "u" : ""}_${convName(params)}`;
  return { name, panels: depthwisePanels(params), emit: (m) => emitDepthwise(m, name, params) };
}

function emitDepthwise(m: ModuleBuilder, name: string, params: ConvParams): ConvFunc {
  const { input, output, kernel, stride, dilation, epilogue, fma } = params;
  const { channels } = output;
  const pitches = convPitches(params);
  const panelBytes = 16 * (kernel[0] * kernel[1] + 1);
  const row = emitDepthwiseRow(m, {
    name: `${name}_row`, ...depthwiseTile(params), width: output.width, lastLanes: channels % 4 === 0 ? 4 : channels % 4,
    kernel, stride: stride[1], dilation: dilation[1], inRow: dilation[0] * rowBytes(input),
    inChannelPitch: pixelBytes(input), outPixel: pitches.outPixel, epilogue, fma,
  });
  return m.func(name, { params: convFunctionParams, export: true }, (f, p) => {
    const { local, i32 } = f;
    const [end, last] = [local.i32("end"), local.i32("last")];
    const advance = (to: typeof end, by: typeof end, factor: number): void => offset(f, to, to, by, factor);
    const less = (a: typeof end, b: typeof end): void => {
      local.get(a);
      local.get(b);
      i32.lt_s();
    };
    // end = w + panelBytes * min(panelEnd, whole panels); last: does the part have the panel after these?
    local.get(p.w);
    local.set(end);
    local.get(p.panelEnd);
    i32.const(Math.floor(channels / 4));
    i32.gt_s();
    local.set(last);
    advance(end, p.panelEnd, panelBytes);
    advance(end, last, -panelBytes);
    local.increase(p.x, pitches.start);
    const images = [
      [p.x, pitches.inRow], [p.y, pitches.outRow], ...(epilogue.residual === undefined ? [] : [[p.residual, pitches.residualRow] as const]),
    ] as const;
    for (const [image, pitch] of images) {
      advance(image, p.rowBegin, pitch);
      advance(image, p.panelBegin, 16);
    }
    if (epilogue.gate) advance(p.gate, p.panelBegin, 16);
    advance(p.w, p.panelBegin, panelBytes);
    less(p.panelBegin, p.panelEnd);
    f.if(() => {
      f.while(() => less(p.rowBegin, p.rowEnd), () => {
        for (const argument of [p.x, p.w, p.y, p.residual, p.gate, end, last]) local.get(argument);
        f.call(row);
        for (const [image, pitch] of images) local.increase(image, pitch);
        local.increase(p.rowBegin, 1);
      });
    });
  });
}
