/**
 * By which dot products are convolutions of bytes faster on this host? Engines lower the relaxed one to one instruction, to three, or to a
 * dozen, by their version and by the processor: only time tells. And only a trial tells whether it is exact, for one engine has it wrong
 * (probe.ts); with bytes of 7 bits all others give the exact sums.
 */
import { ModuleBuilder } from "../assembler/module-builder.ts";
import { BYTES } from "../assembler/opcodes-bytes.ts";
import { byteConvKernel } from "../quantised/conv.ts";
import type { ByteConvKernel, Dots } from "../quantised/conv.ts";
import { numbersAt, numbersBytes, packedBytes, panelCount } from "../quantised/panels.ts";
import type { Layout } from "../shared/layout.ts";
import type { Contest, Run } from "./contest.ts";

const CHANNELS = 64;
const layout: Layout = { channels: CHANNELS, height: 4, width: 16, halo: 0, format: "u7", pixel: CHANNELS };
const IMAGE = layout.height * layout.width * CHANNELS;

function kernelOf(dots: Dots): ByteConvKernel {
  return byteConvKernel({
    input: layout, output: layout, residual: undefined, kernel: [1, 1], stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1, dots,
    epilogue: { gate: false, residualMultiplier: 0, hardSwish: undefined, noBias: false, offset: 0, least: 0, most: 127 },
  });
}

const panelNumbers = { noBias: false, sameOffset: true, hardSwish: false };

const names = ["wide", "relaxed"] as const satisfies readonly Dots[];

function make(): Run[] | undefined {
  const m = new ModuleBuilder("senet_probe_dots", BYTES) as unknown as ModuleBuilder;
  m.memory({ minimum: 1 });
  m.func("bytes", { params: { to: "i32", value: "i32", count: "i32" }, export: true }, (f, { to, value, count }) => {
    for (const each of [to, value, count]) f.local.get(each);
    f.memory.fill();
  });
  const kernels = names.map(kernelOf);
  for (const kernel of kernels) kernel.emit(m);
  m.func("at", { params: { address: "i32" }, results: ["i32"], export: true }, (f, { address }) => {
    f.local.get(address);
    f.i32.load();
  });
  const bytes = m.toBytes();
  if (typeof WebAssembly === "undefined" || !WebAssembly.validate(bytes)) return undefined;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const call = exports as Readonly<Record<string, (...given: readonly number[]) => number>>;
  const [w, numbers, x] = [64, 64 + packedBytes({ outputs: CHANNELS, inputs: CHANNELS, places: 1, groups: 1 }), 8192];
  const outputs = [x + IMAGE, x + 2 * IMAGE];
  const run = (which: number): void => {
    const { name, rows, panels } = kernels[which];
    call[name](outputs[which], x, w, numbers, 0, 0, 0, rows, 0, panels, x + 3 * IMAGE);
  };
  // Products as large as they can be, of both signs; multipliers (0x38383838 is 4.4e-5) that make some steps of them, and no offset.
  const sameFor = (weight: number): boolean => {
    call.bytes(w, weight, numbers - w);
    call.bytes(x, 127, IMAGE);
    const { multiplier, offset, end } = numbersAt(panelNumbers);
    call.bytes(numbers, 0, numbersBytes(CHANNELS, panelNumbers));
    for (let panel = 0; panel < panelCount(CHANNELS); panel++) call.bytes(numbers + end * panel + multiplier, 0x38, offset - multiplier);
    for (const which of [0, 1]) run(which);
    for (let at = 0; at < IMAGE; at += 4) if (call.at(outputs[0] + at) !== call.at(outputs[1] + at)) return false;
    return true;
  };
  if (![127, 0x81, 0x80, 1, 85].every(sameFor)) return undefined;
  return names.map((_, which) => (times) => {
    for (let i = 0; i < times; i++) run(which);
  });
}

/** One of them is at least twice as fast: so a clock that goes by a tenth of a millisecond will do. */
export const dots: Contest<Dots> = { names, slack: 1, isClear: true, make };
