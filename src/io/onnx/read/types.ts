/** The element types of ONNX (TensorProto.DataType): how they lie in a file, and in which typed array their numbers are held here. */
export const FLOAT = 1;
export const INT32 = 6;
export const INT64 = 7;
export const STRING = 8;
export const BOOL = 9;
export const FLOAT16 = 10;
export const DOUBLE = 11;
export const UINT64 = 13;
export const BFLOAT16 = 16;

/** Numbers of one element type. 64-bit integers stand as doubles, exact up to 2^53; 16-bit floats as float32. */
export type Numbers = Float32Array | Float64Array | Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;

interface ElementType {
  readonly name: string;
  /** Bytes of one in raw data. */
  readonly bytes: number;
  readonly array: { new (size: number): Numbers };
  readonly float: boolean;
}

type Row = readonly [type: number, name: string, bytes: number, array: ElementType["array"]];

/** By number; what is missing here is not read. */
export const elementTypes: Readonly<Record<number, ElementType>> = /* @__PURE__ */ Object.fromEntries(([
  [FLOAT, "float", 4, Float32Array], [2, "uint8", 1, Uint8Array], [3, "int8", 1, Int8Array], [4, "uint16", 2, Uint16Array],
  [5, "int16", 2, Int16Array], [INT32, "int32", 4, Int32Array], [INT64, "int64", 8, Float64Array], [BOOL, "bool", 1, Uint8Array],
  [FLOAT16, "float16", 2, Float32Array], [DOUBLE, "double", 8, Float64Array], [12, "uint32", 4, Uint32Array],
  [UINT64, "uint64", 8, Float64Array], [BFLOAT16, "bfloat16", 2, Float32Array],
] satisfies Row[]).map(([type, name, bytes, array]) => [type, { name, bytes, array, float: /fl|do/.test(name) }]));

/** Those that are not read, from 14 on. */
const others = "complex64 complex128  float8e4m3fn float8e4m3fnuz float8e5m2 float8e5m2fnuz uint4 int4 float4e2m1";

/** For messages. */
export function typeName(type: number): string {
  return elementTypes[type]?.name ?? (type === STRING ? "string" : (others.split(" ")[type - 14] || `type ${type}`));
}

export function isFloat(type: number): boolean {
  return elementTypes[type]?.float === true;
}

/**
 * The float16 that is nearest, ties to even: what a product with 2^42 + 1 adds is taken away again, and the last 42 bits with it
 * (Veltkamp).
 * Below the smallest normal number steps stay as wide as they are there, which is as wide as those of doubles near 2^28.
 */
export function toHalf(x: number): number {
  const size = Math.abs(x);
  const far = x * 4398046511105;
  return size < 0.00006103515625 ? x + 402653184 - 402653184 : size >= 65520 ? x * Infinity : far - (far - x);
}

/** Numbers of bfloat16 stay as they are computed. */
const roundings: Readonly<Record<number, (x: number) => number>> = { [FLOAT16]: toHalf, [INT64]: Math.trunc, [UINT64]: Math.trunc };

/** Makes the numbers of an array those that its type has: what typed arrays don't do themselves when they are written to. */
export function fit(type: number, data: Numbers): Numbers {
  const round = roundings[type];
  if (round !== undefined) for (let i = 0; i < data.length; i++) data[i] = round(data[i]);
  return data;
}

/** Numbers of a type, from any others: rounded, or what is left of them. */
export function filled(type: number, from: ArrayLike<number>): Numbers {
  const numbers = new elementTypes[type].array(from.length);
  if (type === BOOL) for (let i = 0; i < from.length; i++) numbers[i] = Number(from[i] !== 0);
  else numbers.set(from);
  return fit(type, numbers);
}
