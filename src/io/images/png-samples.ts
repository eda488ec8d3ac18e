/** From the inflated bytes of a PNG to RGBA: the passes of Adam7, the five row filters, samples of 1 to 16 bits (ISO/IEC 15948). */
import { FormatError } from "../../errors.ts";

/** What IHDR, PLTE and tRNS say. */
export interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** Bits a sample: 1, 2, 4, 8 or 16. */
  readonly depth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey with alpha, 6 RGBA. */
  readonly colourType: number;
  /** Samples a pixel. */
  readonly channels: number;
  readonly interlaced: boolean;
  /** RGB triples. */
  readonly palette: Uint8Array | undefined;
  /** Alpha of the palette's first colours, or the one transparent colour as 16-bit samples. */
  readonly transparency: Uint8Array | undefined;
}

/** One sub-image: pixels (x0 + i dx, y0 + j dy), stored as rows of one filter byte and `rowBytes` bytes from `offset`. */
export interface Pass {
  readonly x0: number;
  readonly y0: number;
  readonly dx: number;
  readonly dy: number;
  readonly width: number;
  readonly height: number;
  readonly rowBytes: number;
  readonly offset: number;
}

/** x0, y0, dx, dy of the seven passes (ISO/IEC 15948, 8.2). */
const adam7: readonly (readonly [number, number, number, number])[] = [
  [0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2],
];

/** The passes that hold pixels, in the order of the file, and how many bytes they take together. */
export function layOut(header: PngHeader): { passes: Pass[]; size: number } {
  const passes: Pass[] = [];
  let offset = 0;
  for (const [x0, y0, dx, dy] of header.interlaced ? adam7 : ([[0, 0, 1, 1]] as const)) {
    const width = Math.ceil((header.width - x0) / dx);
    const height = Math.ceil((header.height - y0) / dy);
    if (width <= 0 || height <= 0) continue;
    const rowBytes = Math.ceil((width * header.channels * header.depth) / 8);
    passes.push({ x0, y0, dx, dy, width, height, rowBytes, offset });
    offset += height * (rowBytes + 1);
  }
  return { passes, size: offset };
}

/**
 * Undoes the filters of `pass` in place (ISO/IEC 15948, 9.2). A filter predicts each byte from the bytes one pixel to its left
 * (a), above (b), and above left (c), which count as 0 outside the pass.
 * @throws FormatError if a row names an unknown filter.
 */
export function unfilter(bytes: Uint8Array, pass: Pass, header: PngHeader): void {
  const { rowBytes, offset } = pass;
  const step = Math.max(1, (header.channels * header.depth) >> 3);
  for (let y = 0; y < pass.height; y++) {
    const row = offset + y * (rowBytes + 1) + 1;
    const filter = bytes[row - 1];
    if (filter > 4) throw new FormatError(`PNG: row filter must be 0 to 4, got ${filter}`);
    // Above the first row all is 0: Up changes nothing, and Paeth is Sub.
    if (y > 0) unfilterRow(bytes, filter, row, row + rowBytes, step, rowBytes + 1);
    else if (filter === 3) for (let i = row + step; i < row + rowBytes; i++) bytes[i] += bytes[i - step] >> 1;
    else if (filter !== 2) unfilterRow(bytes, filter === 4 ? 1 : filter, row, row + rowBytes, step, 0);
  }
}

/** @param up how far the row above lies back */
function unfilterRow(bytes: Uint8Array, filter: number, row: number, end: number, step: number, up: number): void {
  const second = Math.min(row + step, end);
  if (filter === 1) {
    for (let i = second; i < end; i++) bytes[i] += bytes[i - step];
  } else if (filter === 2) {
    for (let i = row; i < end; i++) bytes[i] += bytes[i - up];
  } else if (filter === 3) {
    for (let i = row; i < second; i++) bytes[i] += bytes[i - up] >> 1;
    for (let i = second; i < end; i++) bytes[i] += (bytes[i - step] + bytes[i - up]) >> 1;
  } else if (filter === 4) {
    for (let i = row; i < second; i++) bytes[i] += bytes[i - up];
    for (let i = second; i < end; i++) bytes[i] += paeth(bytes[i - step], bytes[i - up], bytes[i - up - step]);
  }
}

/** Of left, above and above left, the one nearest to left + above - above left (Alan Paeth, 1991). */
export function paeth(a: number, b: number, c: number): number {
  const nearA = Math.abs(b - c);
  const nearB = Math.abs(a - c);
  const nearC = Math.abs(a + b - 2 * c);
  return nearA <= nearB && nearA <= nearC ? a : nearB <= nearC ? b : c;
}

