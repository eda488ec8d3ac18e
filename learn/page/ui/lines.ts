/**
 * What is written beside the lines of kernels/reference, of SE's page and those of its relatives: for each line that computes something the
 * numbers that stand in it, of the channel, hidden number and pixel that are looked at. Where a block has another function than its page,
 * the line's note says what stands there instead. Nothing of the DOM: a test reads it too.
 */
import type { BackwardLines, BlockInfo, Detail, ForwardLines, LinePage } from "../messages.ts";

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

/** Both ways through a block. */
export interface Notes {
  readonly forward: readonly Note[];
  readonly backward: readonly Note[];
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
  /** Names of the functions of hidden layer and gate. */
  readonly inner: string;
  readonly outer: string;
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

/** "sigmoid(0.1)"; behind it what the page has instead, where that is another function. */
function applied(name: string, of: string, usual: string): string {
  return `${name.replaceAll("_", " ")}(${of})${name === usual ? "" : " here"}`;
}

const handSet = (gate: number, own: number): string => (Math.abs(gate - own) > 1e-5 ? `; set by hand: ${digits(gate)}` : "");

const forwardNotes: readonly Note[] = [
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
    text: ({ k, inner, forward: { a, h } }) =>
      `h[${k}] = ${inner === "relu" ? `max(${digits(a[k])}, 0)` : applied(inner, digits(a[k]), "relu")} = ${digits(h[k])}`,
  },
  { find: "b2 === null", kind: "gate", text: ({ c, forward: { b2 } }) => (b2 === undefined ? "no bias: 0" : `b2[${c}] = ${digits(b2)}`) },
  { find: "sum += w2[", kind: "gate", text: ({ forward: { w2, h } }) => products(w2, h) },
  { find: "e[n * channels + c] = sum", kind: "gate", text: ({ c, forward: { e } }) => `e[${c}] = ${digits(e[c])}` },
  {
    find: "s[n * channels + c] = sigmoid(", kind: "gate",
    text: ({ c, gate, outer, forward: { e, s } }) =>
      `s[${c}] = ${applied(outer, digits(e[c]), "sigmoid")} = ${digits(s[c])}${handSet(gate, s[c])}`,
  },
  {
    find: "y[at] = s[", kind: "map",
    text: ({ c, p, gate, x }) => `y[${c}], pixel ${p} = ${digits(gate)} · ${digits(x)} = ${digits(gate * x)}`,
  },
];

