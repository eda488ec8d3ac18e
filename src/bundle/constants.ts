/**
 * The numbers of a network as a file holds them: as float32, or matrices as half floats or as bytes with a factor for each output channel.
 * What is read back is float32 again, so the network is first made one of these numbers, and all else is planned with it.
 */
import type { Constant, Graph, Node, Operation } from "../graph/graph.ts";
import { numberToHalf, halfToNumber } from "../io/weights/half.ts";
import { Tensor } from "../tensor.ts";
import type { Shape } from "../tensor.ts";

/**
 * How a file holds its weights.
 * @example
 * const format: WeightFormat = "int8";
 * bundle(new Conv2d(1, 2, { kernel: 1 }), { input: [1, 1, 4, 4], target: "plain", format }).code.length > 1000   // => true
 */
export type WeightFormat = (typeof weightFormats)[number];
export const weightFormats = ["f32", "f16", "int8"] as const;

/** Where a constant is once it is read: numbers from `at` on. */
export interface Kept {
  readonly at: number;
  readonly size: number;
}

/** All constants of a graph, in the file and in memory. */
export interface Constants {
  /** In the file: float32, then halves or bytes of the others. */
  readonly bytes: Uint8Array;
  /** Numbers in memory, the float32 ones first. */
  readonly size: number;
  /** How many of them are float32 in the file, factors of int8 included. */
  readonly singles: number;
  /** Of int8: for each constant its place, channels, numbers of a channel, and the place of its factors. */
  readonly scaled: readonly (readonly [at: number, channels: number, row: number, factors: number])[];
  of(constant: Constant): Kept;
}

/** A tensor that does not change any more. */
function fixed(name: string, data: Float32Array, shape: Shape): Constant {
  const tensor = new Tensor(data, shape);
  return { name, read: () => tensor };
}

function isConstant(value: unknown): value is Constant {
  return typeof value === "object" && value !== null && typeof (value as Partial<Constant>).read === "function";
}

/** The graph with other constants. */
function withConstants(graph: Graph, replaced: (constant: Constant, of: Operation) => Constant): Graph {
  const changed = (operation: Operation): Operation => Object.fromEntries(
    Object.entries(operation).map(([name, value]) => [name, isConstant(value) ? replaced(value, operation) : value]),
  ) as unknown as Operation;
  return { ...graph, nodes: graph.nodes.map((node): Node => ({ ...node, operation: changed(node.operation) })) };
}

/** Bytes of a channel with its factor: the largest is 127. */
function toBytes(data: Float32Array, channels: number): { readonly factors: Float32Array; readonly bytes: Int8Array } {
  const row = data.length / channels;
  const factors = new Float32Array(channels);
  const bytes = new Int8Array(data.length);
  for (let c = 0; c < channels; c++) {
    let most = 0;
    for (let i = c * row; i < (c + 1) * row; i++) most = Math.max(most, Math.abs(data[i]));
    factors[c] = most / 127;
    if (factors[c] === 0) continue;
    for (let i = c * row; i < (c + 1) * row; i++) bytes[i] = Math.max(-127, Math.min(127, Math.round(data[i] / factors[c])));
  }
  return { factors, bytes };
}

function tooLarge(name: string, format: WeightFormat): RangeError {
  return new RangeError(`bundle: format ${format} cannot hold a number of ${name}; f32 can`);
}

/** Does a session round the factors that it multiplies this operation's weights by? */
export type RoundedFactors = (operation: Operation) => boolean;

/** What is stored of one constant. */
interface Stored {
  readonly constant: Constant;
  readonly data: Float32Array;
  readonly shape: Shape;
  readonly coded: boolean;
}

/** The numbers as sessions have them. @param rounded are the factors of a normalisation that was folded in rounded before they are used? */
function numbersOf(constant: Constant, of: Operation, rounded: RoundedFactors): Float32Array {
  const { scaled } = constant;
  if (scaled === undefined || !rounded(of)) return Float32Array.from(constant.read().data);
  const { data } = scaled.of.read();
  const factors = Float32Array.from(scaled.factors());
  const row = data.length / factors.length;
  return Float32Array.from(data, (number, i) => number * factors[Math.floor(i / row)]);
}

/**
 * @param rounded which operations have weights with rounded factors: on WebAssembly some; by default none, as on the plain kernels
 * @returns the graph of the numbers that are read back, and how they are stored 
 * @throws RangeError for what the format cannot hold
 */