/** RGBA bytes of the unfiltered `passes`. A pixel of a colour that the palette has not is black, as PIL and libpng have it. */
export function expand(bytes: Uint8Array, passes: readonly Pass[], header: PngHeader): Uint8Array {
  const out = new Uint8Array(header.width * header.height * 4);
  const toRgba = header.colourType === 3 ? paletteRow(header)
    : header.colourType === 2 || header.colourType === 6 ? colourRow(header)
    : greyRow(header);
  for (const pass of passes) {
    for (let y = 0; y < pass.height; y++) {
      const row = pass.offset + y * (pass.rowBytes + 1) + 1;
      toRgba(out, ((pass.y0 + y * pass.dy) * header.width + pass.x0) * 4, pass.dx * 4, bytes, row, pass.width);
    }
  }
  return out;
}

/** Writes `width` pixels of the row at `row` into `out`, from `o` on, `step` bytes apart. */
type RowReader = (out: Uint8Array, o: number, step: number, bytes: Uint8Array, row: number, width: number) => void;

function paletteRow({ depth, palette, transparency }: PngHeader): RowReader {
  const colours = new Uint8Array(768);
  colours.set(palette!);
  const mask = (1 << depth) - 1;
  return (out, o, step, bytes, row, width) => {
    for (let x = 0; x < width; x++, o += step) {
      const bit = x * depth;
      const index = (bytes[row + (bit >> 3)] >> (8 - depth - (bit & 7))) & mask;
      out[o] = colours[index * 3];
      out[o + 1] = colours[index * 3 + 1];
      out[o + 2] = colours[index * 3 + 2];
      out[o + 3] = transparency !== undefined && index < transparency.length ? transparency[index] : 255;
    }
  };
}

/** The transparent colour's sample `i`, of which only the lowest bits mean something; -1 where there is none. */
function transparentSample({ transparency, depth }: PngHeader, i: number): number {
  return transparency === undefined ? -1 : (transparency[2 * i] * 256 + transparency[2 * i + 1]) & ((1 << depth) - 1);
}

function greyRow(header: PngHeader): RowReader {
  const { depth, channels } = header;
  const transparent = transparentSample(header, 0);
  if (depth < 8) {
    const mask = (1 << depth) - 1;
    // 255 for the largest sample: 85 or 17 a step of 2 or 4 bits.
    const scale = 255 / mask;
    return (out, o, step, bytes, row, width) => {
      for (let x = 0; x < width; x++, o += step) {
        const bit = x * depth;
        const sample = (bytes[row + (bit >> 3)] >> (8 - depth - (bit & 7))) & mask;
        out[o] = out[o + 1] = out[o + 2] = sample * scale;
        out[o + 3] = sample === transparent ? 0 : 255;
      }
    };
  }
  const size = depth >> 3;
  return (out, o, step, bytes, row, width) => {
    for (let x = 0, i = row; x < width; x++, o += step, i += size * channels) {
      out[o] = out[o + 1] = out[o + 2] = bytes[i];
      out[o + 3] = channels === 2 ? bytes[i + size] : sampleAt(bytes, i, size) === transparent ? 0 : 255;
    }
  };
}

function colourRow(header: PngHeader): RowReader {
  const { depth, channels } = header;
  const red = transparentSample(header, 0);
  const green = transparentSample(header, 1);
  const blue = transparentSample(header, 2);
  const size = depth >> 3;
  return (out, o, step, bytes, row, width) => {
    for (let x = 0, i = row; x < width; x++, o += step, i += size * channels) {
      out[o] = bytes[i];
      out[o + 1] = bytes[i + size];
      out[o + 2] = bytes[i + 2 * size];
      if (channels === 4) {
        out[o + 3] = bytes[i + 3 * size];
      } else {
        // Compared before 16 bits become 8: two colours may share their high bytes.
        const clear = sampleAt(bytes, i, size) === red && sampleAt(bytes, i + size, size) === green &&
          sampleAt(bytes, i + 2 * size, size) === blue;
        out[o + 3] = clear ? 0 : 255;
      }
    }
  };
}

/** A sample of 1 or 2 bytes; the most significant byte comes first. */
function sampleAt(bytes: Uint8Array, i: number, size: number): number {
  return size === 1 ? bytes[i] : bytes[i] * 256 + bytes[i + 1];
}
