/**
 * Convolution kernels run on padded images, and two oracles for them: the reference in double precision, and the same sum in
 * float32, rounded after every operation in the order that the kernels promise. The second must agree to the bit.
 */
import "../../../kernels/wasm/assembler/checks/checked.ts";
import * as assert from "uvu/assert";
import { erf } from "../../../kernels/erf.ts";
import { sigmoid, tanh } from "../../../kernels/math.ts";
import { Random } from "../../../kernels/random.ts";
import { conv2dForward } from "../../../kernels/reference/layers/conv2d.ts";
import { conv2dShape } from "../../../kernels/shapes.ts";
import type { Conv2dShape, Sides } from "../../../kernels/shapes.ts";
import { isHeavy } from "../../../kernels/wasm/shared/activation.ts";
import type { Activation } from "../../../kernels/wasm/shared/activation.ts";
import type { ConvParams } from "../../../kernels/wasm/convolution/params.ts";
import { tallRow } from "../../../kernels/wasm/convolution/tall.ts";
import type { ConvKernel } from "../../../kernels/wasm/convolution/direct.ts";
import type { WinogradKernel } from "../../../kernels/wasm/convolution/winograd/winograd.ts";
import { ModuleBuilder } from "../../../kernels/wasm/assembler/module-builder.ts";
import { Images, vectorLayout } from "../images.ts";
import { instantiate } from "../machine.ts";

export type AnyKernel = ConvKernel | WinogradKernel;

/** A maker of kernels, and its packing. */
export interface Family {
  readonly kernel: (params: ConvParams) => AnyKernel;
  readonly pack: (weight: Float32Array, bias: Float32Array | null, params: ConvParams) => Float32Array;
}

export interface Case {
  readonly channels: readonly [number, number];
  readonly size: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly stride?: readonly [number, number];
  /** Two for both sides, or four: top, left, bottom, right. */
  readonly padding?: readonly [number, number] | Sides;
  readonly dilation?: readonly [number, number];
  readonly groups?: number;
  readonly bias?: boolean;
  readonly gate?: boolean;
  readonly biasLast?: boolean;
  /** The residual's halo; none without. */
  readonly residual?: number;
  readonly activation?: Activation;
  /** Beyond the padding. */
  readonly moreHalo?: number;
  readonly outHalo?: number;
  /** NaN and infinities among the inputs. */
  readonly hostile?: boolean;
  readonly fma?: boolean;
  readonly wide?: boolean;
  readonly tall?: boolean;
}

/** Everything of a case that does not depend on how it is computed. */
export interface Problem {
  readonly text: string;
  readonly params: ConvParams;
  readonly shape: Conv2dShape;
  readonly x: Float32Array;
  readonly weight: Float32Array;
  readonly bias: Float32Array | null;
  readonly gate: Float32Array;
  readonly residual: Float32Array;
}

const HOSTILE = [NaN, Infinity, -Infinity, -0, 1e-45, 1e30];

export function problem(one: Case, seed = 1): Problem {
  const { channels, size, kernel, stride = [1, 1], padding = [0, 0], dilation = [1, 1], groups = 1 } = one;
  const shape = conv2dShape(1, channels[0], size[0], size[1], channels[1], { kernel, stride, padding, dilation, groups });
  const random = new Random(seed);
  const numbers = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.uniform() * 2 - 1);
  const x = numbers(channels[0] * size[0] * size[1]);
  if (one.hostile === true) for (let i = 0; i < x.length; i += 7) x[i] = HOSTILE[random.below(HOSTILE.length)];
  const pixels = shape.outHeight * shape.outWidth;
  const output = { channels: channels[1], height: shape.outHeight, width: shape.outWidth, halo: one.outHalo ?? 0 };
  const params: ConvParams = {
    input: { channels: channels[0], height: size[0], width: size[1], halo: Math.max(...padding) + (one.moreHalo ?? 0) },
    output, kernel, stride, padding: [padding[0], padding[1]], paddingEnd: [padding[2] ?? padding[0], padding[3] ?? padding[1]], dilation,
    groups, fma: one.fma === true, wide: one.wide === true, tall: one.tall === true ? tallRow : undefined,
    epilogue: {
      gate: one.gate === true, residual: one.residual === undefined ? undefined : { ...output, halo: one.residual },
      activation: one.activation, biasLast: one.biasLast === true,
    },
  };
  return {
    text: JSON.stringify(one), params, shape, x,
    weight: numbers(channels[1] * (channels[0] / groups) * kernel[0] * kernel[1]),
    bias: one.bias === false ? null : numbers(channels[1]),
    gate: numbers(channels[1]), residual: numbers(channels[1] * pixels),
  };
}

