/**
 * JPEG files (ITU-T T.81, JFIF, Adobe's CMYK) in: baseline, extended and progressive Huffman coding of 8 bits, to the same bytes as
 * Pillow, that is libjpeg-turbo with its defaults on x86-64. What Pillow refuses is refused; lossless and arithmetic coding, which it
 * reads, are refused by name. Colour profiles are not applied, as Pillow does not.
 */
import { checkBytes, join } from "../../bytes/inflate.ts";
import { type DecodeOptions, defaultMaxPixels, type RgbaImage } from "../image.ts";
import { Bits } from "./bits.ts";
import { JpegFile } from "./file.ts";
import { type Scan, check } from "./frame.ts";
import { Picture } from "./picture.ts";
import { progressiveReader } from "./progressive.ts";
import { ScanReader } from "./scan-reader.ts";
import { sequentialReader } from "./sequential.ts";

/** Blocks that all scans of a file may go through together: seconds of work, and far more than any encoder asks for. */
const mostBlocks = 1 << 27;

/**
 * The image of a JPEG file.
 * @throws FormatError if the file is cut short, corrupt, of a kind that is not read, or larger than `maxPixels`.
 */
export function decodeJpeg(bytes: Uint8Array, options: DecodeOptions = {}): RgbaImage {
  checkBytes(bytes, "decodeJpeg");
  const { tolerant = false, maxPixels = defaultMaxPixels } = options;
  // What Pillow does with LOAD_TRUNCATED_IMAGES: a cut file goes on with an end marker.
  const file = new JpegFile(tolerant ? join([bytes, Uint8Array.of(0xff, 0xd9)]) : bytes, maxPixels);
  const scan = file.nextScan()!;
  const frame = file.frame!;
  const { progressive, components, unitsHigh, width, height } = frame;
  const picture = new Picture(file, frame);
  // A sequential file whose first scan holds everything need not be kept: a row of units does.
  const once = !progressive && scan.components.length === components.length;
  for (const component of components) {
    component.kept = component.v * (once ? 1 : unitsHigh);
    component.coefficients = new Int16Array(component.stride * component.kept * 64);
  }
  const bits = new Bits();
  let blocks = 0;
  let scans = 0;
  let lastWhole = 0;
  for (let next: Scan | undefined = scan; next !== undefined; scans++) {
    const current: Scan = next;
    for (const { missing, missingBefore, coefficients } of current.components) {
      blocks += coefficients.length / 64 + 64;
      if (scans > 0) missingBefore.set(missing);
    }
    check(blocks <= mostBlocks, `the scans go through more than ${mostBlocks} blocks`);
    const reader: ScanReader = new ScanReader(file, frame, current, bits, (self) => (progressive ? progressiveReader : sequentialReader)(file, current, self));
    for (let row = 0; row < unitsHigh; row++) {
      reader.readRow(row);
      if (!once) continue;
      picture.add(row, row);
      for (const { coefficients } of components) coefficients.fill(0);
    }
    lastWhole = reader.lastWhole;
    // libjpeg looks 57 bits ahead.
    if (bits.marker === 0 && bits.wantsMore) file.cut();
    try {
      next = file.nextScan(bits.marker || undefined);
      check(!once || next === undefined, "a second scan follows one that holds the whole image");
    } catch (error) {
      // The image is there. libjpeg reads on to the end marker, but does not wait for it.
      if (!once || !(file.ended || tolerant)) throw error;
      next = undefined;
    }
  }
  if (scans === 1) for (const { missingBefore } of components) missingBefore.fill(-1);
  if (!once) for (let row = 0; row < unitsHigh; row++) picture.add(row, lastWhole);
  return { data: new Uint8Array(picture.data.buffer), width, height };
}
