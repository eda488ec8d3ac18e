/** JPEG in: the bytes that Pillow gives of the same files (goldens/images/jpeg.py), or its refusal. Thousands more: test/peers/jpeg. */
import { createHash } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { FormatError } from "../../../src/errors.ts";
import { decodeImage } from "../../../src/io/images/decode.ts";
import type { RgbaImage } from "../../../src/io/images/image.ts";
import { decodeJpeg } from "../../../src/io/images/jpeg/decode.ts";
import { orientationOf } from "../../../src/io/images/orientation.ts";
import { fileJson } from "../../support/files.ts";
import { failure, fromBase64 } from "./image-files.ts";

interface Picture {
  readonly size: readonly [number, number];
  readonly sha256: string;
  readonly upright?: Picture;
}
interface Golden {
  readonly name: string;
  readonly note: string;
  readonly file: string;
  readonly strict: Picture | { readonly error: string };
  readonly lenient?: Picture | { readonly error: string };
}

const { cases } = fileJson<{ cases: readonly Golden[] }>("goldens/images/jpeg.json");
const bytesOf = (name: string): Uint8Array => fromBase64(cases.find((golden) => golden.name === name)!.file);

/** What we refuse although Pillow reads it, and what we say then. */
const unread: Readonly<Record<string, RegExp>> = {
  arithmetic: /^JPEG: arithmetic coding is not read$/,
};
/** What is refused, and why. */
const reasons: Readonly<Record<string, RegExp>> = {
  "cut-progressive": /cut short at byte 553/, "no-end": /cut short/, cut: /cut short/, "second-scan": /too many scans/,
  "12-bit": /samples of 12 bits/, "tables-only": /cut short|there is no scan/,
};

/** Size and digest of the image without alpha, which is 255 everywhere. */
function digest({ data, width, height }: RgbaImage): Picture {
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0, o = 0; i < data.length; i += 4, o += 3) {
    rgb.set(data.subarray(i, i + 3), o);
    if (data[i + 3] !== 255) throw new Error(`alpha of pixel ${i / 4} is ${data[i + 3]}`);
  }
  return { size: [width, height], sha256: createHash("sha256").update(rgb).digest("hex") };
}

for (const { name, note, file, strict, lenient = strict } of cases) {
  test(`${name}: ${note}`, async () => {
    const bytes = fromBase64(file);
    for (const [wanted, tolerant] of [[strict, false], [lenient, true]] as const) {
      if ("error" in wanted || name in unread) {
        const error = await failure(() => decodeJpeg(bytes, { tolerant }));
        assert.instance(error, FormatError, String(error));
        assert.match(error.message, unread[name] ?? reasons[name]);
        continue;
      }
      const { upright, ...picture } = wanted;
      assert.equal(digest(decodeJpeg(bytes, { tolerant })), picture);
      assert.equal(digest(await decodeImage(bytes, { tolerant })), picture);
      assert.equal(digest(await decodeImage(bytes, { tolerant, applyOrientation: true })), upright ?? picture);
    }
  });
}

test("the goldens hold every kind", () => {
  assert.ok(cases.length >= 55);
  for (let turn = 2; turn <= 8; turn++) assert.is(orientationOf(bytesOf(`exif-${turn}`)), turn);
  assert.equal(Object.keys(reasons).sort(), cases.filter(({ strict }) => "error" in strict).map(({ name }) => name).sort());
});

test("bytes may be any part of a larger buffer, and stay as they are", () => {
  const file = bytesOf("progressive");
  const whole = Uint8Array.from([9, 9, 9, ...file, 9]);
  assert.equal(digest(decodeJpeg(whole.subarray(3, whole.length - 1))), digest(decodeJpeg(file)));
  assert.equal(Array.from(whole.subarray(3, -1)), Array.from(file));
});

test("no orientation is made up of damaged Exif", () => {
  const file = bytesOf("exif-6");
  const exif = file.findIndex((_, i) => String.fromCharCode(...file.subarray(i, i + 4)) === "Exif");
  for (let at = exif; at < exif + 40; at++) {
    for (const value of [0, 1, 9, 255]) {
      const spoilt = file.slice();
      spoilt[at] = value;
      const orientation = orientationOf(spoilt);
      assert.ok(Number.isInteger(orientation) && orientation >= 1 && orientation <= 8);
    }
  }
});

test.run();
