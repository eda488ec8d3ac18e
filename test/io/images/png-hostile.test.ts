/** PNG files that are cut short, corrupt or lie: each ends in one FormatError of one line, and soon. */
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../../kernels/random.ts";
import { FormatError } from "../../../src/errors.ts";
import { join } from "../../../src/io/bytes/inflate.ts";
import { inflateRaw } from "../../../src/io/bytes/inflate-raw.ts";
import { decodeImageSync } from "../../../src/io/images/decode.ts";
import { decodePng, decodePngSync, encodePng } from "../../../src/io/images/png.ts";
import { layOut } from "../../../src/io/images/png-samples.ts";
import { fileJson } from "../../support/files.ts";
import { fakeStream, onHost } from "../../support/streams.ts";
import { chunk, failure, fromBase64, type GoldenImage, header, png, repair, signature, zlib } from "./image-files.ts";

const goldens = fileJson<GoldenImage[]>("goldens/images/pil-images.json");
const golden = (name: string): Uint8Array => fromBase64(goldens.find((image) => image.name === name)!.file);
const mixed = [
  "type 0, 1 bits, interlaced", "type 3, 4 bits, transparent", "type 2, 8 bits", "type 6, 16 bits, interlaced", "three data chunks",
];

async function refuses(file: Uint8Array, pattern: RegExp, options?: { maxPixels: number }): Promise<void> {
  const error = await failure(() => decodePng(file, options));
  assert.instance(error, FormatError, `${pattern}: ${error.message}`);
  assert.match(error.message, pattern);
  assert.match(error.message, /^PNG[^\n]{10,150}$/);
}

/** Where the image data of a good file ends: what comes behind it changes nothing. */
function dataEnd(file: Uint8Array): number {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let end = 0;
  for (let at = 8; at < file.length; at += 12 + view.getUint32(at)) {
    if (String.fromCharCode(...file.subarray(at + 4, at + 8)) === "IDAT") end = at + 12 + view.getUint32(at);
  }
  return end;
}

async function reads(file: Uint8Array, rgba: readonly number[]): Promise<void> {
  assert.equal(Array.from((await decodePng(file)).data), rgba);
}

const grey = header(2, 2, 8, 0);
const greyData = chunk("IDAT", await zlib([0, 1, 2, 0, 3, 4]));

test("the file that the cases below spoil is good", async () => {
  const image = await decodePng(png(grey, greyData));
  assert.equal(Array.from(image.data), [1, 1, 1, 255, 2, 2, 2, 255, 3, 3, 3, 255, 4, 4, 4, 255]);
});

test("cut short at every byte: refused unless all image data is there, as by PIL and libpng", async () => {
  for (const name of mixed) {
    const file = golden(name);
    const whole = Array.from((await decodePng(file)).data);
    const end = dataEnd(file);
    for (let length = 0; length < end; length++) {
      await refuses(file.subarray(0, length), /signature|cut short|wants|ends after|missing|no IDAT/);
    }
    for (let length = end; length < file.length; length++) await reads(file.subarray(0, length), whole);
  }
});

test("any byte changed up to the end of the image data: the checksums notice; behind it, it changes nothing", async () => {
  const random = new Random(1);
  for (const name of mixed) {
    const file = golden(name);
    const whole = Array.from((await decodePng(file)).data);
    const end = dataEnd(file);
    for (let at = 0; at < file.length; at++) {
      const broken = file.slice();
      broken[at] ^= 1 + random.below(255);
      if (at < end) await refuses(broken, /./);
      // A changed length of IEND is not looked at, a changed name may make it a chunk that is too long.
      else await reads(broken, whole).catch((error: Error) => assert.match(error.message, /^PNG: chunk \w+ at byte \d+ wants/));
    }
  }
});

