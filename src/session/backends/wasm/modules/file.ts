/**
 * What a module of `senet compile` says of itself: a custom section "senet", JSON in ASCII, after all that runs. A module that the host has
 * compiled still shows it, so whether a module fits is known wherever it comes from.
 */
import { Bytes } from "../../../../../kernels/wasm/assembler/encode.ts";
import type { Tile } from "../../../../../kernels/wasm/probe/tiles.ts";
import { FormatError, show } from "../../../../errors.ts";
import type { HostWasmModule } from "../../../../host-types.ts";
import type { Graph } from "../../../../graph/graph.ts";
import type { Shape } from "../../../../tensor.ts";
import type { Numerics } from "../../numerics.ts";

/** What a module is used for. */
export interface WasmModuleUse {
  /** The model's name and options, for people to read. */
  readonly model: string;
  /** Of several inputs all shapes, in the order of the graph's. */
  readonly input: Shape | readonly Shape[];
  readonly observe: readonly string[];
  readonly override: readonly string[];
  readonly numerics: Numerics;
  /** More than one: kernels and their waiting for memory that threads share; then how many there are by default. */
  readonly threads: number;
  /** Are its loops held back (kernels/wasm/shared/pace.ts)? */
  readonly pace?: boolean;
  /** Its tiles, where they are not the usual ones. */
  readonly tile?: Tile;
}

export interface WasmModuleDescription extends WasmModuleUse {
  /** The version that emitted it. */
  readonly senet: string;
  /** Does it hold instructions of relaxed SIMD? Then engines without these refuse it as a whole. */
  readonly relaxedSimd: boolean;
  /** `digestOf` all that stands before the section. */
  readonly digest: string;
  /** `digestOf` the section's text without this entry, its last; modules that were written before there was one have none. */
  readonly check?: string;
}

/** What a description may have: anything else is damage. */
const ENTRIES: readonly string[] = [
  "senet", "model", "input", "observe", "override", "numerics", "threads", "relaxedSimd", "pace", "tile", "digest", "check",
] satisfies readonly (keyof WasmModuleDescription)[];

const SECTION = "senet";
const CUSTOM = 0;
const MAGIC = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/**
 * Sixteen hexadecimal digits (two times FNV-1a of 32 bits): tells modules apart that were made by mistake, no forgeries. The first half
 * differs wherever a single byte does, for each of its operations can be undone.
 */
export function digestOf(bytes: Uint8Array): string {
  let [low, high] = [0x811c9dc5, 0x1b873593];
  for (let i = 0; i < bytes.length; i++) {
    low = Math.imul(low ^ bytes[i], 0x01000193);
    high = Math.imul(high ^ bytes[i] ^ (low >>> 24), 0x01000193);
  }
  return [low, high].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
}

const letters = (text: string): number[] => Array.from(text, (letter) => letter.charCodeAt(0));

/** In ASCII. @param checked with its check? */
function textOf({ check: _, ...description }: WasmModuleDescription, checked: boolean): string {
  const text = JSON.stringify(description).replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return checked ? `${text.slice(0, -1)},"check":"${digestOf(Uint8Array.from(letters(text)))}"}` : text;
}

/** The module with its description. */
export function describe(bytes: Uint8Array, use: Omit<WasmModuleDescription, "digest">): Uint8Array<ArrayBuffer> {
  const text = textOf({ ...use, digest: digestOf(bytes) }, true);
  const section = new Bytes(text.length + 16);
  section.name(SECTION);
  section.append(letters(text));
  const whole = new Bytes(bytes.length + section.length + 16);
  whole.append(bytes);
  whole.section(CUSTOM, section);
  return whole.toBytes();
}

/** The bytes of a module, if it comes so. By tag, not by instanceof: those of other realms (an iframe, a vm context) are bytes. */
export function bytesOf(module: unknown): Uint8Array<ArrayBuffer> | undefined {
  if (ArrayBuffer.isView(module)) return new Uint8Array(module.buffer as ArrayBuffer, module.byteOffset, module.byteLength);
  const tag = Object.prototype.toString.call(module);
  return /^\[object (Shared)?ArrayBuffer\]$/.test(tag) ? new Uint8Array(module as ArrayBuffer) : undefined;
}

/**
 * What a module, or its bytes, say of themselves. Of bytes all are compared with their digests; of a module that the host has compiled
 * only the description can be.
 * @throws TypeError for anything else, FormatError for what `senet compile` has not made, or what is damaged
 */
