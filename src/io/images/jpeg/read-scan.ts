/** Goes through the units of a scan, row by row, and over restart markers (ITU-T T.81, A.2 and E.2.4). */
import type { JpegBits } from "./bits.ts";
import type { Scan } from "./component.ts";
import type { Frame } from "./frame.ts";

/**
 * Reads a scan; `rowDone` hears of each row of the frame's units. Returns the last row that was begun before the data ran out.
 * @throws FormatError where the file ends before the data does
 */
export function readScan(file: JpegBits, frame: Frame, scan: Scan, rowDone: (row: number) => void): number {
  const { components, interval } = scan;
  const readBlock = file.blockReader(scan);
  // A component alone comes without padding, each block a unit.
  const alone = components.length === 1 ? components[0] : undefined;
  const wide = alone?.blocksWide ?? frame.unitsWide;
  let lastWhole = 0;
  let nextRestart = 0;
  /** Units before the next restart marker. */
  let left = interval || Infinity;
  /** The data has run out: what is left of the interval stays as it is. */
  let dry = false;
  for (const component of components) component.predictor = 0;
  file.load();
  for (let row = 0; row < frame.unitsHigh; row++) {
    const high = alone === undefined ? 1 : Math.min(alone.v, alone.blocksHigh - row * alone.v);
    for (const component of components) component.start = (row * component.v * component.stride * 64) % component.coefficients.length;
    for (let unit = 0; unit < high * wide; unit++) {
      if (!dry) lastWhole = row;
      if (left === 0) {
        left = interval;
        scan.run = 0;
        for (const component of components) component.predictor = 0;
        if (file.restart(nextRestart++)) dry = false;
      }
      left--;
      if (dry) continue;
      for (const component of components) {
        const { v, h, stride, start: at } = component;
        if (alone !== undefined) readBlock(component, at + (Math.floor(unit / wide) * stride + (unit % wide)) * 64);
        else for (let i = 0; i < v; i++) for (let j = 0; j < h; j++) readBlock(component, at + (i * stride + unit * h + j) * 64);
      }
      dry = file.exhausted();
    }
    rowDone(row);
  }
  return lastWhole;
}