test("bytes changed and checksums made right again: an error or an image of the size that is claimed, nothing else", async () => {
  const random = new Random(2);
  let decoded = 0;
  let refused = 0;
  for (let round = 0; round < 1500; round++) {
    const file = golden(mixed[round % mixed.length]);
    // Past the dimensions, so that images stay small; the names of chunks too.
    for (let n = 1 + random.below(3); n > 0; n--) file[24 + random.below(file.length - 24)] = random.below(256);
    try {
      const image = await decodePng(repair(file), { maxPixels: 10000 });
      assert.is(image.data.length, image.width * image.height * 4);
      decoded++;
    } catch (error) {
      assert.instance(error, FormatError, String(error));
      refused++;
    }
  }
  assert.ok(refused > 500 && decoded > 0, `${refused} refused, ${decoded} decoded`);
});

test("any bytes as rows of any kind of image", async () => {
  const random = new Random(3);
  let decoded = 0;
  for (let round = 0; round < 600; round++) {
    const depth = 1 << random.below(5);
    const colourType = [0, 2, 3, 4, 6][random.below(5)];
    const [width, height, interlace] = [1 + random.below(9), 1 + random.below(9), random.below(2)];
    const channels = [1, 0, 3, 1, 2, 0, 4][colourType];
    const { size } = layOut({
      width, height, depth, colourType, channels, interlaced: interlace === 1, palette: undefined, transparency: undefined,
    });
    const raw = Uint8Array.from({ length: size + (random.below(8) === 0 ? 1 : 0) }, () => random.below(random.below(4) === 0 ? 256 : 5));
    const parts = [header(width, height, depth, colourType, interlace), chunk("IDAT", await zlib(raw))];
    if (colourType === 3) parts.splice(1, 0, chunk("PLTE", new Uint8Array(3 * (1 + random.below(1 << depth)))));
    try {
      const image = await decodePng(png(...parts));
      assert.is(image.data.length, width * height * 4);
      decoded++;
    } catch (error) {
      assert.instance(error, FormatError, String(error));
    }
  }
  assert.ok(decoded > 30 && decoded < 570, `${decoded} decoded`);
});

test("claimed sizes", async () => {
  await refuses(png(header(100000, 100000, 8, 2), greyData), /100000 x 100000 pixels, more than the limit of 67108864/);
  await refuses(png(header(0xffffffff, 0xffffffff, 16, 6), greyData), /more than the limit/);
  await refuses(png(header(8000, 8000, 16, 6), greyData), /8000 x 8000 pixels cannot be in \d+ bytes/);
  await refuses(png(header(0, 5, 8, 0), greyData), /0 x 5 pixels is empty/);
  await refuses(png(grey, greyData), /2 x 2 pixels, more than the limit of 3/, { maxPixels: 3 });
});

test("header", async () => {
  const bad = (i: number, value: number): Uint8Array => {
    const file = png(grey, greyData);
    file[16 + i] = value;
    return repair(file);
  };
  await refuses(bad(8, 3), /bit depth of 1, 2, 4, 8, 16, got 3/);
  await refuses(png(header(2, 2, 4, 2), greyData), /colour type 2 wants a bit depth of 8, 16, got 4/);
  await refuses(png(header(2, 2, 16, 3), greyData), /bit depth/);
  await refuses(bad(9, 1), /colour type must be/);
  await refuses(bad(9, 5), /colour type must be/);
  await refuses(bad(10, 1), /compression method/);
  await refuses(bad(11, 1), /filter method/);
  await refuses(bad(12, 2), /interlace method/);
  await refuses(png(chunk("IHDR", new Uint8Array(12)), greyData), /13 bytes, got 12/);
});

