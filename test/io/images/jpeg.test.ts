/** JPEG in: the bytes that Pillow gives of the same files (goldens/images/jpeg.py), or its refusal. Thousands more: test/peers/jpeg. */
import { createHash } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { FormatError } from "../../../src/errors.ts";
import { decodeImage } from "../../../src/io/images/decode.ts";
import type { RgbaImage } from "../../../src/io/images/image.ts";
import { decodeJpegByVectors } from "../../../src/io/images/jpeg-vectors.ts";
import { decodeJpeg } from "../../../src/io/images/jpeg/decode.ts";
import { orientationOf } from "../../../src/io/images/orientation.ts";
import { allocated } from "../../support/allocations.ts";
import { bundle, bundles } from "../../support/bundle.ts";
import { fileJson } from "../../support/files.ts";
import { failure, fromBase64 } from "./image-files.ts";
import { fuzz } from "./jpeg-fuzz.ts";

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
  arithmetic: /^JPEG: arithmetic coding is not read$/, lossless: /^JPEG: lossless coding is not read$/,
};
/** What is refused, and why. */
const reasons: Readonly<Record<string, RegExp>> = {
  "cut-progressive": /cut short at byte 553/, "no-end": /cut short/, cut: /cut short/, "second-scan": /too many scans/,
  "12-bit": /images of 3 samples of 12 bits are not read/, "tables-only": /cut short|there is no scan/, "late-marker": /damaged marker 2$/,
  "late-cmyk": /damaged marker 2$/, "no-steps": /a table is missing/, "slot-9": /damaged tables/, "late-table": /damaged tables/,
  sizeless: /images of 21 x 0 pixels are not read/, "sampling-3-2": /sampling 2x1 of 3x1 is not read/, lossless: /not read/,
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

/** Files of any size. */
const byVectors: typeof decodeJpeg = (bytes, options) => decodeJpegByVectors(bytes, options, 0);

for (const { name, note, file, strict, lenient = strict } of cases) {
  test(`${name}: ${note}`, async () => {
    const bytes = fromBase64(file);
    for (const [wanted, tolerant] of [[strict, false], [lenient, true]] as const) {
      if ("error" in wanted || name in unread) {
        for (const decode of [decodeJpeg, byVectors]) {
          const error = await failure(() => decode(bytes, { tolerant }));
          assert.instance(error, FormatError, String(error));
          assert.match(error.message, unread[name] ?? reasons[name]);
        }
        continue;
      }
      const { upright, ...picture } = wanted;
      for (const decode of [decodeJpeg, byVectors]) assert.equal(digest(decode(bytes, { tolerant })), picture);
      assert.equal(digest(await decodeImage(bytes, { tolerant })), picture);
      assert.equal(digest(await decodeImage(bytes, { tolerant, applyOrientation: true })), upright ?? picture);
    }
  });
}

test("the goldens hold every kind", () => {
  assert.ok(cases.length >= 68);
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

test("damaged and hostile files: a picture of bounded size and memory, or our own refusal", () => {
  const { read, refused, saved } = fuzz(2500, 7);
  assert.ok(read > 300 && refused > 1000 && saved > 300, `${read} read, ${refused} refused, ${saved} of these read with tolerant`);
});

test("scans that go through a picture again and again are refused in the end", () => {
  const file = Array.from(bytesOf("progressive"));
  const frame = file.findIndex((byte, i) => byte === 0xff && file[i + 1] === 0xc2);
  file.splice(frame + 5, 4, 900 >> 8, 900 & 255, 1200 >> 8, 1200 & 255);
  const scan = file.map((_, i) => i).filter((i) => file[i] === 0xff && file[i + 1] === 0xda).pop()!;
  const header = file.slice(scan, scan + 2 + file[scan + 3]);
  const withScans = (count: number): Uint8Array =>
    Uint8Array.from([...file.slice(0, -2), ...Array.from({ length: count }, () => header).flat(), 0xff, 0xd9]);
  assert.is(decodeJpeg(withScans(30)).width, 1200);
  assert.throws(() => decodeJpeg(withScans(1000)), /there are too many scans/);
});

test("memory: twice the picture, four times it where scans are many", () => {
  const kinds = [
    ["444", 3, 2], ["420", 3, 2], ["grey", 3, 2], ["cmyk", 4, 2], ["restart", 3, 2], ["progressive", 3, 4], ["ycck", 4, 4],
    ["scans-apart", 3, 4],
  ] as const;
  for (const [name, channels, times] of kinds) {
    // The same file with another size: what it does not say of the larger picture is zeros.
    const file = bytesOf(name).slice();
    const frame = file.findIndex((byte, i) => byte === 0xff && file[i + 1] >= 0xc0 && file[i + 1] <= 0xc2);
    file.set([900 >> 8, 900 & 255, 1200 >> 8, 1200 & 255], frame + 5);
    const { result, bytes } = allocated(() => decodeJpeg(file));
    assert.equal([result.width, result.height], [1200, 900]);
    const picture = 1200 * 900 * channels;
    assert.ok(bytes <= picture * times, `${name}: ${bytes} bytes, ${(bytes / picture).toFixed(2)} times the picture`);
  }
});

if (bundles) {
  test("a program that reads pictures grows by at most 6 KB with JPEG; alone, with the checks of arguments, it is 7.2 KB", async () => {
    const [png, jpeg] = ["decodePng } from \"./src/io/images/png.ts", "decodeJpeg } from \"./src/io/images/jpeg/decode.ts"];
    const [other, alone, both] = await Promise.all([[png], [jpeg], [png, jpeg]].map(
      (parts) => bundle(parts.map((part) => `export { ${part}";`).join(" "))));
    assert.ok(both.bytes - other.bytes <= 6000, `${both.bytes - other.bytes} bytes`);
    assert.ok(alone.bytes < 7250, `${alone.bytes} bytes`);
  });
}

test.run();
