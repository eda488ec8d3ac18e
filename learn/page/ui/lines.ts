/**
 * What is written beside the lines of kernels/reference/squeeze-excite.ts: for each line that computes something the numbers that stand in
 * it, of the channel, hidden number and pixel that are looked at. Nothing of the DOM: a test reads it too.
 */
import type { BackwardLines, Detail, ForwardLines } from "../messages.ts";

/** What can be pointed at. */
export type Kind = "squeeze" | "hidden" | "gate" | "map";

export interface Note {
  /** A piece of the line that is meant: it stands once in its function. */
  readonly find: string;
  /** Whose line it is. */
  readonly kind: Kind;
  /** The numbers in it; undefined where there is nothing to say. */
  readonly text: (numbers: Numbers) => string;
}

/** Numbers of one place. */
export interface Numbers {
  readonly c: number;
  readonly k: number;
  readonly p: number;
  readonly pixels: number;
  readonly channels: number;
  readonly forward: ForwardLines;
  readonly backward: BackwardLines | undefined;
  /** The gate that was used: the block's own, or one that was set. */
  readonly gate: number;
  readonly x: number;
}

const digits = (value: number): string => {
  const size = Math.abs(value);
  if (value === 0) return "0";
  const text = size < 0.0005 || size >= 1e5 ? value.toExponential(2) : value.toFixed(size >= 100 ? 1 : size >= 10 ? 2 : 3);
  return text.replaceAll("-", "−");
};

/** "0.1·0.2 + 0.3·0.4 + … (60 more)", of so many products at most. */
function products(a: Float32Array, b: Float32Array, most: number = 3): string {
  const shown = Math.min(most, a.length);
  const terms = Array.from({ length: shown }, (_, i) => `${digits(a[i])}·${digits(b[i])}`);
  return terms.join(" + ") + (a.length > shown ? ` + … (${a.length - shown} more)` : "");
}

/** Backward lines want a class that was chosen. */
const back = (write: (b: BackwardLines, numbers: Numbers) => string) => (numbers: Numbers): string =>
  (numbers.backward === undefined ? "" : write(numbers.backward, numbers));

export const forwardNotes: readonly Note[] = [
  {
    find: "sum += x[", kind: "squeeze",
    text: ({ c, pixels, forward: { z } }) => `sum of the ${pixels} pixels of channel ${c}: ${digits(z[c] * pixels)}`,
  },
  {
    find: "z[n * channels + c] = sum / pixels", kind: "squeeze",
    text: ({ c, pixels, forward: { z } }) => `z[${c}] = ${digits(z[c] * pixels)} / ${pixels} = ${digits(z[c])}`,
  },
  { find: "b1 === null", kind: "hidden", text: ({ k, forward: { b1 } }) => (b1 === undefined ? "no bias: 0" : `b1[${k}] = ${digits(b1)}`) },
  { find: "sum += w1[", kind: "hidden", text: ({ forward: { w1, z } }) => products(w1, z) },
  { find: "a[n * hidden + k] = sum", kind: "hidden", text: ({ k, forward: { a } }) => `a[${k}] = ${digits(a[k])}` },
  {
    find: "h[n * hidden + k] = Math.max", kind: "hidden",
    text: ({ k, forward: { a, h } }) => `h[${k}] = max(${digits(a[k])}, 0) = ${digits(h[k])}`,
  },
  { find: "b2 === null", kind: "gate", text: ({ c, forward: { b2 } }) => (b2 === undefined ? "no bias: 0" : `b2[${c}] = ${digits(b2)}`) },
  { find: "sum += w2[", kind: "gate", text: ({ forward: { w2, h } }) => products(w2, h) },
  { find: "e[n * channels + c] = sum", kind: "gate", text: ({ c, forward: { e } }) => `e[${c}] = ${digits(e[c])}` },
  {
    find: "s[n * channels + c] = sigmoid(", kind: "gate",
    text: ({ c, gate, forward: { e, s } }) => `s[${c}] = sigmoid(${digits(e[c])}) = ${digits(s[c])}` +
      (Math.abs(gate - s[c]) > 1e-5 ? `; set by hand: ${digits(gate)}` : ""),
  },
  {
    find: "y[at] = s[", kind: "map",
    text: ({ c, p, gate, x }) => `y[${c}], pixel ${p} = ${digits(gate)} · ${digits(x)} = ${digits(gate * x)}`,
  },
];

