/** Resizing: PIL's own bytes (goldens/images/pil.py), to the last bit. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { crc32 } from "../../../src/io/bytes/checksum.ts";
import { luma } from "../../../src/io/images/image.ts";
import { type Interpolation, type PassOrder, resize } from "../../../src/io/images/resize.ts";
import { fileJson } from "../../support/files.ts";
import { fromBase64 } from "./image-files.ts";

interface Case {
  readonly filter: Interpolation;
  readonly channels: number;
  readonly width: number;
  readonly height: number;
  readonly crc32: number;
  readonly bytes?: string;
}

type Size = readonly [height: number, width: number];

/** What four versions of Pillow make of each geometry, by both filters, in grey and in colour (goldens/images/pil-orders.py). */
const orders = fileJson<{ geometries: [Size, Size][]; versions: Record<string, number[]> }>("goldens/images/pil-orders.json");

const golden = fileJson<{ photo: string; resized: Case[]; tall: Case[] }>("goldens/images/pil-resize.json");
const colour = fromBase64(golden.photo);
const grey = Uint8Array.from({ length: 1200 }, (_, i) => luma(colour[3 * i], colour[3 * i + 1], colour[3 * i + 2]));

for (const { filter, channels, width, height, crc32: wanted, bytes } of golden.resized) {
  test(`${filter}, ${channels} channels, 40x30 to ${width}x${height}: as PIL`, () => {
    const out = resize(channels === 1 ? grey : colour, channels, 30, 40, height, width, filter, undefined, "across");
    if (bytes !== undefined) assert.equal(Array.from(out), Array.from(fromBase64(bytes)));
    assert.is(out.length, width * height * channels);
    assert.is(crc32(out), wanted);
  });
}

for (const { filter, width, height, crc32: wanted } of golden.tall) {
  test(`${filter}, 3x60000 to ${width}x${height}, in bands of rows: as PIL`, () => {
    const tall = new Uint8Array(60000 * 9);
    for (let y = 0, i = 0; y < 60000; y++) {
      // y * y goes past 2^31: halved exactly, not shifted.
      for (let x = 0; x < 3; x++) for (let c = 0; c < 3; c++) tall[i++] = (y * 7 + x * 13 + c * 29 + Math.floor((y * y) / 32)) % 256;
    }
    assert.is(crc32(resize(tall, 3, 60000, 3, height, width, filter, undefined, "across")), wanted);
  });
}

/** By the formula of pil-orders.py. */
function picture(height: number, width: number, channels: number): Uint8Array {
  const out = new Uint8Array(height * width * channels);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) out[i++] = y * 37 + x * 101 + c * 53 + Math.floor((y * x * 7) / 3) + Math.floor((y * y * 11) / 5);
    }
  }
  return out;
}

/** Checksums in the order of pil-orders.py. */
function checksums(order: PassOrder | undefined): number[] {
  return orders.geometries.flatMap(([[height, width], [newHeight, newWidth]]) =>
    (["bilinear", "bicubic"] as const).flatMap((filter) =>
      [1, 3].map((n) => crc32(resize(picture(height, width, n), n, height, width, newHeight, newWidth, filter, undefined, order)))));
}

test("the order of the passes is that of Pillow 13 unless asked for, or that of Pillow until 12.1", () => {
  const across = checksums("across");
  assert.equal(across, orders.versions["12.1.1"]);
  assert.equal(checksums(undefined), orders.versions["13.0.0"]);
  assert.equal(checksums("pillow-13"), orders.versions["13.0.0"]);
  const changed = across.filter((sum, i) => sum !== orders.versions["13.0.0"][i]).length;
  assert.ok(changed >= 40 && changed <= across.length - 40, `${changed} of ${across.length} geometries tell the two apart`);
  // Between the two: only where a picture is more than 100 times as high as wide.
  for (const version of ["12.2.0", "12.3.0"]) {
    across.forEach((sum, i) => {
      const [[height, width]] = orders.geometries[i >> 2];
      if (height <= 100 * width) assert.is(orders.versions[version][i], sum, `${version}, ${height}x${width}`);
    });
  }
});

