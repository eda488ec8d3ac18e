/**
 * Winograd's method (convolution/winograd) in training: 3x3 convolutions with stride 1, forward, and their gradient by the input, which is
 * such a convolution of dy with the weights turned round. A batch is computed image by image; the weights, where they are few, are
 * transformed once after each update, else in the run.
 *
 * Sums come in another order than direct ones, and in fewer products, so sessions with exact numerics do without.
 */
import { packedConvSize, convPanels } from "../../convolution/panels.ts";
import { noEpilogue } from "../../convolution/epilogue.ts";
import type { ConvParams } from "../../convolution/params.ts";
import { PANEL, winogradBlock, winogradPays } from "../../convolution/tiles.ts";
import { packedWinogradSize } from "../../convolution/winograd/panels.ts";
import { PLACES } from "../../convolution/winograd/tile.ts";
import { emitWeightTransform } from "../../convolution/winograd/weights.ts";
import type { WeightFunc } from "../../convolution/winograd/weights.ts";
import { emitWinograd, isWinograd, roomOf, winogradKernel } from "../../convolution/winograd/winograd.ts";
import type { Kernel } from "../../shared/kernel.ts";
import { imageBytes } from "../../shared/layout.ts";
import { atMost, offset } from "../../shared/addresses.ts";
import { range, wholeOrRest } from "../../shared/loops.ts";
import { phases } from "./phases.ts";
import type { ConvGradientParams } from "./phases.ts";

/** Parts of a batch, at most, each with working memory of its own: threads share them. */
const PARTS = 8;

export interface BatchWinograd {
  /** The function's arguments: y, x, w, residual, scratch, begin, end; the residual is read where the convolution has one. */
  readonly kernel: Kernel;
  /** Floats of working memory, of all parts. */
  readonly scratch: number;
  /** From the weights of direct convolution to those that the kernel reads, so many floats; undefined where it reads direct ones. */
  readonly transform: Kernel | undefined;
  readonly packedSize: number;
}

/** Is a convolution one for Winograd's method, and faster so? Its gradient by the weights is then, too. */
export function isForWinograd(params: ConvParams): boolean {
  return isWinograd(params) && winogradPays(params);
}

/** A convolution of a whole batch. @throws RangeError where it is none of 3x3 with stride 1, or sizes do not belong together */
export function batchWinograd(params: ConvParams, batch: number): BatchWinograd {
  const { input, output, epilogue: { residual } } = params;
  const block = winogradBlock(params);
  const one = winogradKernel(params, block);
  const images = Math.ceil(batch / PARTS);
  const parts = Math.ceil(batch / images);
  const room = roomOf(params, block).end;
  const name = `${one.name}_n${batch}`;
  const emit: Kernel["emit"] = (m) => {
    const image = emitWinograd(m, `${name}_image`, params, block, false);
    const given = { y: "i32", x: "i32", w: "i32", residual: "i32", scratch: "i32", begin: "i32", end: "i32" } as const;
    return m.func(name, { params: given, export: true }, (f, p) => {
      const { local, i32 } = f;
      const [index, last, x, y, added, work] =
        "index last x_image y_image residual_image work".split(" ").map((each) => local.i32(each));
      range(f, p.begin, p.end, () => {
        offset(f, work, p.scratch, p.begin, room);
        local.get(p.begin);
        i32.const(images);
        i32.mul();
        local.tee(index);
        i32.const(images);
        i32.add();
        local.set(last);
        atMost(f, last, batch);
        range(f, index, last, () => {
          offset(f, x, p.x, index, imageBytes(input));
          offset(f, y, p.y, index, imageBytes(output));
          offset(f, added, p.residual, index, residual === undefined ? 0 : imageBytes(residual));
          for (const argument of [x, p.w, y, added, added]) local.get(argument);
          for (const number of [0, output.height, 0, one.panels]) i32.const(number);
          local.get(work);
          f.call(image);
        });
      });
    });
  };
  const transformed = one.transformed;
  return {
    kernel: { name, parts, emit }, scratch: parts * room / 4, transform: transformed ? transformKernel(params) : undefined,
    packedSize: (transformed ? packedWinogradSize : packedConvSize)(params),
  };
}

/** The function's arguments: transformed, weights as convolution/panels.ts has them, begin panel, end panel. */
function transformKernel(params: ConvParams): Kernel {
  const { full, rest, restColumns, inPerGroup, count } = convPanels(params);
  const name = `f32_winograd_weights_${params.fma ? "fma_" : ""}c${params.input.channels}x${params.output.channels}`;
  const emit: Kernel["emit"] = (m) => {
    const of = (columns: number): { readonly columns: number; readonly func: WeightFunc } => {
      const pitch = 4 * columns * inPerGroup;
      const func = emitWeightTransform(m, {
        name: `${name}_${columns}`, columns, inputs: inPerGroup, tapPitch: pitch, placePitch: pitch, wide: params.wide,
        fma: params.fma,
      });
      return { columns, func };
    };
    const whole = full > 0 ? of(PANEL) : undefined;
    const last = rest === 0 ? undefined : whole !== undefined && restColumns === PANEL ? whole : of(restColumns);
    const given = { to: "i32", from: "i32", begin: "i32", end: "i32" } as const;
    return m.func(name, { params: given, export: true }, (f, p) => {
      const { local } = f;
      const [w, u] = ["weights", "transformed"].map((each) => local.i32(each));
      range(f, p.begin, p.end, () => {
        offset(f, w, p.from, p.begin, 4 * PANEL * (9 * inPerGroup + 1));
        offset(f, u, p.to, p.begin, 4 * PANEL * (PLACES * inPerGroup + 1));
        wholeOrRest(f, p.begin, full, whole, last, ({ columns, func }) => {
          // The biases.
          for (let j = 0; j < columns; j += 4) {
            local.get(u);
            local.get(w);
            f.v128.load(4 * j, 4);
            f.v128.store(4 * j, 4);
          }
          local.increase(w, 4 * columns);
          local.increase(u, 4 * columns);
          local.get(w);
          local.get(u);
          f.call(func);
        });
      });
    });
  };
  return { name, parts: count, emit };
}

/**
 * The gradient by the input as a convolution of dy; undefined where it is none of these. The weights are packed for it by
 * packGradientKernel.
 * @param accumulate is it added to what is there?
 */
export function dataConvolution(params: ConvGradientParams, accumulate: boolean): ConvParams | undefined {
  const { input, output, kernel, stride, dilation, groups, fma, wide } = params;
  if ([...kernel].some((size) => size !== 3) || [...stride, ...dilation, groups].some((size) => size !== 1)) return undefined;
  const [[rows], [columns]] = [phases(params, 0), phases(params, 1)];
  const padding = [-rows.start, -columns.start] as const;
  // From the first to the last row of dx: as many rows of dy, and those above and below.
  const paddingEnd = [input.height + 2 - output.height - padding[0], input.width + 2 - output.width - padding[1]] as const;
  if (Math.min(...padding, ...paddingEnd) < 0) return undefined;
  return {
    input: output, output: input, kernel: [3, 3], stride: [1, 1], padding, paddingEnd, dilation: [1, 1], groups: 1, fma, wide,
    epilogue: accumulate ? { ...noEpilogue, residual: input } : noEpilogue,
  };
}
