/** PNG files that are cut short, corrupt or lie: each ends in one FormatError of one line, and soon. */
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../../kernels/random.ts";
import { FormatError } from "../../../src/errors.ts";
import { join } from "../../../src/io/bytes/inflate.ts";
import { decodePng, encodePng } from "../../../src/io/images/png.ts";
import { layOut } from "../../../src/io/images/png-samples.ts";
import { fileJson } from "../../support/files.ts";
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

const grey = header(2, 2, 8, 0);
const greyData = chunk("IDAT", await zlib([0, 1, 2, 0, 3, 4]));

test("the file that the cases below spoil is good", async () => {
  const image = await decodePng(png(grey, greyData));
  assert.equal(Array.from(image.data), [1, 1, 1, 255, 2, 2, 2, 255, 3, 3, 3, 255, 4, 4, 4, 255]);
});

test("cut short at every byte", async () => {
  for (const name of mixed) {
    const file = golden(name);
    for (let length = 0; length < file.length; length++) await refuses(file.subarray(0, length), /signature|cut short|wants/);
  }
});

test("any byte changed: the checksums notice", async () => {
  const random = new Random(1);
  for (const name of mixed) {
    const file = golden(name);
    for (let at = 0; at < file.length; at++) {
      const broken = file.slice();
      broken[at] ^= 1 + random.below(255);
      await refuses(broken, /./);
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
  await refuses(join([signature, grey, greyData]), /no IEND/);
  await refuses(join([signature, grey, greyData, chunk("IEND", [0])]), /IEND must be empty/);
  await refuses(png(grey, first, chunk("tEXt"), second), /follow one another, got tEXt/);
  await refuses(png(grey, chunk("ABCD"), greyData), /critical chunk ABCD/);
  await refuses(png(grey, chunk("a\nCD"), greyData), /not four letters/);
  await refuses(png(colours, data), /no PLTE/);
  await refuses(png(colours, data, palette), /no PLTE chunk before its data/);
  await refuses(png(header(2, 1, 8, 2), chunk("IDAT", await zlib(new Uint8Array(7))), palette), /PLTE comes twice or in the wrong place/);
  await refuses(png(colours, palette, palette, data), /PLTE comes twice/);
  await refuses(png(colours, chunk("PLTE"), data), /1 to 256 colours/);
  await refuses(png(colours, chunk("PLTE", [1, 2]), data), /1 to 256 colours/);
  await refuses(png(header(2, 1, 1, 3), chunk("PLTE", new Uint8Array(771)), data), /1 to 256 colours/);
  await refuses(png(colours, chunk("PLTE", [1, 2, 3]), data), /palette colour 1, the palette ends at 0/);
  await refuses(png(colours, chunk("tRNS", [0]), palette, data), /tRNS comes twice or in the wrong place/);
  await refuses(png(colours, palette, chunk("tRNS", new Uint8Array(257)), data), /tRNS wants at most 256 bytes/);
  await refuses(png(colours, palette, data, chunk("tRNS", [0])), /tRNS comes twice or in the wrong place/);
  await refuses(png(grey, chunk("tRNS", [0]), greyData), /tRNS wants 2 bytes, got 1/);
});

test("chunks that PIL and libpng pass over: a palette of grey, a transparent colour beside alpha, colours that no pixel can have", async () => {
  const pixels = async (...chunks: Uint8Array[]): Promise<number[]> => Array.from((await decodePng(png(...chunks))).data);
  const palette = chunk("PLTE", [1, 2, 3, 4, 5, 6]);
  const plain = await pixels(grey, greyData);
  assert.equal(await pixels(grey, palette, greyData), plain);
  assert.equal(await pixels(grey, palette, palette, greyData), plain);
  assert.equal(await pixels(grey, greyData, palette), plain);

  const greyAlpha = chunk("IDAT", await zlib([0, 7, 200]));
  assert.equal(await pixels(header(1, 1, 8, 4), chunk("tRNS", [0, 7]), greyAlpha), [7, 7, 7, 200]);
  assert.equal(await pixels(header(1, 1, 8, 4), palette, greyAlpha), [7, 7, 7, 200]);
  const rgba = chunk("IDAT", await zlib([0, 7, 8, 9, 200]));
  assert.equal(await pixels(header(1, 1, 8, 6), chunk("tRNS", [0, 7, 0, 8, 0, 9]), rgba), [7, 8, 9, 200]);

  const bits = chunk("IDAT", await zlib([0, 0b01000000]));
  assert.equal(await pixels(header(2, 1, 1, 3), chunk("PLTE", [1, 2, 3, 4, 5, 6, 7, 8, 9]), bits), [1, 2, 3, 255, 4, 5, 6, 255]);
  assert.equal(await pixels(header(2, 1, 1, 3), palette, chunk("tRNS", [9, 8, 7]), bits), [1, 2, 3, 9, 4, 5, 6, 8]);
});

test("image data", async () => {
  const data = greyData.subarray(8, greyData.length - 4);
  await refuses(png(grey, chunk("IDAT", await zlib([0, 1, 2, 0, 3]))), /ends after 5 of 6 bytes/);
  await refuses(png(grey, chunk("IDAT", await zlib([0, 1, 2, 0, 3, 4, 5]))), /goes on after the 6 bytes/);
  await refuses(png(grey, chunk("IDAT", await zlib([0, 1, 2, 5, 3, 4]))), /row filter must be 0 to 4, got 5/);
  await refuses(png(grey, chunk("IDAT")), /cannot be in 0 bytes/);
  await refuses(png(grey, chunk("IDAT", [1, 2, 3, 4, 5, 6, 7])), /corrupt/);
  const wrong = data.slice();
  wrong[wrong.length - 1] ^= 1;
  await refuses(png(grey, chunk("IDAT", wrong)), /corrupt|checksum/);
  for (const lost of [1, 2, 3, 4]) await refuses(png(grey, chunk("IDAT", data.subarray(0, data.length - lost))), /corrupt|checksum/);
  await refuses(png(grey, chunk("IDAT", [...data, 0])), /corrupt|checksum/);
});

/** `run` with another DecompressionStream. */
async function onHost(stream: unknown, run: () => Promise<void>): Promise<void> {
  const host = globalThis as { DecompressionStream?: unknown };
  const own = Object.getOwnPropertyDescriptor(host, "DecompressionStream")!;
  Object.defineProperty(host, "DecompressionStream", { configurable: true, value: stream });
  try {
    await run();
  } finally {
    Object.defineProperty(host, "DecompressionStream", own);
  }
}

/** A host whose stream gives `pieces`, whatever comes in; `log` hears what is asked of it. */
function fakeStream(pieces: () => Uint8Array | undefined, log: string[]): unknown {
  return class {
    readonly readable = {
      getReader: () => ({
        read: async () => {
          const value = pieces();
          log.push("read");
          return value === undefined ? { done: true } : { done: false, value };
        },
        cancel: async () => void log.push("cancel"),
      }),
    };
    readonly writable = {
      getWriter: () => ({ write: async () => {}, close: async () => {}, abort: async () => void log.push("abort") }),
    };
  };
}

test("a stream without end is left as soon as it gives too much", async () => {
  const log: string[] = [];
  await onHost(fakeStream(() => new Uint8Array(4), log), () => refuses(png(grey, greyData), /goes on after the 6 bytes/));
  assert.equal(log, ["read", "read", "cancel", "abort"]);
});

test("what a host may let pass is noticed here: a stream without its checksum, and bytes after it", async () => {
  const data = greyData.subarray(8, greyData.length - 4);
  for (const spoilt of [data.subarray(0, data.length - 1), data.subarray(0, data.length - 4), [...data, 0], [...data, 1, 2, 3, 4]]) {
    const pieces = [Uint8Array.of(0, 1, 2), Uint8Array.of(0, 3, 4)];
    await onHost(
      fakeStream(() => pieces.shift(), []), () => refuses(png(grey, chunk("IDAT", spoilt)), /checksum at the end of the image data/),
    );
  }
});

test("a bomb: 30 MB of zeros where 10,100 bytes belong", async () => {
  const bomb = chunk("IDAT", await zlib(new Uint8Array(30000000)));
  await refuses(png(header(100, 100, 8, 0), bomb), /goes on after the 10100 bytes/);
});

test("a host without streams: the error says what is missing, and is no FormatError", async () => {
  await onHost(undefined, async () => {
    const error = await failure(() => decodePng(png(grey, greyData)));
    assert.match(error.message, /no DecompressionStream/);
    assert.not(error instanceof FormatError);
  });
});

test("bad streams leave no rejection unheard", async () => {
  const heard: unknown[] = [];
  const listener = (reason: unknown): void => void heard.push(reason);
  process.on("unhandledRejection", listener);
  const raw = greyData.subarray(8, greyData.length - 4);
  for (let at = 0; at < raw.length; at++) {
    const broken = raw.slice();
    broken[at] ^= 255;
    await refuses(png(grey, chunk("IDAT", broken)), /./);
    await refuses(png(grey, chunk("IDAT", raw.subarray(0, at))), /./);
  }
  await refuses(png(header(100, 100, 8, 0), chunk("IDAT", await zlib(new Uint8Array(3000000)))), /goes on/);
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
