/**
 * Fully connected layers: y[n,o] = activation(bias[o] + sum over i of weight[o,i] * x[n,i]), the sum in the order of i. The images of a
 * batch are what pixels of a row are to convolution (convolution/row.ts). All of them are computed for one panel of 16 outputs before the
 * next panel is read, and of a long panel for one block of inputs, so the weights come from memory once.
 */
import { activationName } from "../shared/activation.ts";
import type { Activation } from "../shared/activation.ts";
import { noEpilogue } from "../convolution/epilogue.ts";
import type { ConvParams } from "../convolution/params.ts";
import { emitRow } from "../convolution/row.ts";
import type { RowFunc } from "../convolution/row-kernel.ts";
import type { VectorArithmetic } from "../shared/arithmetic.ts";
import { layoutName } from "../shared/kernel.ts";
import type { Kernel } from "../shared/kernel.ts";
import { imageBytes } from "../shared/layout.ts";
import type { Layout } from "../shared/layout.ts";
import { offset } from "../shared/addresses.ts";
import { repeat, wholeOrRest } from "../shared/loops.ts";
import { PANEL, tilePixels } from "../convolution/tiles.ts";

/** Inputs that are gone through for all images before the next: their weights in a panel (16 KB) stay in the first cache. */
const BLOCK = 256;

export interface LinearOptions extends Partial<Pick<VectorArithmetic, "fma">> {
  readonly batch: number;
  readonly activation?: Activation | undefined;
}

/** A run of inputs: how many, how often one after the other; the sums of all but the first begin with what is in the output. */
interface Run {
  readonly inputs: number;
  readonly times: number;
  readonly first: boolean;
  readonly last: boolean;
}

/** Between runs the sums wait in the output, which changes no bit of them. */
function runsOf(inputs: number, batch: number, tile: number): Run[] {
  if (batch <= tile || inputs <= BLOCK) return [{ inputs, times: 1, first: true, last: true }];
  const between = Math.ceil(inputs / BLOCK) - 2;
  return [
    { inputs: BLOCK, times: 1, first: true, last: false },
    { inputs: BLOCK, times: between, first: false, last: false },
    { inputs: inputs - BLOCK * (between + 1), times: 1, first: false, last: true },
  ].filter(({ times }) => times > 0);
}

/** A linear layer as convolution: with a kernel as large as its image. Weights are packed for it (convolution/panels.ts). */
export function linearParams(input: Layout, outFeatures: number): ConvParams {
  const { height, width } = input;
  return {
    input, output: { channels: outFeatures, height: 1, width: 1, halo: 0 }, kernel: [height, width], stride: [1, 1], padding: [0, 0],
    dilation: [1, 1], groups: 1,
    epilogue: noEpilogue, fma: false,
  };
}

/**
 * The function's arguments: y, x, packed weights, begin, end; y and x are the first images', parts are panels of 16 outputs. The
 * input is one run of numbers: one pixel, or an image without halo.
 *
 * @throws RangeError where the input has a halo between its pixels, or the output is no single pixel
 */
export function linearKernel(output: Layout, input: Layout, { batch, activation, fma = false }: LinearOptions): Kernel {
  const extra = `${fma ? "_fma" : ""}${activation === undefined ? "" : `__${activationName(activation)}`}`;
  const name = `f32_linear_n${batch}_${layoutName(output)}_${layoutName(input)}${extra}`;
  const inFeatures = input.channels * input.height * input.width;
  const outFeatures = output.channels;
  if (output.height !== 1 || output.width !== 1) {
    throw new RangeError(`${name}: the output wants one pixel, got ${output.height}x${output.width}`);
  }
  if (input.halo > 0 && inFeatures !== input.channels) {
    throw new RangeError(`${name}: an input of ${input.height}x${input.width} wants no halo, got ${input.halo}`);
  }
  const whole = Math.floor(outFeatures / PANEL);
  const rest = outFeatures % PANEL;
  const panelBytes = 4 * PANEL * (inFeatures + 1);
  const params = { y: "i32", x: "i32", w: "i32", begin: "i32", end: "i32" } as const;
  const emit: Kernel["emit"] = (m) => {
    const rowsOf = (columns: number, valid: number): (readonly [Run, RowFunc])[] => {
      const pixels = tilePixels(columns, { fma });
      return runsOf(inFeatures, batch, pixels).map((run, i) => [run, emitRow(m, {
        name: `${name}_row${valid}_${i}`, pixels, columns, valid, width: batch, segments: [], run: run.inputs,
        begin: run.first ? "bias" : "output",
        inPixel: imageBytes(input), outPixel: imageBytes(output), residualPixel: 0,
        epilogue: { gate: false, residual: undefined, activation: run.last ? activation : undefined }, fma,
      })]);
    };
    const [one, last] = [whole > 0 ? PANEL : 0, rest]
      .map((valid) => (valid > 0 ? { valid, rows: rowsOf(4 * Math.ceil(valid / 4), valid) } : undefined));
    return m.func(name, { params, export: true }, (f, { y, x, w, begin, end }) => {
      const { local, i32 } = f;
      const at = local.i32("at");
      const panel = ({ valid, rows }: { valid: number; rows: ReturnType<typeof rowsOf> }): void => {
        local.get(x);
        local.set(at);
        for (const [{ inputs, times, first }, row] of rows) repeat(f, times, () => {
          for (const argument of [at, w, y, y, y]) local.get(argument);
          i32.const(batch);
          f.call(row);
          local.increase(at, 4 * inputs);
          local.increase(w, 16 * Math.ceil(valid / 4) * (inputs + (first ? 1 : 0)));
        });
        local.increase(y, 4 * valid);
      };
      offset(f, w, w, begin, panelBytes);
      offset(f, y, y, begin, 4 * PANEL);
      f.while(
        () => {
          local.get(begin);
          local.get(end);
          i32.lt_u();
        },
        () => {
          wholeOrRest(f, begin, whole, one, last, panel);
          local.increase(begin, 1);
        },
      );
    });
  };
  return { name, parts: whole + (rest > 0 ? 1 : 0), emit };
}