test("order and number of chunks", async () => {
  const colours = header(2, 1, 8, 3);
  const palette = chunk("PLTE", [1, 2, 3, 4, 5, 6]);
  const data = chunk("IDAT", await zlib([0, 0, 1]));
  assert.equal(Array.from((await decodePng(png(colours, palette, data))).data), [1, 2, 3, 255, 4, 5, 6, 255]);
  const half = Math.trunc(greyData.length / 2);
  const [first, second] = [chunk("IDAT", greyData.subarray(8, half)), chunk("IDAT", greyData.subarray(half, greyData.length - 4))];
  assert.is((await decodePng(png(grey, first, second))).width, 2);

  await refuses(png(greyData), /first chunk must be IHDR, got IDAT/);
  await refuses(join([signature, chunk("CgBI", [0]), grey, greyData]), /got CgBI/);
  await refuses(png(grey, grey, greyData), /IHDR comes twice/);
  await refuses(png(grey), /no IDAT/);
  await refuses(png(grey, first, chunk("tEXt"), second), /follow one another, got tEXt/);
  await refuses(png(grey, chunk("ABCD"), greyData), /critical chunk ABCD/);
  await refuses(png(grey, chunk("a\nCD"), greyData), /not four letters/);
  await refuses(png(colours, data), /no PLTE/);
  await refuses(png(colours, data, palette), /no PLTE chunk before its data/);
  await refuses(png(colours, palette, palette, data), /PLTE comes twice/);
  await refuses(png(grey, palette, palette, greyData), /PLTE comes twice/);
  await refuses(png(colours, chunk("PLTE"), data), /1 to 256 colours/);
  await refuses(png(colours, chunk("PLTE", [1, 2]), data), /1 to 256 colours/);
  await refuses(png(colours, chunk("PLTE", new Uint8Array(771)), data), /1 to 256 colours of 3 bytes, got 771 bytes/);
  await refuses(png(colours, palette, chunk("tRNS", new Uint8Array(257)), data), /tRNS wants at most 256 bytes, one a colour, got 257/);
  await refuses(png(grey, chunk("tRNS", [0]), greyData), /tRNS wants 2 bytes, got 1/);
  await refuses(png(grey, greyData, chunk("tRNS", [0])), /tRNS wants 2 bytes, got 1/);
  const cutText = chunk("tEXt", new Uint8Array(20)).subarray(0, 20);
  await refuses(join([signature, grey, greyData, cutText]), /chunk tEXt at byte \d+ wants 20 bytes/);
});

