/**
 * What Pillow itself reads of a JPEG file before it calls libjpeg: segment by segment to the first scan (`JpegImageFile._open`). Of what
 * it does not take there, LOAD_TRUNCATED_IMAGES makes no picture either.
 */
import { openBits } from "./bits.ts";
import { check } from "./check.ts";

export interface Header {
  readonly width: number;
  readonly height: number;
  /** Of components. */
  readonly count: number;
  /** Three bytes a component: its id, sampling factors, quantisation table. */
  readonly parts: Uint8Array;
  readonly progressive: boolean;
  /** Are the colours JFIF's YCbCr, or with a fourth component Adobe's YCCK? */
  readonly yCbCr: boolean;
}

/** @throws FormatError for what Pillow refuses to open, and for what it reads and we do not */
export function readHeader(bytes: Uint8Array, maxPixels: number): Header {
  check(bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff, "the file does not begin with FF D8 FF");
  const file = openBits(bytes);
  let frame: Uint8Array = new Uint8Array(0);
  let progressive = false;
  let jfif = false;
  /** The transform that the last Adobe marker names; -1 without one. */
  let adobe = -1;
  for (;;) {
    const marker = file.nextMarker();
    check(marker > 0xbf, `damaged marker ${marker}`);
    if (marker === 0xd9) {
      // Tables alone, as if they were an image; the image follows.
      jfif = false;
      adobe = -1;
    }
    // Markers without a segment.
    if (marker === 0xc8 || (marker > 0xcf && marker < 0xda) || (marker > 0xef && marker < 0xfe)) continue;
    const segment = file.segment();
    const size = segment.length;
    if (marker === 0xda) break;
    const name = String.fromCharCode(...segment.subarray(0, 5));
    let read = size;
    if (marker === 0xdb) for (read = 0; read < size;) read += segment[read] > 15 ? 129 : 65;
    else if (marker === 0xe0 && name.startsWith("JFIF")) {
      read = 7;
      jfif ||= name[4] === "\0" && size > 13;
    } else if (marker === 0xee && name === "Adobe") {
      read = 7;
      adobe = segment[11] ?? adobe;
    }
    check(read <= size, "damaged tables");
    if ((marker < 0xd0 && (marker & 7) !== 4) || marker === 0xde) {
      check(marker !== 0xc3 && marker !== 0xcb, "lossless coding is not read");
      check(marker !== 0xc9 && marker !== 0xca, "arithmetic coding is not read");
      check(
        segment[0] === 8 && size % 3 === 0 && [1, 3, 4].includes(segment[5]),
        `images of ${segment[5]} samples of ${segment[0]} bits are not read`,
      );
      frame = segment;
      progressive = marker === 0xc2;
    }
  }
  const [, high, low, wide, narrow, count] = frame;
  const width = wide * 256 + narrow;
  const height = high * 256 + low;
  const parts = frame.subarray(6);
  check(width * height > 0, `images of ${width} x ${height} pixels are not read`);
  check(width * height <= maxPixels, `the file claims ${width} x ${height} pixels, more than the limit of ${maxPixels}`);
  // 82, 71, 66 are the letters R, G and B.
  const named = [parts[0], parts[3], parts[6]].join() === "82,71,66";
  const yCbCr = count > 1 && (adobe > 0 || (count < 4 && (jfif || (adobe < 0 && !named))));
  return { width, height, count, parts, progressive, yCbCr };
}
