/**
 * Small weights (panels.ts) in kernels of float32: some panels at a time are expanded into working memory, where the cache has them, and
 * the kernel computes with these. It costs a few instructions for four weights, once for each part of the work, and saves half, or three
 * quarters, of what is read from memory.
 */
import type { FunctionBuilder } from "../../assembler/function-builder.ts";
import type { Func, Local } from "../../assembler/handles.ts";
import type { ModuleBuilder } from "../../assembler/module-builder.ts";
import { atMost, offset } from "../../shared/addresses.ts";
import { wholeOrRest } from "../../shared/loops.ts";
import { PANEL } from "../tiles.ts";
import { TERMS, smallPanelBytes } from "./panels.ts";
import type { PanelWidths, SmallFormat } from "./panels.ts";

/** A kernel with panels of float32 as its weights. */
export interface PanelKernel {
  readonly name: string;
  readonly emit: (m: ModuleBuilder) => Func;
  /** Names of its arguments, without working memory; the last two are the first panel and the one behind the last, `w` the weights. */
  readonly arguments: readonly string[];
  /** Bytes of working memory that it wants itself, as its last argument; 0 for none. */
  readonly scratch: number;
  /** Does it do something for all panels that it should not do too often? */
  readonly prepares: boolean;
}

/** The kernel with small weights, and bytes of working memory, which is its last argument. */
export interface ExpandingKernel {
  readonly name: string;
  readonly emit: (m: ModuleBuilder) => Func;
  readonly scratch: number;
}

/** Bytes of expanded panels at a time: of what the second cache holds, and where a kernel prepares its input for each call. */
const CACHED = 256 << 10;
const PREPARED = 2304 << 10;

export function expandingKernel(kernel: PanelKernel, format: SmallFormat, widths: PanelWidths): ExpandingKernel {
  const { full, restColumns, terms } = widths;
  const panelBytes = 4 * PANEL * (terms + 1);
  const all = full + (restColumns > 0 ? 1 : 0);
  const atOnce = Math.max(1, Math.min(all, Math.floor((kernel.prepares ? PREPARED : CACHED) / panelBytes)));
  const name = `${format}_${kernel.name}`;
  // The last word of a column may hold more terms than there are.
  const scratch = kernel.scratch + atOnce * panelBytes + 4 * PANEL * TERMS[format];
  const emit = (m: ModuleBuilder): Func => {
    const inner = kernel.emit(m);
    const expand = (part: string, columns: number): Func | undefined => (
      columns > 0 ? emitExpand(m, `${name}_expand_${part}`, format, columns, terms) : undefined);
    const [whole, rest] = [expand("whole", full > 0 ? PANEL : 0), expand("rest", restColumns)];
    const params = Object.fromEntries([...kernel.arguments, "scratch"].map((each) => [each, "i32" as const]));
    return m.func(name, { params, export: true }, (f, given) => {
      const { local, i32 } = f;
      const of = (argument: string): Local<"i32"> => given[argument];
      const [first, last] = kernel.arguments.slice(-2).map(of);
      const [panel, end, from, to] = ["panel", "end", "from", "to"].map((each) => local.i32(each));
      f.while(() => {
        local.get(first);
        local.get(last);
        i32.lt_s();
      }, () => {
        // end = min(last, first + atOnce)
        local.get(last);
        local.get(first);
        i32.sub();
        local.set(end);
        atMost(f, end, atOnce);
        local.get(first);
        local.get(end);
        i32.add();
        local.set(end);
        offset(f, from, of("w"), first, smallPanelBytes(format, PANEL, terms));
        local.get(of("scratch"));
        i32.const(kernel.scratch);
        i32.add();
        local.set(to);
        local.get(first);
        local.set(panel);
        f.doWhile(() => {
          wholeOrRest(f, panel, full, whole, rest, (func) => {
            local.get(to);
            local.get(from);
            f.call(func);
          });
          local.increase(to, panelBytes);
          local.increase(from, smallPanelBytes(format, PANEL, terms));
          local.increase(panel, 1);
          local.get(panel);
          local.get(end);
          i32.lt_s();
        });
        for (const argument of kernel.arguments.slice(0, -1)) {
          if (argument !== "w") local.get(of(argument));
          else {
            // Where panel 0 would be.
            local.get(of("scratch"));
            i32.const(kernel.scratch);
            i32.add();
            local.get(first);
            i32.const(panelBytes);
            i32.mul();
            i32.sub();
          }
        }
        local.get(end);
        if (kernel.scratch > 0) local.get(of("scratch"));
        f.call(inner);
        local.get(end);
        local.set(first);
      });
    });
  };
  return { name, emit, scratch };
}

/** A function (to, from) that expands one panel. */
function emitExpand(m: ModuleBuilder, name: string, format: SmallFormat, columns: number, terms: number): Func {
  const vectors = columns / 4;
  const per = TERMS[format];
  return m.func(name, { params: { to: "i32", from: "i32" } }, (f, { to, from }) => {
    const { local, v128, i32, f32x4 } = f;
    const scales = local.array("v128", "scale", vectors);
    const [word, count] = [local.v128("word"), local.i32("count")];
    scales.forEach((scale, i) => {
      local.get(to);
      local.get(from);
      v128.load(16 * i, 4);
      v128.store(16 * i, 4);
      local.get(from);
      v128.load(4 * columns + 16 * i, 4);
      local.set(scale);
    });
    local.increase(to, 4 * columns);
    local.increase(from, 8 * columns);
    i32.const(Math.ceil(terms / per));
    local.set(count);
    f.countDown(count, () => {
      scales.forEach((scale, i) => {
        local.get(from);
        v128.load(16 * i, 4);
        local.set(word);
        for (let k = 0; k < per; k++) {
          local.get(to);
          if (format === "int8") emitByte(f, word, k);
          else emitHalf(f, word, k);
          local.get(scale);
          f32x4.mul();
          v128.store(16 * i + 4 * columns * k, 4);
        }
      });
      local.increase(from, 4 * columns);
      local.increase(to, 4 * columns * per);
    });
  });
}

/** Leaves byte k of each word, less 128: with the bits of 2^23 above it, it is a float32 that is so much too large. */
function emitByte(f: FunctionBuilder, word: Local<"v128">, k: number): void {
  f.local.get(word);
  if (k > 0) {
    f.i32.const(8 * k);
    f.i32x4.shr_u();
  }
  if (k < 3) {
    f.i32x4.const(255);
    f.v128.and();
  }
  f.i32x4.const(0x4b000000);
  f.v128.or();
  f.f32x4.const(8388736);
  f.f32x4.sub();
}

/** Leaves half k of each word, times 2^-112. */
function emitHalf(f: FunctionBuilder, word: Local<"v128">, k: number): void {
  if (k === 0) {
    f.local.get(word);
    f.i32.const(16);
    f.i32x4.shl();
    f.i32.const(3);
  } else {
    f.local.get(word);
    f.i32.const(3);
  }
  // The sign goes along: an arithmetic shift leaves it where it was, and copies of it above the exponent.
  f.i32x4.shr_s();
  f.i32x4.const(0x8fffe000 | 0);
  f.v128.and();
}