test("faults that PIL and libpng pass over, with the same colours (test/peers/png)", async () => {
  const pixels = [1, 1, 1, 255, 2, 2, 2, 255, 3, 3, 3, 255, 4, 4, 4, 255];
  const palette = chunk("PLTE", [1, 2, 3, 4, 5, 6]);
  const good = chunk("IEND");
  const text = chunk("tEXt", [97, 0, 98]);
  const wrongText = text.slice();
  wrongText[text.length - 1] ^= 1;
  // No end, half of one, one with data or a wrong checksum; damaged, unknown and misplaced chunks behind the data.
  const ends = [
    [], [good.subarray(0, 7)], [chunk("IEND", [0])], [good.subarray(0, 11)], [wrongText, good], [chunk("ABCD"), good], [palette, good],
    [text, greyData, good], [chunk("a\nCD"), good],
  ];
  for (const rest of ends) await reads(join([signature, grey, greyData, ...rest]), pixels);
  // A palette in a grey image, and a suggested one that is no list of colours or too long.
  await reads(png(grey, palette, greyData), pixels);
  await reads(png(grey, chunk("PLTE", [1, 2]), greyData), pixels);
  const colour = header(1, 1, 8, 2);
  const one = chunk("IDAT", await zlib([0, 7, 8, 9]));
  for (const size of [2, 768, 771]) await reads(png(colour, chunk("PLTE", new Uint8Array(size)), one), [7, 8, 9, 255]);
  // Transparency beside alpha; bits above the depth.
  const alpha = [header(1, 1, 8, 4), chunk("tRNS", [0, 7]), chunk("IDAT", await zlib([0, 7, 99]))];
  await reads(png(...alpha), [7, 7, 7, 99]);
  await reads(png(header(1, 1, 8, 6), chunk("tRNS", [0]), chunk("IDAT", await zlib([0, 7, 8, 9, 99]))), [7, 8, 9, 99]);
  await reads(png(colour, chunk("tRNS", [1, 7, 2, 8, 3, 9]), one), [7, 8, 9, 0]);
  await reads(png(header(1, 1, 1, 0), chunk("tRNS", [0xff, 0xff]), chunk("IDAT", await zlib([0, 0x80]))), [255, 255, 255, 0]);
  // Transparency twice, behind the data, before the palette, and longer than it should be: the alpha is PIL's.
  const last = [7, 8, 9, 0];
  await reads(png(colour, chunk("tRNS", [0, 1, 0, 1, 0, 1]), chunk("tRNS", [0, 7, 0, 8, 0, 9]), one), last);
  await reads(png(colour, chunk("tRNS", [0, 7, 0, 8, 0, 9]), chunk("tRNS", [0, 1, 0, 1, 0, 1]), one), [7, 8, 9, 255]);
  await reads(png(colour, one, chunk("tRNS", [0, 7, 0, 8, 0, 9])), last);
  await reads(png(colour, chunk("tRNS", [0, 7, 0, 8, 0, 9, 0, 0]), one), last);
  const deep = chunk("IDAT", await zlib([0, 0, 7, 0, 8, 0, 9]));
  await reads(png(header(1, 1, 16, 2), chunk("tRNS", [0, 7, 0, 8, 0, 9]), deep), [0, 0, 0, 0]);
  await reads(png(header(1, 1, 16, 2), chunk("tRNS", [0, 7, 0, 8, 0, 9, 0]), deep), [0, 0, 0, 255]);
  await reads(png(header(1, 1, 16, 2), deep, chunk("tRNS", [0, 7, 0, 8, 0, 9])), [0, 0, 0, 255]);
  const pair = [header(2, 1, 1, 3), chunk("PLTE", [1, 2, 3, 4, 5, 6])];
  const both = chunk("IDAT", await zlib([0, 0x40]));
  const faint = [1, 2, 3, 9, 4, 5, 6, 8];
  await reads(png(pair[0], chunk("tRNS", [9, 8]), pair[1], both), faint);
  await reads(png(...pair, chunk("tRNS", [9, 8, 7, 6]), both), faint);
  await reads(png(...pair, both, chunk("tRNS", [9, 8])), faint);
  // A palette that is longer than the depth allows, or too short for a pixel; no entries of transparency.
  const two = chunk("IDAT", await zlib([0, 0x40]));
  await reads(png(header(2, 1, 1, 3), chunk("PLTE", [1, 2, 3, 4, 5, 6, 7, 8, 9]), chunk("tRNS"), two), [1, 2, 3, 255, 4, 5, 6, 255]);
  await reads(png(header(2, 1, 1, 3), chunk("PLTE", [1, 2, 3]), two), [1, 2, 3, 255, 0, 0, 0, 255]);
  // Bytes behind the stream, chunks behind it, empty ones, more rows than there are, a larger window than is said.
  const data = greyData.subarray(8, greyData.length - 4);
  const cut = [data.subarray(0, 3), new Uint8Array(0), data.subarray(3), Uint8Array.of(1, 2, 3)];
  await reads(png(grey, chunk("IDAT", [...data, 0])), pixels);
  await reads(png(grey, chunk("IDAT", [...data, 1, 2, 3, 4])), pixels);
  await reads(png(grey, ...cut.map((part) => chunk("IDAT", part))), pixels);
  await reads(png(grey, chunk("IDAT", await zlib([0, 1, 2, 0, 3, 4, 5]))), pixels);
  await reads(png(grey, chunk("IDAT", [0x08, 0x1d, ...data.subarray(2)])), pixels);
});

test("image data", async () => {
  const data = greyData.subarray(8, greyData.length - 4);
  await refuses(png(grey, chunk("IDAT", await zlib([0, 1, 2, 0, 3]))), /ends after 5 of 6 bytes/);
  await refuses(png(grey, chunk("IDAT", await zlib([0, 1, 2, 5, 3, 4]))), /row filter must be 0 to 4, got 5/);
  await refuses(png(grey, chunk("IDAT")), /cannot be in 0 bytes/);
  await refuses(png(grey, chunk("IDAT", [1, 2, 3, 4, 5, 6, 7])), /corrupt/);
  const wrong = data.slice();
  wrong[wrong.length - 1] ^= 1;
  await refuses(png(grey, chunk("IDAT", wrong)), /corrupt|checksum/);
  for (const lost of [1, 2, 3, 4]) await refuses(png(grey, chunk("IDAT", data.subarray(0, data.length - lost))), /corrupt|checksum/);
  // Window, dictionary, method and check of zlib's header.
  for (const head of [[0x88, 0x1c], [0x78, 0xbb], [0x79, 0x9b], [0x78, 0x9d]]) {
    await refuses(png(grey, chunk("IDAT", [...head, ...data.subarray(2)])), /corrupt/);
  }
});

