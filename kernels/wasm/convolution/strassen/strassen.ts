/**
 * Convolution as a product of matrices that is cut once by Strassen's method: pixels into those of the upper and of the lower rows, input
 * and output channels into the first and the last half; then there are seven products of a quarter's size instead of eight. (Strassen,
 * "Gaussian Elimination is not Optimal", 1969.)
 *
 * The function is called like those of winograd.ts. It computes all rows, whatever part of them it is told; its panels are 16 output
 * channels of the first half and 16 of the last. Some rows at a time: first the sums of inputs that the products take, then for each panel
 * these, by the row kernels of direct convolution, and their sums, with the epilogue.
 *
 * Errors are within 3e-6 of the largest output (test/wasm/convolution/strassen.test.ts): of the largest of both halves, for each output has
 * taken part in sums with the other half. So do NaN and infinity: they come through, and what is infinite makes NaN of the same pixel of
 * the other half too.
 */
import { activationScratch, isHeavy } from "../../shared/activation.ts";
import { checkConv, convName, convPitches } from "../params.ts";
import type { ConvParams } from "../params.ts";
import { emitRow } from "../row.ts";
import { scratchParams } from "../direct.ts";
import type { ScratchFunc, ScratchKernel } from "../direct.ts";
import type { Convolution } from "../choose.ts";
import type { Func, Local } from "../../assembler/handles.ts";
import { pixelBytes, rowBytes } from "../../shared/layout.ts";
import { address, offset, set } from "../../shared/addresses.ts";
import { repeat } from "../../shared/loops.ts";
import type { ModuleBuilder } from "../../assembler/module-builder.ts";
import { PANEL, tilePixels } from "../tiles.ts";
import { PRODUCTS, packStrassenWeights, packedStrassenSize } from "./panels.ts";
import { strassenPays, strassenRows } from "./choose.ts";
import { emitEpilogue, emitSum, inLocals, loadVectors, storeVectors, vectors } from "../vectors.ts";
import type { Multiply, Sum } from "../vectors.ts";

/**
 * Inputs of each product: of the quarters upper rows and first channels, upper and last, lower and first, lower and last; and what it adds
 * to the quarters of the output, which lie alike. With the weights of convolution/strassen/panels.ts: C11 = M1 + M4 - M5 + M7, C12 = M3 +
 * M5, C21 = M2 + M4, C22 = M1 - M2 + M3 + M6.
 */
const INPUTS: readonly Sum[] = [
  [[0, 1], [3, 1]], [[2, 1], [3, 1]], [[0, 1]], [[3, 1]], [[0, 1], [1, 1]], [[2, 1], [0, -1]], [[1, 1], [3, -1]],
];
const OUTPUTS: readonly Sum[] = [
  [[0, 1], [3, 1], [4, -1], [6, 1]], [[2, 1], [4, 1]], [[1, 1], [3, 1]], [[0, 1], [1, -1], [2, 1], [5, 1]],
];

/** Has it a kernel of this sort? */
export function isStrassen({ input, output, dilation, groups, epilogue }: ConvParams): boolean {
  const { activation, biasLast } = epilogue;
  return groups === 1 && dilation.every((size) => size === 1) && output.height % 2 === 0 &&
    input.channels % 16 === 0 && output.channels % 32 === 0 && biasLast !== true && (activation === undefined || !isHeavy(activation));
}

/** @param rows of the upper half, and as many of the lower one, at a time; a divisor of the half */
export function strassenKernel(params: ConvParams, rows: number = strassenRows(params)): ScratchKernel {
  checkConv("strassenKernel", params);
  if (!isStrassen(params)) {
    throw new RangeError(
      "strassenKernel: wants no groups, no dilation, an even height, 16 and 32 to divide the channels, and a light activation, got " +
      `${convName(params)}`,
    );
  }
  const name = `f32_strassen_${convName(params)}x${params.output.height}_b${rows}`;
  return {
    name, panels: params.output.channels / (2 * PANEL), scratch: roomOf(params, rows).end / 4,
    emit: (m) => emitStrassen(m, name, params, rows),
  };
}