export const backwardNotes: readonly Note[] = [
  {
    find: "sum += dy[at] * x[at]", kind: "gate",
    text: back(({ dy }, { p, x }) => `of pixel ${p}: ${digits(dy[p])} · ${digits(x)} = ${digits(dy[p] * x)}`),
  },
  { find: "ds[gate] = sum", kind: "gate", text: back(({ ds }, { c }) => `ds[${c}] = ${digits(ds[c])}`) },
  {
    find: "de[gate] = ds[gate]", kind: "gate",
    text: back(({ ds, de }, { c, gate }) => `de[${c}] = ${digits(ds[c])} · ${digits(gate)} · ${digits(1 - gate)} = ${digits(de[c])}`),
  },
  {
    find: "dh += w2[", kind: "hidden",
    text: back(({ dh }, { k, channels }) => `dh[${k}] = ${digits(dh)}, a sum over ${channels} channels`),
  },
  {
    find: "da[n * hidden + k] = a[", kind: "hidden",
    text: back(({ da }, { k, forward: { a } }) => `a[${k}] = ${digits(a[k])}, so da[${k}] = ${a[k] > 0 ? "dh" : "0"} = ${digits(da[k])}`),
  },
  {
    find: "sum += w1[", kind: "squeeze",
    text: back(({ da }, { k, c, forward: { w1 } }) => `of hidden ${k}: ${digits(w1[c])} · ${digits(da[k])} = ${digits(w1[c] * da[k])}`),
  },
  { find: "dz[n * channels + c] = sum", kind: "squeeze", text: back(({ dz }, { c }) => `dz[${c}] = ${digits(dz[c])}`) },
  {
    find: "dx[at] += s[", kind: "map",
    text: back(({ dy, dz, dx }, { p, c, gate, pixels }) =>
      `pixel ${p}: ${digits(gate)} · ${digits(dy[p])} + ${digits(dz[c])} / ${pixels} = ${digits(dx[p])}`),
  },
  {
    find: "sumW2 += de[", kind: "gate",
    text: back(({ de }, { c, k, forward: { h } }) => `dw2[${c},${k}] = ${digits(de[c])} · ${digits(h[k])} = ${digits(de[c] * h[k])}`),
  },
  {
    find: "sumW1 += da[", kind: "hidden",
    text: back(({ da }, { c, k, forward: { z } }) => `dw1[${k},${c}] = ${digits(da[k])} · ${digits(z[c])} = ${digits(da[k] * z[c])}`),
  },
  { find: "sum += de[", kind: "gate", text: back(({ de }, { c }) => `db2[${c}] = ${digits(de[c])}`) },
  { find: "sum += da[", kind: "hidden", text: back(({ da }, { k }) => `db1[${k}] = ${digits(da[k])}`) },
];

/** The body of a function of the reference, from its first loop to its end, with the number of the first line. */
export function bodyOf(source: string, name: string): { readonly lines: readonly string[]; readonly first: number } {
  const all = source.split("\n");
  const head = all.findIndex((line) => line.startsWith(`export function ${name}(`));
  const start = all.findIndex((line, i) => i > head && line.startsWith("  for (let n = 0"));
  const end = all.findIndex((line, i) => i > start && line === "}");
  if (head < 0 || start < 0 || end < 0) throw new Error(`the reference has no function ${name}`);
  return { lines: all.slice(start, end).map((line) => line.slice(2)), first: start + 1 };
}

/** The numbers of what is looked at; undefined where this block is not what the reference computes. */
export function numbersOf({ selection, map, forward, backward }: Detail, gates: Float32Array): Numbers | undefined {
  if (forward === undefined) return undefined;
  const { channel: c, hidden: k, pixel: p } = selection;
  return { c, k, p, pixels: map.length, channels: gates.length, forward, backward, gate: gates[c], x: map[p] };
}
