/** The two checksums of compressed files: CRC-32 (PNG chunks, ISO 3309) and Adler-32 (zlib streams, RFC 1950). */

const table = /* @__PURE__ */ Int32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n;
});

/** CRC-32 of `bytes` from `start` up to `end`, as a whole number from 0 to 2^32 - 1. */
export function crc32(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
  let c = -1;
  for (let i = start; i < end; i++) c = table[(c ^ bytes[i]) & 255] ^ (c >>> 8);
  return (c ^ -1) >>> 0;
}

/**
 * CRC-32 of bytes that follow others, from the two: the first one's register after `length` more zeros, which is linear in its bits (as
 * zlib's crc32_combine). @param length of what follows
 */
export function crc32After(length: number): (first: number, next: number) => number {
  const times = (matrix: Int32Array, bits: number): number => {
    let sum = 0;
    for (let i = 0; bits !== 0; i++, bits >>>= 1) if (bits & 1) sum ^= matrix[i];
    return sum;
  };
  const squared = (matrix: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> => matrix.map((column) => times(matrix, column));
  // One zero byte, then 2, 4, 8 ... of them.
  let power = Int32Array.from({ length: 32 }, (_, i) => table[(1 << i) & 255] ^ ((1 << i) >>> 8));
  let whole = Int32Array.from({ length: 32 }, (_, i) => 1 << i);
  for (let n = length; n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) whole = whole.map((column) => times(power, column));
    power = squared(power);
  }
  return (first, next) => (times(whole, first) ^ next) >>> 0;
}

/** Adler-32 of `bytes`, as a whole number from 0 to 2^32 - 1. */
export function adler32(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (let i = 0; i < bytes.length; ) {
    // The longest run whose sums stay below 2^31; RFC 1950's 5,552 is for 2^32.
    const end = Math.min(i + 3854, bytes.length);
    for (; i < end; i++) {
      a += bytes[i];
      b += a;
    }
    a %= 65521;
    b %= 65521;
  }
  return b * 65536 + a;
}
