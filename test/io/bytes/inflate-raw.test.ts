/** Inflate against the host's own deflate: every strategy and level, damage at every byte, bounds. */
import { deflateRawSync, constants } from "node:zlib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { FormatError } from "../../../src/errors.ts";
import { inflateRaw } from "../../../src/io/bytes/inflate-raw.ts";
import { mulberry32 } from "../../fixtures/recipe.ts";

const uniform = mulberry32(4);
const below = (n: number): number => Math.floor(uniform() * n);
const datas: readonly Uint8Array[] = [
  new Uint8Array(0), Uint8Array.of(7), new Uint8Array(70_000), Uint8Array.from({ length: 70_000 }, () => below(256)),
  Uint8Array.from({ length: 50_000 }, (_, i) => (i % 300 < 7 ? below(4) : (i * i) >> 7)),
  Uint8Array.from({ length: 40_000 }, () => below(3)),
  Uint8Array.from({ length: 300 }, (_, i) => i),
];

test("what the host deflates comes out again, to the byte", () => {
  for (const data of datas) {
    for (const level of [0, 1, 6, 9]) {
      for (const strategy of [constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_HUFFMAN_ONLY, constants.Z_RLE]) {
        const packed = deflateRawSync(data, { level, strategy });
        const { bytes, end } = inflateRaw(Uint8Array.from([...packed, 1, 2, 3]), data.length + 5, "test");
        assert.equal([bytes.length, end], [data.length, packed.length]);
        assert.ok(bytes.every((byte, i) => byte === data[i]));
      }
    }
  }
});

test("more than is allowed, and streams that are cut, are refused", () => {
  for (const data of datas.slice(1)) {
    const packed = deflateRawSync(data);
    assert.throws(
      () => inflateRaw(packed, data.length - 1, "test"), /test: its compressed data are damaged, cut short, or more than \d+ bytes/,
    );
    for (const cut of [0, 1, packed.length >> 1, packed.length - 1]) {
      assert.throws(() => inflateRaw(packed.subarray(0, cut), data.length, "test"), (e: unknown) => e instanceof FormatError, `${cut}`);
    }
  }
});

test("damage: an answer of at most the size, or our own error", () => {
  const packed = deflateRawSync(datas[4].subarray(0, 3000));
  let refused = 0;
  for (let i = 0; i < packed.length * 8; i++) {
    const damaged = Uint8Array.from(packed);
    damaged[i >> 3] ^= 1 << (i & 7);
    try {
      assert.ok(inflateRaw(damaged, 3000, "test").bytes.length <= 3000);
    } catch (error) {
      assert.ok(error instanceof FormatError, String(error));
      refused++;
    }
  }
  assert.ok(refused > 100);
});

test.run();