test("a bomb: of 30 MB of zeros where 10,100 bytes belong, no more come out", async () => {
  const raw = await zlib(new Uint8Array(30000000));
  const { bytes, complete } = inflateRaw(raw.subarray(2), 10100, "bomb", true);
  assert.equal([bytes.length, bytes.buffer.byteLength, complete], [10100, 10100, false]);
  const image = await decodePng(png(header(100, 100, 8, 0), chunk("IDAT", raw)));
  assert.ok(image.data.every((byte, i) => byte === (i % 4 === 3 ? 255 : 0)));
});

test("a host without streams reads and writes PNG all the same, and at once", async () => {
  await onHost({ DecompressionStream: undefined, CompressionStream: undefined }, async () => {
    for (const name of mixed) {
      const image = await decodePng(golden(name));
      assert.equal(decodePngSync(golden(name)), image);
      assert.equal(decodeImageSync(golden(name)), image);
      const file = await encodePng(image);
      assert.equal(Array.from((await decodePng(file)).data), Array.from(image.data));
    }
    const large = { data: new Uint8Array(200 * 150 * 4).map((_, i) => i >> 3), width: 200, height: 150 };
    assert.equal(Array.from(decodePngSync(await encodePng(large)).data), Array.from(large.data));
  });
});

test("whatever a host's stream gives of a large file, the pixels are the file's", async () => {
  const random = new Random(5);
  const image = { data: new Uint8Array(200 * 150 * 4).map(() => random.below(256)), width: 200, height: 150 };
  const file = await encodePng(image);
  const streams: (() => Uint8Array | undefined)[] = [
    () => new Uint8Array(100000), () => undefined,
    () => {
      throw new TypeError("Trailing junk");
    },
  ];
  let once = true;
  streams.push(() => (once ? ((once = false), new Uint8Array(150 * 801)) : undefined));
  for (const pieces of streams) {
    const log: string[] = [];
    await onHost({ DecompressionStream: fakeStream(pieces, log) }, async () => assert.equal((await decodePng(file)).data, image.data));
    assert.ok(log.includes("cancel"));
  }
});

test("bad streams leave no rejection unheard", async () => {
  const heard: unknown[] = [];
  const listener = (reason: unknown): void => void heard.push(reason);
  process.on("unhandledRejection", listener);
  const raw = greyData.subarray(8, greyData.length - 4);
  for (let at = 0; at < raw.length; at++) {
    const broken = raw.slice();
    broken[at] ^= 255;
    // Where damage makes a stream longer, its first rows count, as with PIL and libpng.
    await decodePng(png(grey, chunk("IDAT", broken))).catch((error: Error) => assert.instance(error, FormatError));
    await refuses(png(grey, chunk("IDAT", raw.subarray(0, at))), /./);
  }
  // Rejections are reported after the turn in which they go unheard.
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setTimeout(resolve, 0));
  process.off("unhandledRejection", listener);
  assert.equal(heard, []);
});

test("arguments of the wrong kind", async () => {
  assert.match(
    (await failure(() => decodePng(new ArrayBuffer(8) as unknown as Uint8Array))).message,
    /^decodePng: bytes wants a Uint8Array, got ArrayBuffer/,
  );
  assert.match(
    (await failure(() => encodePng({ data: new Uint8Array(3), width: 1, height: 1 }))).message,
    /^encodePng: image: 1 x 1 RGBA pixels want 4 bytes, data has 3/,
  );
});

test.run();
