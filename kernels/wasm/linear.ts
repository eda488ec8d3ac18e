/**
 * Fully connected layers: y[n,o] = activation(bias[o] + sum over i of weight[o,i] * x[n,i]), the sum in the order of i. All images of the
 * batch are computed for one panel of 16 outputs before the next panel is read, and of a long panel for one block of inputs, so the
 * weights come from memory once.
 */
import { activationName, activationScratch, emitActivation } from "./activation.ts";
import type { Activation } from "./activation.ts";
import type { FunctionBuilder } from "./function-builder.ts";
import type { Local } from "./handles.ts";
import { layoutName } from "./kernel.ts";
import type { Kernel } from "./kernel.ts";
import { loadLanes, storeLanes } from "./lanes.ts";
import { imagePitch } from "./layout.ts";
import type { Layout } from "./layout.ts";
import { repeat, wholeOrRest } from "./loops.ts";

/** Outputs of a panel. */
const PANEL = 16;
/** Inputs that are gone through for all images before the next: their weights in a panel (16 KB) stay in the first cache. */
const BLOCK = 256;
/** Images computed together: with 16 outputs, 8 sums, 4 weights and 2 inputs fit into the registers. */
const TILE = 2;

export interface LinearOptions {
  readonly batch: number;
  readonly activation?: Activation;
  /** Multiply and add in one instruction with one rounding (relaxed SIMD). */
  readonly fma?: boolean;
}

/** Outputs of the last panel, rounded up to whole vectors; 0 where 16 divides them all. */
function restColumns(outFeatures: number): number {
  return 4 * Math.ceil((outFeatures % PANEL) / 4);
}

/** Floats of the packed weights. */
export function packedLinearSize(outFeatures: number, inFeatures: number): number {
  return (inFeatures + 1) * (PANEL * Math.floor(outFeatures / PANEL) + restColumns(outFeatures));
}

/**
 * Weights as the kernel reads them: panels of 16 outputs, the last one of what is left, rounded up to a multiple of 4; of each panel the
 * biases, then for every input a weight for each output. What is no output is 0. (The same as convolution's for a 1x1 kernel.)
 *
 * @param weight [outFeatures, inFeatures]
 * @param bias [outFeatures], or null for none
 * @param input how x lies: the features of weight are its channels, rows and columns in this order (a flattened image)
 * @param packed where to write; new by default
 */
export function packLinearWeights(
  weight: Float32Array, bias: Float32Array | null, input: Layout, outFeatures: number,
  packed: Float32Array = new Float32Array(packedLinearSize(outFeatures, input.channels * input.height * input.width)),
): Float32Array {
  const { channels, height, width } = input;
  const pixels = height * width;
  const inFeatures = channels * pixels;
  if (weight.length !== outFeatures * inFeatures) {
    throw new RangeError(`linear: weight wants ${outFeatures} x ${inFeatures} numbers, got ${weight.length}`);
  }
  packed.fill(0);
  let panel = 0;
  for (let first = 0; first < outFeatures; first += PANEL) {
    const valid = Math.min(PANEL, outFeatures - first);
    const columns = 4 * Math.ceil(valid / 4);
    for (let j = 0; j < valid; j++) {
      if (bias !== null) packed[panel + j] = bias[first + j];
      const row = (first + j) * inFeatures;
      // In memory the channels of a pixel are neighbours; in the weights the pixels of a channel are.
      for (let c = 0; c < channels; c++) {
        for (let p = 0; p < pixels; p++) packed[panel + (p * channels + c + 1) * columns + j] = weight[row + c * pixels + p];
      }
    }
    panel += (inFeatures + 1) * columns;
  }
  return packed;
}

/**
 * The function's arguments: y, x, packed weights, begin, end; y and x are the first images', parts are panels of 16 outputs. The
 * input is one run of numbers: one pixel, or an image without halo.
 *
 * @throws RangeError where the input has a halo between its pixels, or the output is no single pixel
 */
export function linearKernel(output: Layout, input: Layout, options: LinearOptions): Kernel {
  const { batch, activation } = options;
  const extra = `${options.fma === true ? "_fma" : ""}${activation === undefined ? "" : `__${activationName(activation)}`}`;
  const name = `f32_linear_n${batch}_${layoutName(output)}_${layoutName(input)}${extra}`;
  const inFeatures = input.channels * input.height * input.width;
  const outFeatures = output.channels;
  if (output.height !== 1 || output.width !== 1) throw new RangeError(`${name}: the output wants one pixel, got ${output.height}x${output.width}`);
  if (input.halo > 0 && inFeatures !== input.channels) throw new RangeError(`${name}: an input of ${input.height}x${input.width} wants no halo, got ${input.halo}`);
  const whole = Math.floor(outFeatures / PANEL);
  const rest = outFeatures % PANEL;
  const params = { y: "i32", x: "i32", w: "i32", begin: "i32", end: "i32" } as const;
  const emit: Kernel["emit"] = (m) => m.func(name, { params, export: true }, (f, { y, x, w, begin, end }) => {
    const scratch = activationScratch(f);
    const tile = new Tile(f, {
      fma: options.fma === true, inPitch: 4 * imagePitch(input), outPitch: 4 * imagePitch(output),
      finish: (sum) => {
        if (activation === undefined) return;
        emitActivation(f, activation, sum, scratch);
        f.local.set(sum);
      },
    });
    const part = f.local.i32("part");
    const panel = (columns: number, valid: number): void => {
      const images = (inputs: number, first: boolean, last: boolean): void => {
        tile.from(part, w, y);
        const pairs = Math.floor(batch / TILE);
        if (pairs > 0) repeat(f, pairs, () => tile.emit(TILE, columns, valid, inputs, first, last));
        if (batch % TILE > 0) tile.emit(batch % TILE, columns, valid, inputs, first, last);
        f.local.increase(part, 4 * inputs);
        f.local.increase(w, 4 * columns * (inputs + (first ? 1 : 0)));
      };
      f.local.get(x);
      f.local.set(part);
      if (batch <= TILE || inFeatures <= BLOCK) return images(inFeatures, true, true);
      // Between blocks the sums wait in y, which changes no bit of them.
      const between = Math.ceil(inFeatures / BLOCK) - 2;
      images(BLOCK, true, false);
      if (between > 0) repeat(f, between, () => images(BLOCK, false, false));
      images(inFeatures - BLOCK * (between + 1), false, true);
    };
    for (const [address, bytes] of [[w, 4 * PANEL * (inFeatures + 1)], [y, 4 * PANEL]] as const) {
      f.local.get(begin);
      f.i32.const(bytes);
      f.i32.mul();
      f.local.get(address);
      f.i32.add();
      f.local.set(address);
    }
    f.while(
      () => {
        f.local.get(begin);
        f.local.get(end);
        f.i32.lt_u();
      },
      () => {
        wholeOrRest(f, begin, whole, whole > 0 ? PANEL : undefined, rest > 0 ? rest : undefined, (valid) => panel(4 * Math.ceil(valid / 4), valid));
        f.local.increase(y, 4 * PANEL);
        f.local.increase(begin, 1);
      },
    );
  });
  return { name, parts: whole + (rest > 0 ? 1 : 0), emit };
}

