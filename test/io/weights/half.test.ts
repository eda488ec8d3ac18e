/** Half precision and bfloat16: every bit pattern, and the roundings of numpy (test/goldens/files/half.py). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bfloat16ToNumber, HALF_MAX, halfToNumber, numberToHalf, readBfloat16, readHalf, writeHalf } from "../../../src/io/weights/half.ts";
import { mulberry32 } from "../../fixtures/recipe.ts";
import { fileJson } from "../../support/files.ts";

const golden = fileJson<{ decoded: number; rounded: [string, number][] }>("goldens/files/half.json");

/** A half's value written out another way: exact powers of two from repeated doubling. */
function spelled(bits: number): number {
  const exponent = (bits >> 10) % 32;
  let value = bits % 1024;
  if (exponent > 0) value += 1024;
  for (let e = 25; e > Math.max(exponent, 1); e--) value /= 2;
  for (let e = 25; e < exponent; e++) value *= 2;
  return bits >= 32768 ? -value : value;
}

test("all 65,536 halves decode to their value and encode back to the same bits", () => {
  let finite = 0;
  for (let bits = 0; bits < 65536; bits++) {
    const value = halfToNumber(bits);
    if ((bits & 0x7fff) > 0x7c00) {
      if (value === value || numberToHalf(value) !== 0x7e00) assert.unreachable(`0x${bits.toString(16)} is a NaN`);
    } else {
      if ((bits & 0x7fff) === 0x7c00) assert.is(value, bits === 0x7c00 ? Infinity : -Infinity);
      else if (!Object.is(value, spelled(bits))) assert.unreachable(`0x${bits.toString(16)} gives ${value}, not ${spelled(bits)}`);
      if (numberToHalf(value) !== bits) assert.unreachable(`0x${bits.toString(16)} comes back as 0x${numberToHalf(value).toString(16)}`);
      finite++;
    }
  }
  assert.is(finite, 65536 - 2 * 1023);
  assert.is(halfToNumber(0x7bff), HALF_MAX);
  assert.is(halfToNumber(1), 5.960464477539063e-8);
});

test("all halves decode to the bytes that numpy has", () => {
  const bits = Array.from({ length: 65536 }, (_, i) => i).filter((i) => (i & 0x7fff) <= 0x7c00);
  const bytes = new Uint8Array(2 * bits.length + 1);
  bits.forEach((b, i) => bytes.set([b & 255, b >> 8], 2 * i + 1));
  const values = new Float32Array(bits.length);
  readHalf(values, bytes.subarray(1));
  const view = new DataView(values.buffer);
  let hash = 2166136261;
  for (let i = 0; i < values.length; i++) {
    const word = view.getUint32(4 * i, new Uint8Array(Uint16Array.of(1).buffer)[0] === 1);
    for (let shift = 0; shift < 32; shift += 8) hash = Math.imul(hash ^ ((word >>> shift) & 255), 16777619);
  }
  assert.is(hash >>> 0, golden.decoded);
});

test("doubles round to halves as numpy rounds them", () => {
  const view = new DataView(new ArrayBuffer(8));
  assert.ok(golden.rounded.length > 300);
  for (const [hex, bits] of golden.rounded) {
    for (let i = 0; i < 8; i++) view.setUint8(i, parseInt(hex.slice(2 * i, 2 * i + 2), 16));
    const value = view.getFloat64(0);
    assert.is(numberToHalf(value), bits, `${value}`);
  }
});

test("rounding is to the nearest half, ties to the even one, over random numbers and every tie", () => {
  const uniform = mulberry32(11);
  for (let bits = 0; bits < 0x7bff; bits++) {
    const low = halfToNumber(bits);
    const high = halfToNumber(bits + 1);
    const tie = (low + high) / 2;
    const even = bits % 2 === 0 ? bits : bits + 1;
    const inside = low + (high - low) * uniform();
    const nearer = inside - low < high - inside ? bits : inside - low > high - inside ? bits + 1 : even;
    if (numberToHalf(tie) !== even || numberToHalf(-tie) !== (even | 0x8000) || numberToHalf(inside) !== nearer) {
      assert.unreachable(`between ${low} and ${high}`);
    }
  }
});

test("writeHalf and readHalf: little-endian, any alignment", () => {
  const bytes = new Uint8Array(9).fill(7);
  writeHalf(bytes.subarray(1), [1, -2, 1 / 3, 1e6]);
  assert.equal([...bytes], [7, 0x00, 0x3c, 0x00, 0xc0, 0x55, 0x35, 0x00, 0x7c]);
  const back = new Float32Array(4);
  readHalf(back, bytes.subarray(1));
  assert.equal([...back], [1, -2, 0.333251953125, Infinity]);
  readHalf(back, Uint8Array.of(0x01, 0x7c, 0xff, 0xff, 0x01, 0x80, 0x00, 0x80));
  assert.ok(Number.isNaN(back[0]) && Number.isNaN(back[1]) && back[2] === -(2 ** -24) && Object.is(back[3], -0));
});

test("every bfloat16 is the float32 with sixteen zero bits below it", () => {
  const view = new DataView(new ArrayBuffer(4));
  const bytes = new Uint8Array(65536 * 2);
  for (let bits = 0; bits < 65536; bits++) bytes.set([bits & 255, bits >> 8], 2 * bits);
  const values = new Float32Array(65536);
  readBfloat16(values, bytes);
  for (let bits = 0; bits < 65536; bits++) {
    view.setUint16(0, bits);
    const value = view.getFloat32(0);
    if (!Object.is(bfloat16ToNumber(bits), value) || !Object.is(values[bits], value)) assert.unreachable(`0x${bits.toString(16)}`);
  }
  assert.is(bfloat16ToNumber(0x3f80), 1);
  assert.is(bfloat16ToNumber(0xff80), -Infinity);
});

test.run();
