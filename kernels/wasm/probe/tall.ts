/**
 * Are tiles of 6 pixels by 8 channels (convolution/tall.ts) faster here than 2 by 16, both fused? Where the engine finds registers for
 * them: V8 13 and newer (1.07 on an AMD Zen 5, 1.16 on an Intel Xeon), not V8 12 (they spill). Only time tells.
 */
import { ModuleBuilder } from "../assembler/module-builder.ts";
import { emitRow } from "../convolution/row.ts";
import { tallRow } from "../convolution/tall.ts";
import { isFaster } from "./pace.ts";

/** Inputs and weights that stay in the first cache. */
const INPUTS = 256;
const PIXELS = 12;
const CHANNELS = 16;

/** @param now milliseconds, as performance.now() tells them @returns false too where no module runs */
export function probeTall(now: () => number): boolean {
  if (typeof WebAssembly === "undefined") return false;
  const m = new ModuleBuilder("senet_probe_tall");
  m.memory({ minimum: 2 });
  const weights = 4 * INPUTS * PIXELS;
  const output = weights + 4 * CHANNELS * (INPUTS + 1);
  for (const [name, tall] of [["flat", undefined], ["tall", tallRow]] as const) {
    const row = emitRow(m, {
      name: `${name}_row`, pixels: 2, columns: CHANNELS, valid: CHANNELS, width: PIXELS, segments: [], run: INPUTS,
      inPixel: 4 * INPUTS, outPixel: 4 * CHANNELS, residualPixel: 0, epilogue: { gate: false, residual: undefined, activation: undefined },
      fma: true, tall,
    });
    m.func(name, { params: { rows: "i32" }, export: true }, (f, { rows }) => {
      f.countDown(rows, () => {
        for (const argument of [0, weights, output, 0, 0, 0]) f.i32.const(argument);
        f.call(row);
      });
    });
  }
  const bytes = m.toBytes();
  if (!WebAssembly.validate(bytes)) return false;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  return isFaster(now, exports.tall as (rows: number) => void, exports.flat as (rows: number) => void);
}
