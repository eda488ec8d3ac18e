/** Preprocessing: torchvision's own tensors (goldens/images/pil.py) to the last bit, and objects read from JSON. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { FormatError } from "../../../src/errors.ts";
import { crc32 } from "../../../src/io/bytes/checksum.ts";
import { fromSamples, type RgbaImage } from "../../../src/io/images/image.ts";
import { cropStart, type Preprocessing, preprocess, resizedSize } from "../../../src/io/images/preprocess.ts";
import { parsePreprocessing } from "../../../src/io/images/preprocessing-json.ts";
import { presets } from "../../../models/index.ts";
import { fileJson } from "../../support/files.ts";
import { fromBase64 } from "./image-files.ts";

interface Case {
  readonly source: "photo" | "turned";
  readonly preprocessing: Preprocessing;
  readonly crc32: number;
  readonly floats?: string;
}

const golden = fileJson<{ photo: string; preprocessed: Case[] }>("goldens/images/pil-resize.json");
const photo = fromSamples(fromBase64(golden.photo), 40, 30, 3);

/** By 90 degrees, against the clock. */
function turn({ data, width, height }: RgbaImage): RgbaImage {
  const out = new Uint8Array(data.length);
  for (let y = 0; y < width; y++) {
    for (let x = 0; x < height; x++) {
      out.set(data.subarray((x * width + width - 1 - y) * 4, (x * width + width - y) * 4), (y * height + x) * 4);
    }
  }
  return { data: out, width: height, height: width };
}

const sources = { photo, turned: turn(photo) };

for (const { source, preprocessing, crc32: wanted, floats } of golden.preprocessed) {
  const { resize, size, interpolation, channels } = preprocessing;
  test(`${source}, resize ${resize ?? "none"}, crop ${size}, ${interpolation}, ${channels}: as torchvision`, () => {
    const tensor = preprocess(sources[source], preprocessing);
    assert.equal(tensor.shape, [1, channels === "gray" ? 1 : 3, ...size]);
    if (floats !== undefined) assert.equal(Array.from(tensor.data), Array.from(new Float32Array(fromBase64(floats).buffer)));
    assert.is(crc32(new Uint8Array(tensor.data.buffer)), wanted);
  });
}

const plain: Preprocessing = { size: [1, 2], interpolation: "bilinear", channels: "rgb", range: 255, mean: [0, 0, 0], std: [1, 1, 1] };
const two = fromSamples(Uint8Array.of(10, 20, 30, 0, 40, 50, 60, 255), 2, 1, 4);

test("alpha is dropped; channels come in the order that is asked for", () => {
  assert.equal(Array.from(preprocess(two, plain).data), [10, 40, 20, 50, 30, 60]);
  assert.equal(Array.from(preprocess(two, { ...plain, channels: "bgr" }).data), [30, 60, 20, 50, 10, 40]);
  assert.equal(Array.from(preprocess(two, { ...plain, channels: "gray", mean: [1], std: [2] }).data), [8.5, 23.5]);
});

test("several images become a batch", () => {
  const other: RgbaImage = { data: Uint8ClampedArray.of(1, 2, 3, 255, 4, 5, 6, 255, 7, 8, 9, 255, 9, 9, 9, 9), width: 2, height: 2 };
  const batch = preprocess([two, other], plain);
  assert.equal(batch.shape, [2, 3, 1, 2]);
  // Half of one row goes to the even neighbour, row 0.
  assert.equal(Array.from(batch.data), [10, 40, 20, 50, 30, 60, 1, 4, 2, 5, 3, 6]);
});

test("sizes as torchvision has them", () => {
  assert.equal(resizedSize(30, 40, 256), [256, 341]);
  assert.equal(resizedSize(40, 30, 256), [341, 256]);
  assert.equal(resizedSize(40, 30, [7, 9]), [7, 9]);
  assert.equal(resizedSize(40, 30, undefined), [40, 30]);
  // round((size - crop) / 2): 0.5 -> 0, 1.5 -> 2, 2.5 -> 2, 3.5 -> 4.
  assert.equal([11, 13, 15, 17, 14].map((size) => cropStart(size, 10)), [0, 2, 2, 4, 2]);
  assert.ok(cropStart(10, 10) === 0 && cropStart(9, 10) === 0);
  assert.equal([cropStart(8, 10), cropStart(7, 10)], [-1, -1]);
});

