/**
 * Convolution in plain JavaScript for engines that interpret: what counts there is how many instructions a product takes. A pass adds what
 * some input channels give to some output channels, over a whole image: it holds their weights in variables, loads a few pixels into
 * variables for all these channels, and adds all products to a sum in one expression. That is 4 to 5 instructions of QuickJS for a product,
 * where tiles of 3x3 (kernels/plain/tile.ts) take 10. Sums wait in `D`, in double precision, between passes.
 *
 * The order of a sum is the contract's (kernels/contract.ts): the bias, then channel by channel, row by row, column by column. So the bits
 * are those of kernels/plain.
 */

/** What a pass does. */
export interface Pass {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** Channels in and out at once, and pixels of a row. */
  readonly inputs: number;
  readonly outputs: number;
  readonly pixels: number;
}

/** How convolutions of one geometry are computed. */
export interface Form extends Omit<Pass, "inputs"> {
  /** Input channels of the passes, the largest first; the last is 1. */
  readonly inputs: readonly number[];
}

/** Names of weights begin with one for each output channel: short, for they are most of the file. */
const LETTERS = "abcefhjl";

/** Taps whose weights are held in variables. */
const MOST_TAPS = 49;

/** Weights, and pixels, that a pass holds in variables. Engines have short instructions for about 256 variables. */
const MOST_WEIGHTS = 112;
const MOST_PIXELS = 96;

/** Products of a pass that is kept short. */
const FEW_PRODUCTS = 110;

/** Pixels of a row at once: as many as waste least of it. */
function pixelsOf(width: number, most: number): number {
  let best = 1;
  let least = Infinity;
  for (let pixels = 1; pixels <= most; pixels++) {
    // Each pixel beyond the row is computed for nothing; each group costs about a pixel's products once more.
    const cost = Math.ceil(width / pixels) * (pixels + 0.25);
    if (cost <= least) [best, least] = [pixels, cost];
  }
  return best;
}

/** @param inputs channels of a group @param outputs the same @param width of the result */
export function formOf(
  { kernel, stride, dilation }: Pick<Pass, "kernel" | "stride" | "dilation">, inputs: number, outputs: number, width: number,
): Form {
  const taps = kernel[0] * kernel[1];
  if (taps > MOST_TAPS) return { kernel, stride, dilation, outputs: Math.min(4, outputs), pixels: 1, inputs: [1] };
  const together = Math.max(1, Math.min(taps === 1 ? 8 : 4, outputs, Math.floor(MOST_WEIGHTS / taps)));
  const most = Math.max(1, Math.min(inputs, Math.floor(MOST_WEIGHTS / (taps * together))));
  // First layers, strided and depthwise ones have few of a network's products: their passes are short, for the file's sake.
  const few = taps > 1 && (inputs === 1 || stride[0] * stride[1] > 1);
  const several = few ? [] : [taps === 1 ? 8 : 2, 4, 2].filter((count, i, all) => count <= most && all.indexOf(count) === i);
  const channels = several[0] ?? 1;
  const columns = (pixels: number): number => new Set(
    Array.from({ length: pixels * kernel[1] }, (_, i) => Math.floor(i / kernel[1]) * stride[1] + (i % kernel[1]) * dilation[1]),
  ).size;
  const longest = few ? Math.max(1, Math.min(7, Math.floor(FEW_PRODUCTS / (taps * together)))) : 7;
  let room = 1;
  while (room < longest && taps > 1 && columns(room + 1) * kernel[0] * channels <= MOST_PIXELS) room++;
  return { kernel, stride, dilation, outputs: together, pixels: pixelsOf(width, room), inputs: [...several, 1] };
}

/** "3x3", and what differs from 1. */
function nameOf({ kernel, stride, dilation, outputs, pixels }: Omit<Pass, "inputs">): string {
  const pair = (letter: string, [a, b]: readonly [number, number]): string => (a === 1 && b === 1 ? "" : `${letter}${a}x${b}`);
  return `pass${pair("_", kernel)}${pair("s", stride)}${pair("d", dilation)}_${outputs}_${pixels}`;
}

