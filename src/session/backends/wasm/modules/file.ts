/**
 * What a module of `senet compile` says of itself: a custom section "senet", JSON in ASCII, after all that runs. A module that the host has
 * compiled still shows it, so whether a module fits is known wherever it comes from.
 */
import { Bytes } from "../../../../../kernels/wasm/assembler/encode.ts";
import { FormatError, show } from "../../../../errors.ts";
import type { HostWasmModule } from "../../../../host-types.ts";
import type { Graph } from "../../../../graph/graph.ts";
import type { Shape } from "../../../../tensor.ts";
import type { Numerics } from "../../numerics.ts";

/** What a module is used for. */
export interface ModuleUse {
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
}

export interface ModuleDescription extends ModuleUse {
  /** The version that emitted it. */
  readonly senet: string;
  /** Does it hold instructions of relaxed SIMD? Then engines without these refuse it as a whole. */
  readonly relaxedSimd: boolean;
  /** `digestOf` all that stands before the section. */
  readonly digest: string;
}

const SECTION = "senet";
const CUSTOM = 0;
const MAGIC = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** Sixteen hexadecimal digits (two times FNV-1a of 32 bits): tells modules apart that were made by mistake, no forgeries. */
export function digestOf(bytes: Uint8Array): string {
  let [low, high] = [0x811c9dc5, 0x1b873593];
  for (let i = 0; i < bytes.length; i++) {
    low = Math.imul(low ^ bytes[i], 0x01000193);
    high = Math.imul(high ^ bytes[i] ^ (low >>> 24), 0x01000193);
  }
  return [low, high].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
}

/** The module with its description. */
export function describe(bytes: Uint8Array, use: Omit<ModuleDescription, "digest">): Uint8Array<ArrayBuffer> {
  const text = JSON.stringify({ ...use, digest: digestOf(bytes) })
    .replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const section = new Bytes(text.length + 16);
  section.name(SECTION);
  section.append(Array.from(text, (letter) => letter.charCodeAt(0)));
  const whole = new Bytes(bytes.length + text.length + 32);
  whole.append(bytes);
  whole.section(CUSTOM, section);
  return whole.toBytes();
}

/**
 * What a module, or its bytes, say of themselves.
 * @throws TypeError for anything else, FormatError for what `senet compile` has not made
 */
export function readDescription(module: unknown): ModuleDescription {
  const section = module instanceof Uint8Array ? sectionOf(module) : hostSectionOf(module);
  if (section === undefined) throw new FormatError("compile: this module was not made by senet compile: it has no section named senet");
  let found: Partial<ModuleDescription> | null = null;
  try {
    found = JSON.parse(String.fromCharCode(...section)) as Partial<ModuleDescription> | null;
  } catch {
    // Then it is as good as of another sort.
  }
  if (!isDescription(found)) throw new FormatError("compile: the module's section named senet is damaged; make it anew with senet compile");
  return found;
}

function isDescription(found: Partial<ModuleDescription> | null): found is ModuleDescription {
  if (typeof found !== "object" || found === null) return false;
  const { model, senet, digest, input, observe, override, threads, numerics, relaxedSimd } = found;
  return [model, senet, digest, numerics].every((text) => typeof text === "string") && [input, observe, override].every(Array.isArray) &&
    Number.isSafeInteger(threads) && typeof relaxedSimd === "boolean";
}

function hostSectionOf(module: unknown): Uint8Array | undefined {
  if (typeof WebAssembly === "undefined") throw new Error("compile: module wants WebAssembly, which is not available here");
  try {
    // Modules of another realm are modules too, so the host is asked.
    const [found] = WebAssembly.Module.customSections(module as HostWasmModule, SECTION);
    return found === undefined ? undefined : new Uint8Array(found);
  } catch {
    throw new TypeError(`compile: module wants a WebAssembly.Module or its bytes as Uint8Array, got ${show(module)}`);
  }
}

function sectionOf(bytes: Uint8Array): Uint8Array | undefined {
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
    const kind = bytes[at++];
    const size = number();
    const end = at + size;
    if (!(end <= bytes.length)) {
      throw new FormatError(`compile: module: a section ends after byte ${bytes.length}, the last; the file is cut off or damaged`);
    }
    if (kind === CUSTOM) {
      const length = number();
      const name = String.fromCharCode(...bytes.subarray(at, Math.min(at + length, end, at + 64)));
      if (name === SECTION && at + length <= end) return bytes.subarray(at + length, end);
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
export function checkUse(made: ModuleDescription, wanted: ModuleUse): void {
  const sharing = (threads: number): string => (threads > 1 ? "several threads" : "one thread");
  const compared: [string, string, string][] = [
    ["input", JSON.stringify(made.input), JSON.stringify(wanted.input)],
    ["numerics", made.numerics, wanted.numerics],
    ["threads", sharing(made.threads), sharing(wanted.threads)],
    ["pace", String(made.pace ?? false), String(wanted.pace ?? false)],
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