export function storeConstants(
  graph: Graph, format: WeightFormat, rounded: RoundedFactors = () => false,
): { readonly graph: Graph; readonly constants: Constants } {
  const found = new Map<Constant, Stored>();
  withConstants(graph, (constant, of) => {
    if (!found.has(constant)) {
      const { shape } = constant.read();
      const numbers = numbersOf(constant, of, rounded);
      if (!numbers.every(Number.isFinite)) throw new RangeError(`bundle: ${constant.name} holds a number that is not finite`);
      found.set(constant, { constant, data: numbers, shape, coded: format !== "f32" && shape.length > 1 });
    }
    return constant;
  });
  const all = [...found.values()];
  const singles = all.filter(({ coded }) => !coded).map(({ data }) => data);
  const places = new Map<Constant, Kept>();
  const replaced = new Map<Constant, Constant>();
  const scaled: (readonly [number, number, number, number])[] = [];
  let at = 0;
  const place = ({ constant, data, shape }: Stored): void => {
    const now = fixed(`${constant.name} ${places.size}`, data, shape);
    replaced.set(constant, now);
    places.set(now, { at, size: data.length });
    at += data.length;
  };
  all.filter(({ coded }) => !coded).forEach(place);
  const coded = all.filter((stored) => stored.coded);
  const eights = format === "int8" ? coded.map(({ data, shape }) => toBytes(data, shape[0])) : [];
  const factorsAt = eights.map(({ factors }) => {
    singles.push(factors);
    at += factors.length;
    return at - factors.length;
  });
  const count = at;
  const packed = new Uint8Array(
    4 * count + coded.reduce((sum, { data }) => sum + data.length * (format === "f16" ? 2 : 1), 0),
  );
  const view = new DataView(packed.buffer);
  let byte = 0;
  for (const data of singles) {
    for (const number of data) {
      view.setFloat32(byte, number, true);
      byte += 4;
    }
  }
  coded.forEach((stored, i) => {
    const { constant, data, shape } = stored;
    if (format === "f16") {
      const read = data.map((number) => {
        const half = numberToHalf(number);
        if ((half & 0x7c00) === 0x7c00) throw tooLarge(constant.name, format);
        view.setUint16(byte, half, true);
        byte += 2;
        return halfToNumber(half);
      });
      return place({ ...stored, data: read });
    }
    const { factors, bytes } = eights[i];
    const row = data.length / shape[0];
    scaled.push([at, shape[0], row, factorsAt[i]]);
    packed.set(new Uint8Array(bytes.buffer), byte);
    byte += bytes.length;
    place({ ...stored, data: Float32Array.from(bytes, (value, k) => value * factors[Math.floor(k / row)]) });
  });
  return {
    graph: withConstants(graph, (constant) => replaced.get(constant)!),
    constants: {
      bytes: packed, size: at, singles: count, scaled,
      of: (constant) => places.get(constant)!,
    },
  };
}

/** What makes numbers of the bytes again, in the file: `numbers(bytes)`. */
export function numbersReader(format: WeightFormat, { size, singles, scaled }: Constants): string {
  const begin = `
    function numbers(bytes) {
      var all = new Float32Array(${size}), at = ${4 * singles}, i;
      all.set(new Float32Array(bytes.buffer, bytes.byteOffset, ${singles}));`;
  if (format === "f16") {
    return `${begin}
      var gaps = [Math.fround(5.960464477539063e-8)];
      for (i = 1; i < 31; i++) gaps[i] = i < 2 ? gaps[0] : 2 * gaps[i - 1];
      for (i = ${singles}; i < ${size}; i++) {
        var low = bytes[at++], high = bytes[at++], power = high >> 2 & 31, part = (high & 3) << 8 | low;
        all[i] = (high > 127 ? -1 : 1) * (power ? part + 1024 : part) * gaps[power];
      }
      return all;
    }`;
  }
  if (format === "int8") {
    return `${begin}
      var scaled = ${JSON.stringify(scaled.flat())};
      for (var k = 0; k < scaled.length; k += 4) {
        var to = scaled[k];
        for (var c = 0; c < scaled[k + 1]; c++) {
          var factor = all[scaled[k + 3] + c];
          for (i = 0; i < scaled[k + 2]; i++) all[to++] = (bytes[at++] << 24 >> 24) * factor;
        }
      }
      return all;
    }`;
  }
  return `${begin}
      return all;
    }`;
}