interface Room {
  /** Of the inputs of a product: rows and columns, and those of the image between them. 1x1 kernels leave out what a stride passes over. */
  readonly height: number;
  readonly width: number;
  readonly stride: readonly [number, number];
  /** Bytes of a pixel of them, and of all. */
  readonly inPixel: number;
  readonly inputs: number;
  /** Bytes of a product's results for a panel. */
  readonly results: number;
  readonly end: number;
}

function roomOf({ input, output, kernel, stride }: ConvParams, rows: number): Room {
  const pixels = kernel[0] * kernel[1] === 1;
  const [height, width] = pixels ? [rows, output.width] : [(rows - 1) * stride[0] + kernel[0], (output.width - 1) * stride[1] + kernel[1]];
  const inPixel = 2 * input.channels;
  // A line of the cache between products: they are read and written side by side.
  const inputs = height * width * inPixel + 64;
  const results = 4 * rows * output.width * PANEL + 64;
  return { height, width, stride: pixels ? stride : [1, 1], inPixel, inputs, results, end: PRODUCTS * (inputs + results) };
}

/** No factor is another than 1 and -1. */
const UNIT: Multiply = { constant: () => undefined, fma: false };

const sumParams = { x: "i32", s: "i32" } as const;

/** A function (x, s) that makes the inputs of the products from some rows; x is the first of the upper ones. */
function emitSums(m: ModuleBuilder, name: string, params: ConvParams, rows: number): Func<typeof sumParams> {
  const { input, output } = params;
  const room = roomOf(params, rows);
  const half = 2 * input.channels;
  const [inRow, inPixel] = [room.stride[0] * rowBytes(input), room.stride[1] * pixelBytes(input)];
  const lower = (output.height / 2) * convPitches(params).inRow;
  return m.func(`${name}_sums`, { params: sumParams }, (f, { x, s }) => {
    const quarters = vectors(f, "quarter", 4, 2);
    const [sum] = vectors(f, "sum", 1, 2);
    repeat(f, room.height, () => {
      repeat(f, room.width, () => {
        repeat(f, half / 32, () => {
          quarters.forEach((quarter, i) => loadVectors(f, quarter, x, (i >> 1) * lower + (i & 1) * half));
          INPUTS.forEach((terms, i) => {
            emitSum(f, terms, inLocals(f, quarters), sum, UNIT);
            storeVectors(f, s, i * room.inputs, sum);
          });
          f.local.increase(x, 32);
          f.local.increase(s, 32);
        });
        f.local.increase(x, inPixel - half);
      });
      f.local.increase(x, inRow - room.width * inPixel);
    });
  });
}

const combineParams = { t: "i32", y: "i32", residual: "i32", gate: "i32", bias: "i32" } as const;

/** A function (t, y, residual, gate, bias) that makes the outputs of a panel from its products. */
function emitCombine(m: ModuleBuilder, name: string, params: ConvParams, rows: number): Func<typeof combineParams> {
  const { output, epilogue } = params;
  const pitches = convPitches(params);
  const room = roomOf(params, rows);
  const half = 2 * output.channels;
  return m.func(`${name}_combine`, { params: combineParams }, (f, p) => {
    const { local, v128 } = f;
    const [result] = vectors(f, "result", 1, 2);
    const scratch = activationScratch(f);
    /** Operands are read when they are wanted: registers are few. */
    const push = (pointer: Local<"i32">, bytes: number): void => {
      local.get(pointer);
      v128.load(bytes, 4);
    };
    repeat(f, rows, () => {
      repeat(f, output.width, () => {
        // Eight channels at once: of the four quarters, then the next.
        for (const first of [0, 32]) {
          OUTPUTS.forEach((terms, i) => {
            const lower = (i >> 1) * (output.height / 2);
            const last = i & 1;
            emitSum(f, terms, (product, lane) => push(p.t, product * room.results + first + 16 * lane), result, UNIT);
            emitEpilogue(f, epilogue, result, [
              (lane) => push(p.bias, first + 4 * PANEL * last + 16 * lane),
              (lane) => push(p.gate, first + half * last + 16 * lane),
              (lane) => push(p.residual, lower * pitches.residualRow + first + half * last + 16 * lane),
            ], scratch);
            storeVectors(f, p.y, lower * pitches.outRow + first + half * last, result);
          });
        }
        local.increase(p.t, 4 * PANEL);
        local.increase(p.y, pitches.outPixel);
        local.increase(p.residual, pitches.outPixel);
      });
      local.increase(p.y, pitches.outRow - output.width * pitches.outPixel);
      local.increase(p.residual, pitches.residualRow - output.width * pitches.outPixel);
    });
  });
}