interface TileOptions {
  readonly fma: boolean;
  /** Bytes from image to image. */
  readonly inPitch: number;
  readonly outPitch: number;
  /** Emits what turns a sum into a result, in its local. */
  readonly finish: (sum: Local<"v128">) => void;
}

/** Some images times the outputs of one panel. */
class Tile {
  readonly #f: FunctionBuilder;
  readonly #options: TileOptions;
  readonly #sums: readonly Local<"v128">[];
  readonly #weights: readonly Local<"v128">[];
  readonly #value: Local<"v128">;
  readonly #x: Local<"i32">;
  readonly #w: Local<"i32">;
  readonly #y: Local<"i32">;
  readonly #input: Local<"i32">;
  readonly #end: Local<"i32">;
  #panel: Local<"i32"> | undefined;

  constructor(f: FunctionBuilder, options: TileOptions) {
    this.#f = f;
    this.#options = options;
    this.#sums = f.local.array("v128", "sum", (TILE * PANEL) / 4);
    this.#weights = f.local.array("v128", "weight", PANEL / 4);
    this.#value = f.local.v128("value");
    this.#x = f.local.i32("image");
    this.#w = f.local.i32("weights");
    this.#y = f.local.i32("out");
    this.#input = f.local.i32("input");
    this.#end = f.local.i32("end");
  }

  /** Starts at the first image. */
  from(x: Local<"i32">, w: Local<"i32">, y: Local<"i32">): void {
    const { local } = this.#f;
    local.get(x);
    local.set(this.#x);
    local.get(y);
    local.set(this.#y);
    this.#panel = w;
  }

  /** Emits `inputs` inputs of `images` images, and goes on to the next images. The sums begin with the bias if these are the `first` inputs. */
  emit(images: number, columns: number, valid: number, inputs: number, first: boolean, last: boolean): void {
    const f = this.#f;
    const { local, v128, f32x4, i32 } = f;
    const { inPitch, outPitch, fma, finish } = this.#options;
    const vectors = columns / 4;
    const sum = (n: number, j: number): Local<"v128"> => this.#sums[n * vectors + j];
    if (this.#panel === undefined) throw new Error("linear: a tile begins with from()");
    local.get(this.#panel);
    local.set(this.#w);
    for (let j = 0; j < vectors; j++) {
      for (let n = 0; n < images; n++) {
        if (first) loadLanes(f, this.#w, 16 * j, 4);
        else loadLanes(f, this.#y, n * outPitch + 16 * j, Math.min(4, valid - 4 * j));
        local.set(sum(n, j));
      }
    }
    if (first) local.increase(this.#w, 4 * columns);
    local.get(this.#x);
    local.tee(this.#input);
    i32.const(4 * inputs);
    i32.add();
    local.set(this.#end);
    f.doWhile(() => {
      for (let j = 0; j < vectors; j++) {
        local.get(this.#w);
        v128.load(16 * j, 4);
        local.set(this.#weights[j]);
      }
      for (let n = 0; n < images; n++) {
        local.get(this.#input);
        v128.load32_splat(n * inPitch);
        local.set(this.#value);
        for (let j = 0; j < vectors; j++) {
          if (!fma) local.get(sum(n, j));
          local.get(this.#value);
          local.get(this.#weights[j]);
          if (fma) {
            local.get(sum(n, j));
            f32x4.relaxed_madd();
          } else {
            f32x4.mul();
            f32x4.add();
          }
          local.set(sum(n, j));
        }
      }
      local.increase(this.#w, 4 * columns);
      local.increase(this.#input, 4);
      local.get(this.#input);
      local.get(this.#end);
      i32.ne();
    });
    for (let n = 0; n < images; n++) {
      for (let j = 0; j < vectors; j++) {
        if (last) finish(sum(n, j));
        storeLanes(f, this.#y, sum(n, j), n * outPitch + 16 * j, Math.min(4, valid - 4 * j));
      }
    }
    local.increase(this.#x, images * inPitch);
    local.increase(this.#y, images * outPitch);
  }
}