const backwardNotes: readonly Note[] = [
  {
    find: "sum += dy[at] * x[at]", kind: "gate",
    text: back(({ dy }, { p, x }) => `of pixel ${p}: ${digits(dy[p])} · ${digits(x)} = ${digits(dy[p] * x)}`),
  },
  { find: "ds[gate] = sum", kind: "gate", text: back(({ ds }, { c }) => `ds[${c}] = ${digits(ds[c])}`) },
  {
    find: "de[gate] = ds[gate]", kind: "gate",
    text: back(({ ds, de }, { c, outer, forward: { s } }) => outer === "sigmoid"
      ? `de[${c}] = ${digits(ds[c])} · ${digits(s[c])} · ${digits(1 - s[c])} = ${digits(de[c])}`
      : `de[${c}] = ${digits(ds[c])} · slope of ${applied(outer, "e", "sigmoid")} = ${digits(de[c])}`),
  },
  {
    find: "dh += w2[", kind: "hidden",
    text: back(({ dh }, { k, channels }) => `dh[${k}] = ${digits(dh)}, a sum over ${channels} channels`),
  },
  {
    find: "da[n * hidden + k] = a[", kind: "hidden",
    text: back(({ da }, { k, inner, forward: { a } }) => inner === "relu"
      ? `a[${k}] = ${digits(a[k])}, so da[${k}] = ${a[k] > 0 ? "dh" : "0"} = ${digits(da[k])}`
      : `da[${k}] = dh · slope of ${applied(inner, digits(a[k]), "relu")} = ${digits(da[k])}`),
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

const [squeezed, mean] = forwardNotes;
const scaled = forwardNotes[forwardNotes.length - 1];
const [toDz, dx] = backwardNotes.slice(6, 8);
const ofPixel: Note = {
  find: "sum += dy[gate * pixels + p] * x[gate * pixels + p]", kind: "gate", text: backwardNotes[0].text };
const deOfGate: Note = { find: "de[gate] = ", kind: "gate", text: backwardNotes[2].text };
/** Of a channel and its neighbours, as far as there are any: the kernel over z, or turned round over de. */
function window(c: number, values: Float32Array, weight: Float32Array, sign: 1 | -1): string {
  const reach = (weight.length - 1) / 2;
  const terms = Array.from(weight, (w, j) => [w, values[c + sign * (j - reach)]] as const).filter(([, value]) => value !== undefined);
  return products(Float32Array.from(terms, ([w]) => w), Float32Array.from(terms, ([, value]) => value), 5);
}

const eca: Notes = {
  forward: [
    squeezed, mean,
    { find: "sum += weight[j] * z[", kind: "gate", text: ({ c, forward: { w2, z } }) => window(c, z, w2, 1) },
    forwardNotes[8], forwardNotes[9], scaled],
  backward: [
    ofPixel, backwardNotes[1], deOfGate,
    { find: "sum += weight[j] * de[", kind: "squeeze", text: back(({ de }, { c, forward: { w2 } }) => window(c, de, w2, -1)) },
    toDz, dx],
};

const effective: Notes = {
  forward: [
    squeezed, mean,
    { find: "b === null", kind: "gate", text: ({ c, forward: { b2 } }) => (b2 === undefined ? "no bias: 0" : `b[${c}] = ${digits(b2)}`) },
    { find: "sum += w[", kind: "gate", text: ({ forward: { w2, z } }) => products(w2, z) },
    { find: "e[n * channels + o] = sum", kind: "gate", text: forwardNotes[8].text },
    {
      find: "s[n * channels + o] = Math.min(", kind: "gate",
      text: ({ c, gate, outer, forward: { e, s } }) =>
        `s[${c}] = ${applied(outer, digits(e[c]), "hard_sigmoid")} = ${digits(s[c])}${handSet(gate, s[c])}`,
    },
    scaled],
  backward: [
    ofPixel, backwardNotes[1],
    {
      find: "de[gate] = ", kind: "gate",
      text: back(({ ds, de }, { c, outer }) => outer === "hard_sigmoid"
        ? `de[${c}] = ${de[c] === 0 ? "0" : `${digits(ds[c])} / 6 = ${digits(de[c])}`}`
        : `de[${c}] = ${digits(ds[c])} · slope of ${applied(outer, "e", "hard_sigmoid")} = ${digits(de[c])}`),
    },
    {
      find: "sum += w[", kind: "squeeze",
      text: back(({ de }, { c, forward: { w2 } }) => `of gate ${c}: ${digits(w2[c])} · ${digits(de[c])} = ${digits(w2[c] * de[c])}`),
    },
    toDz, dx,
    {
      find: "dw[o * channels + c] += ", kind: "gate",
      text: back(({ de }, { c, forward: { z } }) => `dw[${c},${c}] = ${digits(de[c])} · ${digits(z[c])} = ${digits(de[c] * z[c])}`),
    },
    { find: "db[o] += ", kind: "gate", text: back(({ de }, { c }) => `db[${c}] = ${digits(de[c])}`) }],
};

const spatial: Notes = {
  forward: [
    { find: "b === null", kind: "gate", text: ({ forward: { b2 } }) => (b2 === undefined ? "no bias: 0" : `b = ${digits(b2)}`) },
    { find: "sum += w[", kind: "squeeze", text: ({ forward: { w2, z } }) => products(w2, z) },
    { find: "e[n * pixels + p] = sum", kind: "squeeze", text: ({ p, forward: { e } }) => `e[${p}] = ${digits(e[p])}` },
    {
      find: "s[n * pixels + p] = sigmoid(", kind: "gate",
      text: ({ p, gate, outer, forward: { e, s } }) =>
        `s[${p}] = ${applied(outer, digits(e[p]), "sigmoid")} = ${digits(s[p])}${handSet(gate, s[p])}`,
    },
    scaled],
  backward: [
    {
      find: "sum += dy[", kind: "gate",
      text: back(({ dy }, { c, p, x }) => `of channel ${c}: ${digits(dy[p])} · ${digits(x)} = ${digits(dy[p] * x)}`),
    },
    { find: "ds[gate] = sum", kind: "gate", text: back(({ ds }, { p }) => `ds[${p}] = ${digits(ds[p])}`) },
    {
      find: "de[gate] = ", kind: "gate",
      text: back(({ ds, de }, { p, outer, forward: { s } }) => outer === "sigmoid"
        ? `de[${p}] = ${digits(ds[p])} · ${digits(s[p])} · ${digits(1 - s[p])} = ${digits(de[p])}`
        : `de[${p}] = ${digits(ds[p])} · slope of ${applied(outer, "e", "sigmoid")} = ${digits(de[p])}`),
    },
    {
      find: "dx[at] += s[", kind: "map",
      text: back(({ dy, de, dx: total }, { c, p, gate, forward: { w2 } }) =>
        `pixel ${p}: ${digits(gate)} · ${digits(dy[p])} + ${digits(w2[c])} · ${digits(de[p])} = ${digits(total[p])}`),
    },
    {
      find: "dw[c] += de[", kind: "map",
      text: back(({ de }, { p, x }) => `of pixel ${p}: ${digits(de[p])} · ${digits(x)} = ${digits(de[p] * x)}`),
    }],
};

/** A page, with the names of its two functions, and the folder in kernels/reference where it lies. */
export interface Page extends Notes {
  readonly names: Readonly<Record<keyof Notes, string>>;
  readonly folder: string;
}

/** Those that there are. */
export const pages: Readonly<Record<LinePage, Page>> = {
  "squeeze-excite": {
    forward: forwardNotes, backward: backwardNotes, folder: "",
    names: { forward: "squeezeExciteForward", backward: "squeezeExciteBackward" } },
  "effective-squeeze-excite": {
    ...effective, folder: "relatives/", names: { forward: "effectiveSqueezeExciteForward", backward: "effectiveSqueezeExciteBackward" } },
  "efficient-channel-attention": {
    ...eca, folder: "relatives/", names: { forward: "efficientChannelAttentionForward", backward: "efficientChannelAttentionBackward" } },
  "spatial-squeeze-excite": {
    ...spatial, folder: "relatives/", names: { forward: "spatialSqueezeExciteForward", backward: "spatialSqueezeExciteBackward" } },
};

/** The body of a function of the reference, from its first loop to its end, with the number of the first line. */
export function bodyOf(source: string, name: string): { readonly lines: readonly string[]; readonly first: number } {
  const all = source.split("\n");
  const head = all.findIndex((line) => line.startsWith(`export function ${name}(`));
  const start = all.findIndex((line, i) => i > head && line.startsWith("  for (let n = 0"));
  const end = all.findIndex((line, i) => i > start && line === "}");
  if (head < 0 || start < 0 || end < 0) throw new Error(`the reference has no function ${name}`);
  return { lines: all.slice(start, end).map((line) => line.slice(2)), first: start + 1 };
}

/** The numbers of what is looked at; undefined where no page's lines are this block's. */
export function numbersOf(
  { selection, map, forward, backward }: Detail, gates: Float32Array, { by, inner = "relu", activation }: BlockInfo,
): Numbers | undefined {
  if (forward === undefined) return undefined;
  const { channel: c, hidden: k, pixel: p } = selection;
  return {
    c, k, p, pixels: map.length, channels: gates.length, forward, backward, gate: gates[by === "pixel" ? p : c], x: map[p], inner,
    outer: activation };
}