/** Rows and panels [begin, end] to compute, one call each. */
export type Part = readonly [number, number, number, number];

/**
 * The output as the kernel writes it, in NCHW; fails if anything else is written to.
 *
 * @param parts all at once by default
 * @param inPlace is the residual the output itself?
 */
export function run(
  family: Family, { params, x, weight, bias, gate, residual, text }: Problem, parts?: (kernel: AnyKernel) => readonly Part[],
  inPlace = false,
): Float32Array {
  const kernel = family.kernel(params);
  const scratchSize = "scratch" in kernel ? kernel.scratch : 0;
  const packed = family.pack(weight, bias, params);
  const pages = 2 + Math.ceil((4 * (x.length * 9 + packed.length + scratchSize + 20 * residual.length)) / 65536);
  const m = new ModuleBuilder("test");
  m.importMemory("host", "memory", { minimum: pages });
  kernel.emit(m);
  const { buffer, exports } = instantiate(m.toBytes(), pages);
  const images = new Images(buffer);
  const placed = [images.put(params.input, x), images.vector(packed)];
  const y = images.room(params.output, 1, inPlace ? residual : undefined);
  const none = { address: 0 };
  const added = params.epilogue.residual === undefined ? none : inPlace ? y : images.put(params.epilogue.residual, residual);
  const gates = params.epilogue.gate ? images.vector(gate) : none;
  const addresses = [...placed, y, added, gates].map(({ address }) => address);
  const scratch = scratchSize > 0 ? [images.room(vectorLayout(scratchSize)).address] : [];
  const call = exports[kernel.name] as (...values: number[]) => void;
  for (const part of parts?.(kernel) ?? [[0, params.output.height, 0, kernel.panels]]) call(...addresses, ...part, ...scratch);
  assert.is(images.damage(), "", text);
  return images.read(y);
}

function activate({ activation, slope, offset }: Activation, x: number): number {
  const clip = (value: number, high: number): number => (value < 0 ? 0 : value > high ? high : value);
  switch (activation) {
    case "relu": return x < 0 ? 0 : x;
    case "relu6": return clip(x, 6);
    case "leaky_relu": return x > 0 ? x : slope * x;
    case "hard_sigmoid": return clip(slope * x + offset, 1);
    case "hard_swish": return (x * clip(x + 3, 6)) / 6;
    case "sigmoid": return sigmoid(x);
    case "silu": return x * sigmoid(x);
    case "tanh": return tanh(x);
    case "gelu": return 0.5 * x * (1 + erf(x * Math.SQRT1_2));
    case "gelu_tanh": return x * sigmoid(1.5957691216057308 * (x + 0.044715 * x * x * x));
    default: throw new RangeError(activation);
  }
}

/** The reference in double precision, with its epilogue. */
export function reference({ shape, x, weight, bias, gate, residual, params }: Problem): Float64Array {
  const { epilogue } = params;
  const y = new Float64Array(shape.outChannels * shape.outHeight * shape.outWidth);
  conv2dForward(
    y, Float64Array.from(x), Float64Array.from(weight), bias === null || epilogue.biasLast === true ? null : Float64Array.from(bias), shape,
  );
  const pixels = shape.outHeight * shape.outWidth;
  return y.map((sum, i) => {
    const channel = Math.floor(i / pixels);
    const scaled = (epilogue.gate ? sum * gate[channel] : sum) + (bias !== null && epilogue.biasLast === true ? bias[channel] : 0);
    const added = epilogue.residual === undefined ? scaled : scaled + residual[i];
    return epilogue.activation === undefined ? added : activate(epilogue.activation, added);
  });
}

