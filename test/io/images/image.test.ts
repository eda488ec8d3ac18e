/** Images in memory, and telling files apart by their first bytes. */
import { runInNewContext } from "node:vm";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { FormatError } from "../../../src/errors.ts";
import { checkImage, type DecodeOptions, fromSamples, luma } from "../../../src/io/images/image.ts";
import { decodeImage, decodeImageSync, imageFormat, UnsupportedImage } from "../../../src/io/images/decode.ts";
import { decodePng, encodePng } from "../../../src/io/images/png.ts";
import { decodePnm, encodePpm } from "../../../src/io/images/pnm.ts";
import { fileJson } from "../../support/files.ts";
import { ascii, failure, fromBase64 } from "./image-files.ts";

const wrong = (image: unknown, kind: typeof TypeError | typeof RangeError, pattern: RegExp): void => {
  assert.throws(() => checkImage(image, "preprocess: image 2"), (error: unknown) => {
    assert.instance(error, kind);
    assert.match((error as Error).message, pattern);
    return (error as Error).message.startsWith("preprocess: image 2");
  });
};

test("checkImage: what canvas and sharp give", () => {
  checkImage({ data: new Uint8ClampedArray(24), width: 3, height: 2, colorSpace: "srgb" });
  checkImage({ data: new Uint8Array(24), width: 3, height: 2 });
});

test("checkImage: the wrong kind", () => {
  wrong(null, TypeError, /wants \{ data, width, height \}, got null/);
  wrong("x.png", TypeError, /wants \{ data, width, height \}, got "x.png"/);
  wrong({ width: 1, height: 1 }, TypeError, /data wants a Uint8Array or Uint8ClampedArray of RGBA bytes, got undefined/);
  wrong({ data: new Float32Array(4), width: 1, height: 1 }, TypeError, /got Float32Array\(4\)/);
  wrong({ data: [1, 2, 3, 4], width: 1, height: 1 }, TypeError, /got \[1,2,3,4\]/);
});

test("checkImage: the wrong size", () => {
  const data = new Uint8Array(24);
  wrong({ data, width: 0, height: 2 }, RangeError, /width wants a whole number of at least 1, got 0/);
  wrong({ data, width: 3, height: 1.5 }, RangeError, /height wants .* got 1.5/);
  wrong({ data, width: "3", height: 2 }, RangeError, /width wants .* got "3"/);
  wrong({ data, width: 3, height: NaN }, RangeError, /height wants .* got NaN/);
  wrong({ data, info: { width: 3, height: 2 } }, RangeError, /width wants .* got undefined/);
  wrong({ data, width: 3, height: 3 }, RangeError, /3 x 3 RGBA pixels want 36 bytes, data has 24$/);
  wrong({ data, width: 1e6, height: 1e6 }, RangeError, /1000000 x 1000000 pixels are too many/);
});

test("checkImage: other numbers of channels are recognised", () => {
  wrong({ data: new Uint8Array(18), width: 3, height: 2 }, RangeError, /RGB, 3 bytes a pixel; fromSamples\(data, width, height, 3\)/);
  wrong({ data: new Uint8Array(6), width: 3, height: 2 }, RangeError, /grey, 1 byte a pixel; fromSamples\(data, width, height, 1\)/);
  wrong(
    { data: new Uint8Array(12), width: 3, height: 2 }, RangeError,
    /grey with alpha, 2 bytes a pixel; fromSamples\(data, width, height, 2\)/,
  );
});

test("fromSamples: 1 to 4 channels", () => {
  const data = Uint8Array.of(10, 20, 30, 40, 50, 60, 70, 80);
  assert.equal(Array.from(fromSamples(data.subarray(0, 2), 2, 1, 1).data), [10, 10, 10, 255, 20, 20, 20, 255]);
  assert.equal(Array.from(fromSamples(data.subarray(0, 4), 2, 1, 2).data), [10, 10, 10, 20, 30, 30, 30, 40]);
  assert.equal(Array.from(fromSamples(data.subarray(0, 6), 1, 2, 3).data), [10, 20, 30, 255, 40, 50, 60, 255]);
  const copy = fromSamples(data, 2, 1, 4);
  assert.equal(copy, { data, width: 2, height: 1 });
  assert.is.not(copy.data, data);
  assert.throws(() => fromSamples(data, 2, 1, 3), /2 x 1 pixels of 3 bytes want 6 bytes, data has 8/);
  assert.throws(() => fromSamples(data, 2, 1, 5), /channels wants 1, 2, 3 or 4, got 5/);
  assert.throws(() => fromSamples([1] as unknown as Uint8Array, 1, 1, 1), /data wants a Uint8Array/);
});

test("luma: equal to PIL's on 4,096 colours, and grey stays as it is", () => {
  const golden = fileJson<{ colours: string; luma: string }>("goldens/images/pil-resize.json");
  const colours = fromBase64(golden.colours);
  assert.equal(
    Array.from({ length: 4096 }, (_, i) => luma(colours[3 * i], colours[3 * i + 1], colours[3 * i + 2])),
    Array.from(fromBase64(golden.luma)),
  );
  for (let grey = 0; grey < 256; grey++) assert.is(luma(grey, grey, grey), grey);
});

