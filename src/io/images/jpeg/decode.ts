/**
 * JPEG files (ITU-T T.81, JFIF, Adobe's CMYK) in: baseline, extended and progressive Huffman coding of 8 bits, to the same bytes as
 * Pillow, that is libjpeg-turbo with its defaults on x86-64. What Pillow refuses is refused; lossless and arithmetic coding, which it
 * reads, are refused by name. Colour profiles are not applied, as Pillow does not.
 */
import { checkBytes, join } from "../../bytes/inflate.ts";
import { type DecodeOptions, pixelLimit, type RgbaImage } from "../image.ts";
import { JpegFile } from "./file.ts";
import { check } from "./frame.ts";
import { makePicture } from "./picture.ts";
import { progressiveReader } from "./progressive.ts";
import { readScan } from "./read-scan.ts";
import { sequentialReader } from "./sequential.ts";

/** Blocks that all scans of a file may go through together: seconds of work, and far more than any encoder asks for. */
const mostBlocks = 1 << 27;

/**
 * The image of a JPEG file.
 * @throws FormatError if the file is cut short, corrupt, of a kind that is not read, or larger than `maxPixels`.
 */
export function decodeJpeg(bytes: Uint8Array, options: DecodeOptions = {}): RgbaImage {
  checkBytes(bytes, "decodeJpeg");
  const maxPixels = pixelLimit(options, "decodeJpeg");
  const { tolerant = false } = options;
  // What Pillow does with LOAD_TRUNCATED_IMAGES: a cut file goes on with an end marker.
  const file = new JpegFile(tolerant ? join([bytes, Uint8Array.of(0xff, 0xd9)]) : bytes, maxPixels);
  let scan = file.nextScan(0);
  const frame = file.frame!;
  const { progressive, components, unitsHigh, width, height } = frame;
  const data = new Uint8ClampedArray(width * height * 4);
  const add = makePicture(file, frame, data);
  // A sequential file whose first scan holds everything need not be kept: a row of units does.
  const once = !progressive && scan!.components.length === components.length;
  for (const component of components) {
    component.kept = component.v * (once ? 1 : unitsHigh);
    component.coefficients = new Int16Array(component.stride * component.kept * 64);
  }
  let blocks = 0;
  let lastWhole = 0;
  for (let scans = 0; scan !== undefined; scans++) {
    for (const { missing, missingBefore, coefficients } of scan.components) {
      blocks += coefficients.length / 64 + 64;
      if (scans > 0) missingBefore.set(missing);
    }
    check(blocks <= mostBlocks, "there are too many scans");
    lastWhole = readScan(file, frame, scan, (progressive ? progressiveReader : sequentialReader)(file, scan), (row) => {
      if (!once) return;
      add(row, row);
      for (const { coefficients } of components) coefficients.fill(0);
    });
    try {
      scan = file.nextScan(file.marker);
      check(!once || scan === undefined, "there are too many scans");
    } catch (error) {
      // The image is there. libjpeg reads on to the end marker, but does not wait for it.
      if (!once || !(file.ended || tolerant)) throw error;
      break;
    }
    if (scans === 0 && scan === undefined) for (const { missingBefore } of components) missingBefore.fill(-1);
  }
  if (!once) for (let row = 0; row < unitsHigh; row++) add(row, lastWhole);
  return { data, width, height };
}