/** Sums in float32 in the order of the kernels, padding included; with gate and residual, without activation but relu and relu6. */
export function ordered({ shape, x, weight, bias, gate, residual, params }: Problem): Float32Array {
  const { inChannels, inHeight, inWidth, outChannels, outHeight, outWidth, kernelHeight, kernelWidth, groups } = shape;
  const { epilogue } = params;
  const inPerGroup = inChannels / groups;
  const y = new Float32Array(outChannels * outHeight * outWidth);
  for (let i = 0; i < y.length; i++) {
    const ow = i % outWidth;
    const oh = Math.floor(i / outWidth) % outHeight;
    const o = Math.floor(i / (outWidth * outHeight));
    const first = Math.floor(o / (outChannels / groups)) * inPerGroup;
    let sum = bias === null || epilogue.biasLast === true ? 0 : bias[o];
    for (let kh = 0; kh < kernelHeight; kh++) {
      for (let kw = 0; kw < kernelWidth; kw++) {
        const ih = oh * shape.strideHeight - shape.paddingTop + kh * shape.dilationHeight;
        const iw = ow * shape.strideWidth - shape.paddingLeft + kw * shape.dilationWidth;
        const inside = ih >= 0 && ih < inHeight && iw >= 0 && iw < inWidth;
        for (let c = 0; c < inPerGroup; c++) {
          const value = inside ? x[((first + c) * inHeight + ih) * inWidth + iw] : 0;
          sum = Math.fround(sum + Math.fround(weight[((o * inPerGroup + c) * kernelHeight + kh) * kernelWidth + kw] * value));
        }
      }
    }
    if (epilogue.gate) sum = Math.fround(sum * gate[o]);
    if (epilogue.biasLast === true) sum = Math.fround(sum + (bias === null ? 0 : bias[o]));
    if (epilogue.residual !== undefined) sum = Math.fround(sum + residual[i]);
    y[i] = epilogue.activation === undefined ? sum : activate(epilogue.activation, sum);
  }
  return y;
}

/** Is every element the same? NaNs count as one value, 0 and -0 as two. */
export function assertSame(got: ArrayLike<number>, wanted: ArrayLike<number>, text: string): void {
  assert.is(got.length, wanted.length);
  for (let i = 0; i < got.length; i++) {
    if (!Object.is(got[i], wanted[i])) assert.unreachable(`${text}: element ${i} wants ${wanted[i]}, got ${got[i]}`);
  }
}

/** Within `tolerance` of the largest finite one; what is not finite must be equal. */
export function assertClose(got: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number, text: string): void {
  assert.is(got.length, wanted.length);
  let largest = 0;
  for (let i = 0; i < wanted.length; i++) if (Number.isFinite(wanted[i])) largest = Math.max(largest, Math.abs(wanted[i]));
  for (let i = 0; i < wanted.length; i++) {
    const fits = Object.is(got[i], wanted[i]) || Math.abs(got[i] - wanted[i]) <= tolerance * largest;
    if (!fits) assert.unreachable(`${text}: element ${i} wants ${wanted[i]}, got ${got[i]}`);
  }
}

/** Runs a case, and compares it with both oracles. */
export function check(family: Family, one: Case, seed?: number): void {
  const posed = problem(one, seed);
  const got = run(family, posed);
  const { activation } = posed.params.epilogue;
  assertClose(got, reference(posed), 1e-5, posed.text);
  const inBits = activation === undefined || activation.activation === "relu" || activation.activation === "relu6";
  if (inBits && one.fma !== true) assertSame(got, ordered(posed), posed.text);
  if (activation !== undefined && isHeavy(activation)) assert.ok(got.some((value) => value !== got[0]) || got.length === 1, posed.text);
}
