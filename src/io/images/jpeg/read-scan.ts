/** Goes through the units of a scan, row by row, and over restart markers (ITU-T T.81, A.2 and E.2.4). */
import type { JpegFile } from "./file.ts";
import type { Component, Frame, Scan } from "./frame.ts";

/** Reads a component's next block into its coefficients at `at`. */
export type BlockReader = (component: Component, at: number) => void;

/**
 * Reads a scan; `rowDone` hears of each row of the frame's units. Returns the last row that was begun before the data ran out.
 * @throws FormatError where the file ends before the data does
 */
export function readScan(
  file: JpegFile, { unitsWide, unitsHigh }: Frame, scan: Scan, readBlock: BlockReader, rowDone: (row: number) => void,
): number {
  const { components } = scan;
  // A component alone comes without padding, each block a unit.
  const alone = components.length === 1 ? components[0] : undefined;
  let lastWhole = 0;
  let nextRestart = 0;
  /** Units before the next restart marker. */
  let left = file.restartInterval || Infinity;
  /** The data has run out: what is left of the interval stays as it is. */
  let dry = false;

  function reset(): void {
    scan.run = 0;
    for (const component of components) component.predictor = 0;
  }

  /** Goes behind a restart marker; where it is another than expected, as libjpeg does (jpeg_resync_to_restart). */
  function restart(): void {
    left = file.restartInterval;
    reset();
    for (let { marker } = file; ; marker = file.nextMarker()) {
      if (marker === 0) file.cut();
      const ahead = marker >> 3 === 0xd0 >> 3 ? (marker - nextRestart) & 7 : marker < 0xc0 ? 7 : 1;
      if (ahead >= 6) continue;
      // One or two too early: an interval was lost, or the image has ended. This one is empty then.
      if (ahead === 1 || ahead === 2) {
        file.marker = marker;
        file.begin(0);
      } else {
        file.load();
        dry = false;
      }
      break;
    }
    nextRestart = (nextRestart + 1) & 7;
  }

  reset();
  file.load();
  for (let row = 0; row < unitsHigh; row++) {
    const high = alone === undefined ? 1 : Math.min(alone.v, alone.blocksHigh - row * alone.v);
    for (let y = 0; y < high; y++) {
      for (let x = 0; x < (alone?.blocksWide ?? unitsWide); x++) {
        if (!dry) lastWhole = row;
        if (left === 0) restart();
        left--;
        if (dry) continue;
        for (const component of components) {
          const { v, h, kept, stride } = component;
          const at = ((row * v + y) % kept) * stride;
          if (alone !== undefined) readBlock(component, (at + x) * 64);
          else for (let i = 0; i < v; i++) for (let j = 0; j < h; j++) readBlock(component, (at + i * stride + x * h + j) * 64);
        }
        if (!file.exhausted()) continue;
        if (file.marker === 0) file.cut();
        dry = true;
      }
    }
    rowDone(row);
  }
  return lastWhole;
}
