/** Value types of WebAssembly, their codes in the binary format, and function types, each of which a module stores once. */

export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

/** Value types as the binary format and the type check have them. */
export type Codes = readonly number[];

/** What a function, a block or an indirect call takes and leaves; either may be absent. */
export interface FunctionType {
  readonly params?: readonly ValueType[];
  readonly results?: readonly ValueType[];
}

const NAME: readonly string[] = ["v128", "f64", "f32", "i64", "i32"];

/** The type check's value of unknown type, in code that nothing reaches. */
export const UNKNOWN = 0;

/** No values. */
export const NONE: Codes = [];
export const SINGLE: Readonly<Record<ValueType, Codes>> = { i32: [0x7f], i64: [0x7e], f32: [0x7d], f64: [0x7c], v128: [0x7b] };

/** One value of a type, as a list. The same list each time. */
export function single(type: ValueType): Codes {
  return SINGLE[type];
}

export function codesOf(types: readonly ValueType[] | undefined): Codes {
  if (types === undefined || types.length === 0) return NONE;
  return types.length === 1 ? single(types[0]) : types.map((type) => single(type)[0]);
}

/** "i32 f32" for messages. */
export function namesOf(codes: Codes): string {
  return codes.map((code) => (code === UNKNOWN ? "unknown" : NAME[code - 0x7b])).join(" ");
}

/** A function type in the module's type section. */
export interface Signature {
  readonly index: number;
  readonly params: Codes;
  readonly results: Codes;
}

/** The type section: equal types are one. */
export class SignatureTable {
  readonly #known = new Map<string, Signature>();

  intern(params: Codes, results: Codes): Signature {
    const key = `${params.join()}:${results.join()}`;
    let signature = this.#known.get(key);
    if (signature === undefined) {
      signature = { index: this.#known.size, params, results };
      this.#known.set(key, signature);
    }
    return signature;
  }

  /** In order of their indices. */
  all(): Signature[] {
    return [...this.#known.values()];
  }
}
