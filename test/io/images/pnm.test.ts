/** PBM, PGM and PPM: the pixels that PIL reads from the same files (goldens/images/pil.py), and files that are cut short or lie. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../../kernels/random.ts";
import { FormatError } from "../../../src/errors.ts";
import { fromSamples } from "../../../src/io/images/image.ts";
import { decodePnm, encodePgm, encodePpm } from "../../../src/io/images/pnm.ts";
import { fileJson } from "../../support/files.ts";
import { ascii, fromBase64, type GoldenImage } from "./image-files.ts";

const goldens = fileJson<GoldenImage[]>("goldens/images/pil-images.json").filter((image) => /^P[1-6]|writes/.test(image.name));

function refuses(file: string | Uint8Array, pattern: RegExp, options?: { maxPixels: number }): void {
  const bytes = typeof file === "string" ? ascii(file) : file;
  assert.throws(() => decodePnm(bytes, options), (error: unknown) => {
    assert.instance(error, FormatError, String(error));
    assert.match((error as Error).message, pattern);
    return /^PNM: [^\n]{10,150}$/.test((error as Error).message);
  });
}

test("the goldens hold all six formats", () => {
  assert.equal([...new Set(goldens.map(({ file }) => String.fromCharCode(fromBase64(file)[1])))].sort().join(""), "123456");
});

for (const golden of goldens) {
  test(`${golden.name}: as PIL`, () => {
    const image = decodePnm(fromBase64(golden.file));
    assert.equal([image.width, image.height], [golden.width, golden.height]);
    assert.equal(Array.from(image.data), Array.from(fromBase64(golden.rgba)));
  });
}

test("white space and comments wherever the format has them", () => {
  const one = [7, 7, 7, 255];
  for (
    const file of [
      "P5 1 1 255 \x07", "P5#c\n1#c\r1\t255\n\x07", "P5\n#\n#\n1 1\n255#c\n\x07", "P2\v1\f1\r255\n7", "P2 1 1 255 0000007 # end",
      "P2 1 1 255 #c\n7",
    ]
  ) {
    assert.equal(Array.from(decodePnm(ascii(file)).data), one, JSON.stringify(file));
  }
  // What follows the first image is not read.
  assert.equal(Array.from(decodePnm(ascii("P5 1 1 255 \x07P5 1 1 255 \x08")).data), one);
  assert.equal(Array.from(decodePnm(ascii("P2 1 1 255 7 P2 1 1 255 8")).data), one);
});

test("raw files cut short at every byte", () => {
  for (const { name, file } of goldens) {
    if (!/^P[456], /.test(name)) continue;
    const bytes = fromBase64(file);
    for (let length = 0; length < bytes.length; length++) refuses(bytes.subarray(0, length), /./);
  }
});

test("plain files cut short: an error unless only the last number lost a digit or the line its end", () => {
  for (const { name, file } of goldens) {
    if (!/^P[123], /.test(name)) continue;
    const bytes = fromBase64(file);
    const lastNumber = /\d+\s*$/.exec(String.fromCharCode(...bytes))!.index;
    // In P1 every digit is a pixel.
    const end = name.startsWith("P1") ? bytes.length - 1 : lastNumber + 1;
    for (let length = 0; length < end; length++) refuses(bytes.subarray(0, length), /./);
  }
});

test("files that lie", () => {
  refuses("", /does not begin/);
  refuses("P7\n1 1\n255\n1", /does not begin/);
  refuses("P5 100000 100000 255 \x01", /100000 x 100000 pixels, more than the limit of 67108864/);
  refuses("P5 5000 5000 255 \x01", /want at least 25000000 bytes after the header, the file has 1/);
  refuses("P3 5000 5000 255 1 2 3", /want at least 149999999 bytes/);
  refuses("P5 2 2 255 \x01\x01\x01\x01", /more than the limit of 3/, { maxPixels: 3 });
  refuses("P5 99999999999999999999 1 255 \x01", /width at byte 3 is too large/);
  refuses("P5 0 1 255 \x01", /0 x 1 pixels is empty/);
  refuses("P5 1 1 0 \x01", /maxval wants 1 to 65535, got 0/);
  refuses("P5 1 1 65536 \x01\x01", /maxval wants 1 to 65535, got 65536/);
  refuses("P5 1 1 15 \x10", /sample 16 is larger than maxval 15/);
  refuses("P2 1 1 15 16", /sample 16 is larger than maxval 15/);
  refuses("P5 -1 1 255 \x01", /width at byte 3 is not a number/);
  refuses("P5 1x 1 255 \x01", /width at byte 3 is not a number/);
  refuses("P5 1", /ends before its height/);
  refuses("P2 2 1 255 1 #2", /ends before its sample/);
  refuses("P1 2 1 12", /neither 0 nor 1/);
});

test("bytes changed at random: an error or an image of the size that is claimed", () => {
  const random = new Random(5);
  for (let round = 0; round < 3000; round++) {
    const file = fromBase64(goldens[random.below(goldens.length)].file);
    for (let n = 1 + random.below(3); n > 0; n--) {
      file[random.below(Math.min(24, file.length))] = random.below(2) === 0 ? random.below(256) : 48 + random.below(10);
    }
    try {
      const image = decodePnm(file);
      assert.is(image.data.length, image.width * image.height * 4);
    } catch (error) {
      assert.instance(error, FormatError, String(error));
    }
  }
});

test("encodePpm and encodePgm: read back, without alpha and as grey", () => {
  const image = fromSamples(Uint8Array.from({ length: 5 * 3 * 4 }, (_, i) => i * 41), 5, 3, 4);
  const colour = decodePnm(encodePpm(image));
  assert.equal([colour.width, colour.height], [5, 3]);
  assert.equal(Array.from(colour.data), Array.from(image.data, (value, i) => (i % 4 === 3 ? 255 : value)));
  const grey = fromSamples(Uint8Array.from([0, 1, 128, 254, 255]), 5, 1, 1);
  assert.equal(decodePnm(encodePgm(grey)), grey);
});

test.run();