function emitStrassen(m: ModuleBuilder, name: string, params: ConvParams, rows: number): ScratchFunc {
  const { input, output, kernel, stride, fma, wide, tall } = params;
  const pitches = convPitches(params);
  const room = roomOf(params, rows);
  const taps = kernel[0] * kernel[1];
  /** Weights of a product for a panel. */
  const weightsOf = (taps * input.channels * PANEL) / 2;
  // 1x1 kernels take all pixels as one row.
  const [lines, width] = taps === 1 ? [1, rows * output.width] : [rows, output.width];
  const sums = emitSums(m, name, params, rows);
  const combine = emitCombine(m, name, params, rows);
  const products = emitRow(m, {
    name: `${name}_row`, pixels: tilePixels(PANEL, params), columns: PANEL, valid: PANEL, width,
    segments: kernel[0] > 1 ? [{ count: kernel[0], pitch: room.width * room.inPixel }] : [], run: (kernel[1] * input.channels) / 2,
    begin: "zero", inPixel: (taps === 1 ? 1 : stride[1]) * room.inPixel, outPixel: 4 * PANEL, residualPixel: 0,
    epilogue: { gate: false, residual: undefined, activation: undefined }, fma, wide, tall,
  });
  return m.func(name, { params: scratchParams, export: true }, (f, p) => {
    const { local, i32 } = f;
    const [block, panel, weights, product, from, to, x, y, residual, results] =
      "block panel weights product from to x_block y_block residual_block results".split(" ").map((each) => local.i32(each));
    set(f, results, p.scratch, PRODUCTS * room.inputs);
    set(f, x, p.x, pitches.start);
    set(f, y, p.y);
    set(f, residual, p.residual);
    local.get(p.panelBegin);
    local.get(p.panelEnd);
    i32.ge_s();
    f.if(() => f.return());
    i32.const(output.height / 2 / rows);
    local.set(block);
    f.countDown(block, () => {
      local.get(x);
      local.get(p.scratch);
      f.call(sums);
      set(f, panel, p.panelBegin);
      f.doWhile(() => {
        offset(f, weights, p.w, panel, 8 * PANEL + 4 * PRODUCTS * weightsOf);
        i32.const(0);
        local.set(product);
        f.doWhile(() => {
          offset(f, from, p.scratch, product, room.inputs);
          offset(f, to, results, product, room.results);
          repeat(f, lines, () => {
            local.get(from);
            address(f, weights, 8 * PANEL, product, 4 * weightsOf);
            local.get(to);
            for (let i = 0; i < 3; i++) i32.const(0);
            f.call(products);
            local.increase(from, stride[0] * room.width * room.inPixel);
            local.increase(to, 4 * PANEL * output.width);
          });
          local.increase(product, 1);
          local.get(product);
          i32.const(PRODUCTS);
          i32.ne();
        });
        local.get(results);
        for (const image of [y, residual, p.gate]) address(f, image, 0, panel, 4 * PANEL);
        local.get(weights);
        f.call(combine);
        local.increase(panel, 1);
        local.get(panel);
        local.get(p.panelEnd);
        i32.ne();
      });
      local.increase(x, rows * pitches.inRow);
      local.increase(y, rows * pitches.outRow);
      local.increase(residual, rows * pitches.residualRow);
    });
  });
}

/** The convolution by Strassen's method, where it can be and pays. */
export function strassenConvolution(params: ConvParams): Convolution | undefined {
  if (!isStrassen(params) || !strassenPays(params)) return undefined;
  const kernel = strassenKernel(params);
  return {
    kernel, packedSize: packedStrassenSize(params), scratch: kernel.scratch, rowUnit: params.output.height, panels: false,
    pack: (weight, bias, packed, factors) => void packStrassenWeights(weight, bias, params, packed, factors),
  };
}
