/**
 * Values of WebAssembly as lanes: whole numbers as bigint, floats as number; a scalar is one lane. So one line of arithmetic says
 * what an instruction does, whatever its width.
 */

export type Kind = "i8" | "u8" | "i16" | "u16" | "i32" | "u32" | "i64" | "u64" | "f32" | "f64";
export type Lane = number | bigint;

export function sizeOf(kind: Kind): number {
  return Number(kind.slice(1)) / 8;
}

export function isFloat(kind: Kind): boolean {
  return kind[0] === "f";
}

export function readLane(view: DataView, at: number, kind: Kind): Lane {
  if (kind === "f32") return view.getFloat32(at, true);
  if (kind === "f64") return view.getFloat64(at, true);
  let bits = 0n;
  for (let i = sizeOf(kind) - 1; i >= 0; i--) bits = (bits << 8n) | BigInt(view.getUint8(at + i));
  return kind[0] === "u" ? bits : BigInt.asIntN(8 * sizeOf(kind), bits);
}

/** Whole numbers are taken modulo 2^bits. */
export function writeLane(view: DataView, at: number, kind: Kind, lane: Lane): void {
  if (kind === "f32") view.setFloat32(at, Number(lane), true);
  else if (kind === "f64") view.setFloat64(at, Number(lane), true);
  else {
    let bits = BigInt.asUintN(64, lane as bigint);
    for (let i = 0; i < sizeOf(kind); i++, bits >>= 8n) view.setUint8(at + i, Number(bits & 0xffn));
  }
}

/** Lanes of the same bits, as another kind. */
export function recast(lanes: readonly Lane[], from: Kind, to: Kind): Lane[] {
  const view = new DataView(new ArrayBuffer(lanes.length * sizeOf(from)));
  lanes.forEach((lane, i) => writeLane(view, i * sizeOf(from), from, lane));
  return Array.from({ length: view.byteLength / sizeOf(to) }, (_, i) => readLane(view, i * sizeOf(to), to));
}

/** Equal, where any NaN equals any other and zeros differ by their sign. */
export function same(a: Lane, b: Lane): boolean {
  return Object.is(a, b);
}

/** Values at which instructions differ from each other: ends of ranges, halves, zeros, infinities, NaN, ties of rounding. */
export function bank(kind: Kind): Lane[] {
  if (isFloat(kind)) {
    const common =
      [0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3.75, 127.5, -1e10, 2147483647, 2147483648, -2147483648, -2147483649, 4294967295,
      4294967296, 9223372036854775808, -9223372036854775808, 18446744073709551616, Infinity, -Infinity, NaN, 16777217, 0.1];
    return kind === "f32"
      ? [...common.map(Math.fround), 1.401298464324817e-45, -3.4028234663852886e38, 1.1754943508222875e-38, 4294967040, 2147483520]
      : [...common, 5e-324, -1.7976931348623157e308, 1e300, 1.0000000596046448, 3.4028235677973366e38, 1e-46, 18446744073709549568,
        9223372036854774784];
  }
  const bits = BigInt(8 * sizeOf(kind));
  const top = 1n << (bits - 1n);
  const values = [
    0n, 1n, 2n, 3n, 7n, bits - 1n, bits, top - 1n, top, top + 1n, 2n * top - 1n, 2n * top - 2n, (2n * top - 1n) / 3n, top >> 1n, 100n,
    0x5an,
  ];
  // Floats as bits: 1, infinity, a signalling NaN, a NaN with sign.
  if (bits === 32n) {
    values.push(0x3f800000n, 0x7f800000n, 0x7fa00001n, 0xffc00000n, 0x01000001n, 0x01020384n, 0xffff7fffn, 0x00018000n, 0x12345678n);
  }
  if (bits === 64n) {
    values.push(
      0x3ff0000000000000n, 0x7ff4000000000001n, 0xfff8000000000000n, 0x8000008000000001n, 0x0020000000000001n, 0x123456789abcdef0n,
    );
  }
  return values.map((value) => (kind[0] === "u" ? BigInt.asUintN(Number(bits), value) : BigInt.asIntN(Number(bits), value)));
}

/** A small repeatable sequence of whole numbers from 0 to 2^32 - 1. */
export function sequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state ^ (state >>> 15)) >>> 0;
  };
}

/** All tuples of the banks of `kinds`, or `most` of them. */
export function tuples(kinds: readonly Kind[], most = 1000): Lane[][] {
  const banks = kinds.map(bank);
  const all = banks.reduce((count, values) => count * values.length, 1);
  const next = sequence(kinds.length + all);
  return Array.from({ length: Math.min(all, most) }, (_, i) => {
    let rest = i;
    return banks.map((values) => {
      const index = all > most ? next() % values.length : rest % values.length;
      rest = Math.floor(rest / values.length);
      return values[index];
    });
  });
}