test("down first in bands, and windows of it", () => {
  const tall = picture(3000, 700, 3);
  for (const filter of ["bilinear", "bicubic"] as const) {
    const whole = resize(tall, 3, 3000, 700, 2900, 695, filter);
    const part = resize(tall, 3, 3000, 700, 2900, 695, filter, { top: 1999, left: 101, height: 20, width: 30 });
    for (let y = 0; y < 20; y++) {
      const from = ((1999 + y) * 695 + 101) * 3;
      assert.equal(part.subarray(y * 90, y * 90 + 90), whole.subarray(from, from + 90));
    }
  }
});

test("a window is that part of the whole", () => {
  for (const filter of ["bilinear", "bicubic"] as const) {
    for (const [outHeight, outWidth] of [[64, 64], [11, 13], [30, 40], [200, 7]]) {
      const whole = resize(colour, 3, 30, 40, outHeight, outWidth, filter);
      for (
        const [top, left, height, width] of [
          [0, 0, outHeight, outWidth], [3, 2, 5, 4], [outHeight - 1, outWidth - 1, 1, 1], [2, 0, 1, outWidth],
        ]
      ) {
        const part = resize(colour, 3, 30, 40, outHeight, outWidth, filter, { top, left, height, width });
        for (let y = 0; y < height; y++) {
          const from = ((y + top) * outWidth + left) * 3;
          assert.equal(part.subarray(y * width * 3, (y + 1) * width * 3), whole.subarray(from, from + width * 3));
        }
      }
    }
  }
});

test("a window of an absurd enlargement costs only itself", () => {
  const line = Uint8Array.from({ length: 1000 }, (_, i) => i & 255);
  const part = resize(line, 1, 1, 1000, 256, 256000, "bicubic", { top: 16, left: 127888, height: 224, width: 224 });
  assert.is(part.length, 224 * 224);
});

test("one colour stays that colour, and bicubic overshoot is clipped", () => {
  for (const filter of ["bilinear", "bicubic"] as const) {
    for (const level of [0, 1, 127, 254, 255]) {
      const flat = resize(new Uint8Array(35).fill(level), 1, 5, 7, 13, 3, filter);
      assert.ok(flat.every((value) => value === level), `${filter} ${level}`);
    }
  }
  const edge = resize(Uint8Array.of(0, 0, 0, 255, 255, 255), 1, 1, 6, 1, 24, "bicubic");
  assert.equal([edge[0], edge[23]], [0, 255]);
  assert.ok(edge.every((value, i) => i === 0 || value >= edge[i - 1] || value > 240), "no value wraps round");
});

test("arguments of the wrong size", () => {
  assert.throws(() => resize(grey, 1, 30, 40, 0, 5, "bilinear"), /^resize: outHeight wants a whole number of at least 1, got 0/);
  assert.throws(() => resize(grey, 3, 30, 40, 5, 5, "bilinear"), /30 x 40 pixels of 3 bytes want 3600 bytes, source has 1200/);
  assert.throws(
    () => resize(grey, 1, 30, 40, 5, 5, "nearest" as Interpolation), /interpolation wants "bilinear" or "bicubic", got "nearest"/,
  );
  assert.throws(() => resize(grey, 1, 30, 40, 5, 5, "toString" as Interpolation), /interpolation wants/);
  assert.throws(
    () => resize(grey, 1, 30, 40, 5, 5, "bilinear", { top: 1, left: 0, height: 5, width: 5 }),
    /window 5x5 at 1,0 lies outside the 5x5 image/,
  );
  assert.throws(
    () => resize(grey, 1, 30, 40, 5, 5, "bilinear", undefined, "down" as PassOrder),
    /^resize: order wants "across" or "pillow-13", got "down"$/,
  );
});

test.run();