test("images of the wrong kind are named by their number", () => {
  assert.throws(() => preprocess([], plain), /^preprocess: images wants at least one image, got none/);
  assert.throws(() => preprocess([two, { ...two, width: 3 }], plain), /^preprocess: image 1: 3 x 1 RGBA pixels want 12 bytes, data has 8/);
  assert.throws(() => preprocess({ ...two, data: new Uint8Array(6) }, plain), /^preprocess: image: .* RGB, 3 bytes a pixel/);
  assert.throws(
    () => preprocess(undefined as unknown as RgbaImage, plain), /^preprocess: image wants \{ data, width, height \}, got undefined/,
  );
});

test("every preset passes the check of those read from files, and makes a tensor", () => {
  for (const [name, preset] of Object.entries(presets)) {
    assert.equal(parsePreprocessing(JSON.parse(JSON.stringify(preset))), preset, name);
    const { data, shape } = preprocess(photo, preset);
    assert.equal(shape, [1, 3, ...preset.size], name);
    assert.ok(data.every(Number.isFinite), name);
  }
  // Black and white where the tables of the papers have them.
  const black = fromSamples(new Uint8Array(1), 1, 1, 1);
  const white = fromSamples(Uint8Array.of(255), 1, 1, 1);
  const firsts = (image: RgbaImage, name: string): number[] => [0, 1, 2].map((c) => {
    const { data, shape } = preprocess(image, presets[name]);
    return data[c * shape[2] * shape[3]];
  });
  assert.equal(firsts(black, "caffe"), [-104, -117, -123]);
  assert.equal(firsts(white, "tf_mobilenetv3_large_100.in1k"), [1, 1, 1]);
  assert.equal(firsts(white, "mobilenetv3_large_100.miil_in21k_ft_in1k"), [1, 1, 1]);
  firsts(white, "imagenet").forEach((x, c) => assert.ok(Math.abs(x - [2.2489083, 2.4285714, 2.64][c]) < 1e-6));
});

test("parsePreprocessing: each field", () => {
  const good = { size: [28, 28], resize: 28, interpolation: "bilinear", channels: "gray", mean: [0.286], std: [0.353] };
  assert.equal(parsePreprocessing(good), good);
  assert.equal(parsePreprocessing({ ...good, resize: [30, 31], range: 255 }), { ...good, resize: [30, 31], range: 255 });
  const refuses = (value: unknown, message: RegExp): void =>
    assert.throws(
      () => parsePreprocessing(value),
      (error: unknown) => error instanceof FormatError && message.test(error.message) && !error.message.includes("\n"),
    );
  const { resize: _, ...withoutResize } = good;
  assert.equal(parsePreprocessing(withoutResize), withoutResize);
  const { mean: __, ...withoutMean } = good;
  refuses(withoutMean, /^preprocessing: mean wants 1 finite number, got undefined/);
  for (const value of [null, [], "x", 3, undefined]) refuses(value, /^preprocessing wants an object, got /);
  refuses({ ...good, chanels: "rgb" }, /unknown field "chanels" \(did you mean "channels"\?\)/);
  refuses({ ...good, channels: "RGB" }, /channels wants "rgb" or "bgr" or "gray", got "RGB"/);
  refuses({ ...good, channels: "rgb" }, /mean wants 3 finite numbers, got \[0.286\]/);
  refuses({ ...good, mean: ["0"] }, /mean wants 1 finite number/);
  refuses({ ...good, mean: [1e39] }, /mean wants 1 finite number/);
  refuses({ ...good, std: [0] }, /std wants numbers above 0, got \[0\]/);
  refuses({ ...good, std: [1e-60] }, /std wants numbers above 0/);
  refuses({ ...good, std: [-1] }, /std wants numbers above 0/);
  refuses({ ...good, size: 28 }, /size wants \[height, width\], got 28/);
  refuses({ ...good, size: [28] }, /size wants \[height, width\]/);
  refuses({ ...good, size: [28, 0] }, /size wants whole numbers of pixels from 1 to 8192, got 0/);
  refuses({ ...good, size: [28, 1e9] }, /size wants whole numbers of pixels from 1 to 8192, got 1000000000/);
  refuses({ ...good, resize: 2.5 }, /resize wants whole numbers/);
  refuses({ ...good, resize: null }, /resize wants \[height, width\], got null/);
  refuses({ ...good, interpolation: "nearest" }, /interpolation wants "bilinear" or "bicubic", got "nearest"/);
  refuses({ ...good, range: 2 }, /range wants 1 or 255, got 2/);
});

test.run();
