/** Blocks of coefficients, as sequential scans (ITU-T T.81, F.2.2) and progressive ones (G.1.2 and G.2) have them. */
import type { JpegBits } from "./bits.ts";
import type { Component, Scan } from "./frame.ts";
import { extend } from "./huffman.ts";
import { zigzag } from "./zigzag.ts";

/** Gets what reads a component's next block into its coefficients at `at`. */
export function blockReader(file: JpegBits, progressive: boolean, scan: Scan): (component: Component, at: number) => void {
  const { first, last, high, low } = scan;
  const unit = 1 << low;
  const factors = new Uint16Array(64).fill(unit);

  /** DC differs from the last one. */
  function mean(component: Component, at: number, factor: number): void {
    const size = file.symbol(component.dc!);
    if (size > 0) component.predictor = (component.predictor + extend(file.get(size), size)) | 0;
    component.coefficients[at] = component.predictor * factor;
  }

  /** After the symbol of an end of band: the next blocks, this one included, have nothing more. */
  function endBand(symbol: number): void {
    scan.run = (1 << (symbol >> 4)) + file.get(symbol >> 4);
  }

  if (!progressive) {
    return (component, at) => {
      mean(component, at, component.steps![0]);
      file.band(component.ac!, component.coefficients, at, 1, 63, component.steps!);
    };
  }
  return (component, at) => {
    const { coefficients, ac } = component;
    if (first === 0) {
      if (high === 0) mean(component, at, unit);
      else if (file.bit() > 0) coefficients[at] |= unit;
    } else if (high === 0) {
      const end = scan.run > 0 ? -1 : file.band(ac!, coefficients, at, first, last, factors);
      if (end >= 0) endBand(end);
    } else {
      for (let k = first; k <= last; k++) {
        let zeros = 64;
        let value = 0;
        if (scan.run === 0) {
          const symbol = file.symbol(ac!);
          if ((symbol & 15) > 0) value = file.bit() > 0 ? unit : -unit;
          if (value !== 0 || symbol >= 0xf0) zeros = symbol >> 4;
          else endBand(symbol);
        }
        // Coefficients that are known get their next bit on the way; `zeros` of the others are passed over.
        for (; k <= last; k++) {
          const i = at + zigzag[k];
          if (coefficients[i] === 0 && zeros-- === 0) break;
          if (coefficients[i] === 0 || file.bit() === 0 || (coefficients[i] & unit) !== 0) continue;
          coefficients[i] += coefficients[i] > 0 ? unit : -unit;
        }
        if (value !== 0) coefficients[at + zigzag[k]] = value;
      }
    }
    if (scan.run > 0) scan.run--;
  };
}