test("decodeImage: PNG and Netpbm", async () => {
  const image = fromSamples(Uint8Array.of(1, 2, 3, 4, 5, 6), 2, 1, 3);
  assert.equal(await decodeImage(await encodePng(image)), image);
  assert.equal(await decodeImage(encodePpm(image)), image);
  for (const file of [await encodePng(image), encodePpm(image)]) {
    assert.match((await failure(() => decodeImage(file, { maxPixels: 1 }))).message, /more than the limit of 1/);
  }
});

test("decodeImage takes any bytes by their tag, and options by their names", async () => {
  const image = fromSamples(Uint8Array.of(1, 2, 3, 4, 5, 6), 2, 1, 3);
  const file = await encodePng(image);
  const foreign = runInNewContext("Uint8Array.from(bytes)", { bytes: Array.from(file) }) as Uint8Array;
  assert.not(foreign instanceof Uint8Array);
  const inside = Uint8Array.from([9, ...file, 9]).subarray(1, file.length + 1);
  for (const bytes of [foreign, foreign.buffer, file.slice().buffer, inside]) {
    assert.equal(await decodeImage(bytes), image);
    assert.equal(decodeImageSync(bytes), image);
  }
  for (const decode of [decodeImage, decodePng, async (bytes: Uint8Array, options: object) => decodeImageSync(bytes, options)]) {
    const told = async (options: object): Promise<string> => (await failure(() => decode(file, options))).message;
    assert.match(await told({ maxPixel: 5 }), /unknown option "maxPixel" \(did you mean "maxPixels"\?\)$/);
    assert.match(await told({ maxPixels: NaN }), /maxPixels wants at least 1, got NaN$/);
    assert.match(await told({ maxPixels: "9" }), /maxPixels wants a number, got "9"$/);
    assert.match(await told({ tolerant: 1 }), /tolerant wants true or false, got 1$/);
    assert.match(await told(null as unknown as object), /wants an object of options, got null$/);
  }
});

test("decodeImage: other formats are named", async () => {
  const beginnings: [string, string][] = [
    ["RIFF\x24\0\0\0WEBPVP8 ", "WebP"], ["GIF89a", "GIF"], ["GIF87a", "GIF"], ["BM\x36", "BMP"],
    ["II*\0", "TIFF"], ["MM\0*", "TIFF"], ["\0\0\0\x20ftypavif", "AVIF"], ["\0\0\0\x18ftypheic", "HEIC"], ["\0\0\0\x0cJXL ", "JPEG XL"],
    ["\xff\x0a", "JPEG XL"],
  ];
  for (const [begin, format] of beginnings) {
    const error = await failure(() => decodeImage(ascii(begin)));
    assert.instance(error, UnsupportedImage, format);
    assert.instance(error, FormatError);
    assert.is((error as UnsupportedImage).format, format);
    assert.match(error.message, new RegExp(`^${format} images are not read here: only PNG, JPEG, PBM, PGM and PPM are`));
  }
});

test("decodeImage: options that are misspelt or of another kind, and a limit that would limit nothing", async () => {
  const file = await encodePng({ data: new Uint8Array(16), width: 2, height: 2 });
  const wrongOptions: readonly (readonly [unknown, RegExp])[] = [
    [{ tolerent: true }, /^decodeImage: unknown option "tolerent" \(did you mean "tolerant"\?\)$/],
    [{ maxPixels: NaN }, /^decodeImage: maxPixels wants at least 1, got NaN$/],
    [{ maxPixels: "9" }, /^decodeImage: maxPixels wants a number, got "9"$/],
    [{ tolerant: 1 }, /^decodeImage: tolerant wants true or false, got 1$/],
    [{ applyOrientation: "yes" }, /^decodeImage: applyOrientation wants true or false, got "yes"$/],
    [null, /^decodeImage: wants an object of options, got null$/],
  ];
  for (const [options, message] of wrongOptions) {
    assert.match((await failure(() => decodeImage(file, options as DecodeOptions))).message, message);
  }
  await failure(() => decodePng(file, { maxPixels: NaN }));
  await failure(() => decodePnm(encodePpm({ data: new Uint8Array(16), width: 2, height: 2 }), { maxPixels: NaN }));
});

test("decodeImage: anything else", async () => {
  for (
    const [text, pattern] of [
      ["", /empty/], ["hello", /begins with 68 65 6c 6c/], ["P8 1 1", /no format that is known/], ["\x89PN", /89 50 4e/],
    ] as const
  ) {
    const error = await failure(() => decodeImage(ascii(text)));
    assert.instance(error, FormatError);
    assert.not(error instanceof UnsupportedImage);
    assert.match(error.message, pattern);
  }
  assert.is(imageFormat(ascii("RIFF\x24\0\0\0WAVE")), undefined);
  assert.instance(await failure(() => decodeImage({} as Uint8Array)), TypeError);
});

test.run();
