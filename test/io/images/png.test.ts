/** PNG in and out: the pixels that PIL and libpng read from the same files (goldens/images/pil.py). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { adler32, crc32 } from "../../../src/io/bytes/checksum.ts";
import { fromSamples } from "../../../src/io/images/image.ts";
import { decodePng, encodePng } from "../../../src/io/images/png.ts";
import { fileJson } from "../../support/files.ts";
import { ascii, fromBase64, type GoldenImage, header, png, chunk, zlib } from "./image-files.ts";

const goldens = fileJson<GoldenImage[]>("goldens/images/pil-images.json").filter((image) => !/^P[1-6]|writes/.test(image.name));

test("checksums: the published check values", () => {
  assert.is(crc32(ascii("123456789")), 0xcbf43926);
  assert.is(adler32(ascii("Wikipedia")), 0x11e60398);
  assert.is(adler32(new Uint8Array(0)), 1);
  // Long enough to need the modulus more than once: a = 1 + 255 n, b = n + 255 n (n + 1) / 2, both modulo 65521.
  const n = 20000;
  assert.is(adler32(new Uint8Array(n).fill(255)), ((n + (255 * n * (n + 1)) / 2) % 65521) * 65536 + ((1 + 255 * n) % 65521));
});

test("the goldens hold every colour type and bit depth, interlaced and not", () => {
  const kinds = new Set(goldens.map(({ file }) => Array.from(fromBase64(file).subarray(24, 29)).join()));
  for (const [type, depths] of [[0, [1, 2, 4, 8, 16]], [2, [8, 16]], [3, [1, 2, 4, 8]], [4, [8, 16]], [6, [8, 16]]] as const) {
    for (const depth of depths) {
      assert.ok(kinds.has(`${depth},${type},0,0,0`), `type ${type}, ${depth} bits`);
      assert.ok(kinds.has(`${depth},${type},0,0,1`), `type ${type}, ${depth} bits, interlaced`);
    }
  }
});

for (const golden of goldens) {
  test(`${golden.name}: as ${golden.agrees.join(" and ")}`, async () => {
    const image = await decodePng(fromBase64(golden.file));
    assert.equal([image.width, image.height], [golden.width, golden.height]);
    assert.equal(Array.from(image.data), Array.from(fromBase64(golden.rgba)));
  });
}

test("bytes may be any part of a larger buffer", async () => {
  const { file, rgba } = goldens[0];
  const whole = Uint8Array.from([9, 9, 9, ...fromBase64(file), 9]);
  const image = await decodePng(whole.subarray(3, whole.length - 1));
  assert.equal(Array.from(image.data), Array.from(fromBase64(rgba)));
});

test("unknown chunks that are not critical are passed over, also an animation's frames", async () => {
  const data = chunk("IDAT", await zlib([0, 7]));
  const image = await decodePng(
    png(header(1, 1, 8, 0), chunk("acTL", [0, 0, 0, 1, 0, 0, 0, 0]), chunk("prVt", [1]), data, chunk("fdAT", [0, 0, 0, 1]), chunk("tEXt")),
  );
  assert.equal(Array.from(image.data), [7, 7, 7, 255]);
});

test("encodePng: the pixels come back, in the smallest colour type", async () => {
  const random = (length: number, salt: number): Uint8Array => Uint8Array.from(
    { length }, (_, i) => ((i + salt) * (i + 3 * salt) * 37) >> 4,
  );
  for (const [channels, colourType] of [[1, 0], [3, 2], [4, 6], [2, 6]]) {
    for (const [width, height] of [[1, 1], [7, 5], [64, 33]]) {
      const image = fromSamples(random(width * height * channels, width), width, height, channels);
      if (channels % 2 === 0) image.data[3] = 0;
      if (channels === 3) image.data[0] = image.data[1] ^ 1;
      const file = await encodePng(image);
      assert.is(file[25], colourType, `${channels} channels`);
      const back = await decodePng(file);
      assert.equal([back.width, back.height], [width, height]);
      assert.equal(Array.from(back.data), Array.from(image.data));
    }
  }
});

test("encodePng: filters pay on a smooth picture", async () => {
  // A ramp differs from its neighbours by constants: nearly nothing is left of its 12,288 bytes.
  const ramp = fromSamples(
    Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => Math.trunc(i / 3) % 64 + 2 * Math.trunc(i / 192) + (i % 3)), 64, 64, 3,
  );
  assert.ok((await encodePng(ramp)).length < 400);
});

test.run();