export function readWasmDescription(module: unknown): WasmModuleDescription {
  const bytes = bytesOf(module);
  const section = bytes === undefined ? hostSectionOf(module) : sectionOf(bytes);
  if (section === undefined) throw new FormatError("compile: this module was not made by senet compile: it has no section named senet");
  const text = String.fromCharCode(...section.text);
  let found: Partial<WasmModuleDescription> | null = null;
  try {
    found = JSON.parse(text) as Partial<WasmModuleDescription> | null;
  } catch {
    // Then it is as good as of another sort.
  }
  if (!isDescription(found) || textOf(found, found.check !== undefined) !== text) {
    throw new FormatError("compile: the module's section named senet is damaged; make it anew with senet compile");
  }
  if (bytes !== undefined && !(section.end === bytes.length && digestOf(bytes.subarray(0, section.start)) === found.digest)) {
    throw new FormatError("compile: the module's bytes are not those that senet compile wrote: it is damaged, or was changed; " +
      "make it anew with senet compile");
  }
  return found;
}

/** Where a section stands, and what it holds. */
interface Section {
  readonly start: number;
  readonly end: number;
  readonly text: Uint8Array;
}

function isDescription(found: Partial<WasmModuleDescription> | null): found is WasmModuleDescription {
  if (typeof found !== "object" || found === null) return false;
  const { model, senet, digest, input, observe, override, threads, numerics, relaxedSimd } = found;
  return [model, senet, digest, numerics].every((text) => typeof text === "string") && [input, observe, override].every(Array.isArray) &&
    Number.isSafeInteger(threads) && typeof relaxedSimd === "boolean" && Object.keys(found).every((name) => ENTRIES.includes(name));
}

function hostSectionOf(module: unknown): Section | undefined {
  if (typeof WebAssembly === "undefined") throw new Error("compile: module wants WebAssembly, which is not available here");
  try {
    // Modules of another realm are modules too, so the host is asked.
    const [found] = WebAssembly.Module.customSections(module as HostWasmModule, SECTION);
    return found === undefined ? undefined : { start: 0, end: 0, text: new Uint8Array(found) };
  } catch {
    throw new TypeError(`compile: module wants a WebAssembly.Module or its bytes as Uint8Array, got ${show(module)}`);
  }
}

function sectionOf(bytes: Uint8Array): Section | undefined {
  let at = MAGIC.length;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * (1 << shift);
      if (byte < 0x80) return value;
    }
    return Infinity;
  };
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) throw new FormatError("compile: module: these bytes are no WebAssembly module");
  while (at < bytes.length) {
    const start = at;
    const kind = bytes[at++];
    const size = number();
    const end = at + size;
    if (!(end <= bytes.length)) {
      throw new FormatError(`compile: module: a section ends after byte ${bytes.length}, the last; the file is cut off or damaged`);
    }
    if (kind === CUSTOM) {
      const length = number();
      const name = String.fromCharCode(...bytes.subarray(at, Math.min(at + length, end, at + 64)));
      if (name === SECTION && at + length <= end) return { start, end, text: bytes.subarray(at + length, end) };
    }
    at = end;
  }
  return undefined;
}

/** The shapes of a graph's inputs, as descriptions have them. */
export function inputOf({ inputs }: Pick<Graph, "inputs">): Shape | readonly Shape[] {
  const shapes = inputs.map(({ shape }) => shape);
  return shapes.length === 1 ? shapes[0] : shapes;
}

const list = (names: readonly string[]): string => [...new Set(names)].sort().join(", ") || "nothing";

/** Is this what the module was made for, as far as it says? @throws RangeError naming what was wanted and what came */
export function checkUse(made: WasmModuleDescription, wanted: WasmModuleUse): void {
  const sharing = (threads: number): string => (threads > 1 ? "several threads" : "one thread");
  const compared: [string, string, string][] = [
    ["input", JSON.stringify(made.input), JSON.stringify(wanted.input)],
    ["numerics", made.numerics, wanted.numerics],
    ["threads", sharing(made.threads), sharing(wanted.threads)],
    ["pace", String(made.pace ?? false), String(wanted.pace ?? false)],
    ["tile", made.tile ?? "2x16", wanted.tile ?? "2x16"],
    ["observe", list(made.observe), list(wanted.observe)],
    ["override", list(made.override), list(wanted.override)],
  ];
  for (const [what, came, want] of compared) {
    if (came !== want) {
      throw new RangeError(
        `compile: the module does not fit: ${what}: ${want} is wanted, it was made for ${came} (${made.model}, senet ${made.senet})`,
      );
    }
  }
}
