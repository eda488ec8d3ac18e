/**
 * Weights that are held in fewer bytes than kernels compute with: half-precision floats, or bytes, each output channel with a scale. They
 * lie in the panels of convolution/panels.ts, each by itself:
 *
 *   biases, a float32 for each column; scales, a float32 for each column; then words of 32 bits, a column each, which hold its weights of
 *   four terms as bytes, or of two terms as halves, the first lowest. Terms that are missing at the end are 0.
 *
 * A byte is weight / scale + 128, the largest magnitude of a channel being 127. A half is weight * 2^k, with the k by which the channel's
 * largest weight comes to lie from 2^14 to 2^15, so that none overflows; what would be below its smallest normal number, 2^-29 of the
 * largest, is 0. Its scale is 2^(112 - k): the bits of a half, moved to where float32 has them, mean 2^-112 times the number.
 */
export type SmallFormat = "f16" | "int8";

/** Terms in a word of a column. */
export const TERMS: Readonly<Record<SmallFormat, number>> = { f16: 2, int8: 4 };

/** Bytes of a panel. */
export function smallPanelBytes(format: SmallFormat, columns: number, terms: number): number {
  return 4 * columns * (2 + Math.ceil(terms / TERMS[format]));
}

/** Widths of panels, the last of which may be narrower, with as many terms. */
export interface PanelWidths {
  readonly full: number;
  readonly restColumns: number;
  readonly terms: number;
}

export function smallBytes(format: SmallFormat, { full, restColumns, terms }: PanelWidths): number {
  return full * smallPanelBytes(format, 16, terms) + (restColumns > 0 ? smallPanelBytes(format, restColumns, terms) : 0);
}

/** The largest weight that a half with a scale may stand for. */
const MOST = 1073741824;
/** 2^112, and 2^100, beyond which no weight is brought: it is 0 for all purposes. */
const TO_HALF = 5192296858534827628530496329220096;
const POWERS = 1267650600228229401496703205376;

/**
 * Writes panels of float32 as small ones.
 * @param into as many bytes as `smallBytes` says @param panels as packConvWeights writes them
 * @throws RangeError where a half cannot hold a weight
 */
export function packSmall(into: Uint8Array, panels: Float32Array, format: SmallFormat, widths: PanelWidths): void {
  const { full, restColumns, terms } = widths;
  const [floats, words] = [new Float32Array(into.buffer, into.byteOffset), new Uint32Array(into.buffer, into.byteOffset)];
  const per = TERMS[format];
  const bits = new Uint32Array(1);
  const float = new Float32Array(bits.buffer);
  /** Halves, to the nearest, ties to even. */
  const half = (x: number): number => {
    float[0] = x;
    const size = bits[0] & 0x7fffffff;
    return size < 0x38800000 ? 0 : ((bits[0] >>> 16) & 0x8000) | (((size + 0xfff + ((size >> 13) & 1)) >> 13) - (112 << 10));
  };
  for (let panel = 0, from = 0, to = 0; panel * 16 < 16 * full + restColumns; panel++) {
    const columns = panel < full ? 16 : restColumns;
    for (let column = 0; column < columns; column++) {
      let largest = 0;
      for (let term = 1; term <= terms; term++) largest = Math.max(largest, Math.abs(panels[from + term * columns + column]));
      let [scale, factor] = [largest === 0 ? 1 : Math.fround(largest / 127), 1];
      if (format === "f16") {
        if (!(largest < MOST)) throw new RangeError(`compile: weights f16 hold none from ${MOST}, got ${largest}`);
        for (let size = largest || 1; size * factor >= 32768; ) factor /= 2;
        for (let size = largest || 1; size * factor < 16384 && factor < POWERS; ) factor *= 2;
        scale = TO_HALF / factor;
      }
      floats[to + column] = panels[from + column];
      floats[to + columns + column] = scale;
      for (let word = 0; word * per < terms; word++) {
        let packed = 0;
        for (let i = 0; i < per; i++) {
          const term = word * per + i;
          const weight = term < terms ? panels[from + (1 + term) * columns + column] : 0;
          packed |= format === "f16" ? half(weight * factor) << (16 * i) : (Math.round(weight / scale) + 128) << (8 * i);
        }
        words[to + (2 + word) * columns + column] = packed;
      }
    }
    from += columns * (terms + 1);
    to += smallPanelBytes(format, columns, terms) / 4;
  }
}