/** A pass as a function. @returns its name and text */
export function passFunction(pass: Pass): readonly [name: string, text: string] {
  const { kernel: [height, width], stride, dilation, inputs, outputs, pixels } = pass;
  const name = `${nameOf(pass)}_${inputs}`;
  const head = `function ${name}(x, w, row, count, size, rows, groups, pitch, plane) {
      var a = A, d = D, k = W, i0 = 0, r, g, p;`;
  if (height * width > MOST_TAPS) return [name, looped(head, pass)];
  const all = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
  const taps = height * width;
  const lines = [head];
  const weight = (o: number, t: number): string => `${LETTERS[o]}${t}`;
  for (const o of all(outputs)) {
    if (o > 0) lines.push(`var w${o} = w + (count > ${o} ? ${o} : 0) * row, i${o} = ${o > 1 ? `${o} * ` : ""}size;`);
    const from = o === 0 ? "w" : `w${o}`;
    lines.push(`var ${all(inputs * taps).map((t) => `${weight(o, t)} = k[${from}${t === 0 ? "" : ` + ${t}`}]`).join(", ")};`);
  }
  // Where each row of each channel begins, seen from the pixel.
  const starts = all(inputs * height).map((i) => [Math.floor(i / height), i % height] as const);
  const start = (c: number, i: number): string => (c + i === 0 ? "p" : `q${c * height + i}`);
  for (const [c, i] of starts) {
    if (c + i === 0) continue;
    const times = (count: number, what: string): string => (count === 0 ? "" : count === 1 ? what : `${count} * ${what}`);
    const parts = [times(c, "plane"), times(i * dilation[0], "pitch")];
    lines.push(`var s${c * height + i} = ${parts.filter((part) => part !== "").join(" + ")}, ${start(c, i)};`);
  }
  lines.push("for (r = 0; r < rows; r++) {", `p = x + r * ${stride[0] === 1 ? "pitch" : `${stride[0]} * pitch`};`);
  for (const [c, i] of starts) if (c + i > 0) lines.push(`${start(c, i)} = p + s${c * height + i};`);
  lines.push("for (g = 0; g < groups; g++) {");
  const columns = [...new Set(all(pixels).flatMap((u) => all(width).map((j) => u * stride[1] + j * dilation[1])))].sort((a, b) => a - b);
  const pixel = (c: number, i: number, column: number): string => `x${column}_${c * height + i}`;
  for (const [c, i] of starts) {
    lines.push(`var ${columns.map(
      (column) => `${pixel(c, i, column)} = a[${start(c, i)}${column === 0 ? "" : ` + ${column}`}]`,
    ).join(", ")};`);
  }
  for (const o of all(outputs)) {
    for (const u of all(pixels)) {
      const products = all(inputs * taps).map((t) => {
        const [c, tap] = [Math.floor(t / taps), t % taps];
        const column = u * stride[1] + (tap % width) * dilation[1];
        return `${weight(o, t)} * ${pixel(c, Math.floor(tap / width), column)}`;
      });
      const at = `d[i${o}${u === 0 ? "" : ` + ${u}`}]`;
      lines.push(`${at} = ${at} + ${products.join(" + ")};`);
    }
  }
  for (const [c, i] of starts) lines.push(`${start(c, i)} += ${pixels * stride[1]};`);
  for (const o of all(outputs)) lines.push(`i${o} += ${pixels};`);
  return [name, `${lines.join("\n")}\n}\n}\n}`];
}

/** For kernels of so many taps that loops over them cost little: one channel in, any number out. */
function looped(head: string, { kernel, stride, dilation, outputs }: Pass): string {
  return `${head}
      for (var o = 0; o < ${outputs}; o++, i0 = o * size) {
        for (r = 0; r < rows; r++) {
          for (g = 0; g < groups; g++, i0++) {
            var from = w + (count > o ? o : 0) * row, sum = d[i0];
            for (var i = 0; i < ${kernel[0]}; i++) {
              p = x + (r * ${stride[0]} + i * ${dilation[0]}) * pitch + g * ${stride[1]};
              for (var j = 0; j < ${kernel[1]}; j++, p += ${dilation[1]}) sum += k[from++] * a[p];
            }
            d[i0] = sum;
          }
        }
      }
    }`;
}

/** What calls the passes for all channels. Weights of an output channel follow those of the one before it. */
export const driver = `
    function convolve(passes, taps, outputs, pixels, y, x, w, b, images, groups, ins, outs, pitch, plane, rows, columns) {
      var across = Math.ceil(columns / pixels), size = rows * across * pixels, row = ins * taps, a = A, d = D;
      for (var n = 0; n < images * groups; n++) {
        var group = n % groups;
        for (var o = 0; o < outs; o += outputs) {
          var count = Math.min(outputs, outs - o), first = group * outs + o, c = 0;
          for (var j = 0; j < count; j++) d.fill(b < 0 ? 0 : W[b + first + j], j * size, (j + 1) * size);
          for (var s = 0; s < passes.length; s += 2) {
            for (; c + passes[s] <= ins; c += passes[s]) {
              passes[s + 1](x + (n * ins + c) * plane, w + first * row + c * taps, row, count, size, rows, across, pitch, plane);
            }
          }
          for (j = 0; j < count; j++) {
            var to = y + (n * outs + o + j) * rows * columns, from = j * size;
            for (var r = 0; r < rows; r++, from += across * pixels - columns) {
              for (var end = to + columns; to < end; to++, from++) a[to] = d[from];
            }
          }
        }
      }
    }`;
