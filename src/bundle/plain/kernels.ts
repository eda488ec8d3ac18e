/**
 * What a network has besides convolutions, in plain JavaScript: functions of places in `A` (values) and `W` (weights), element by element
 * as kernels/reference computes them, so with the same bits. Written for engines that interpret: no views, no closures, counters of whole
 * numbers.
 */
import { driver } from "./convolution.ts";
import { mathTexts } from "./math.ts";

/** A function of the file, and what it calls. */
export interface Text {
  readonly text: string;
  readonly needs?: readonly string[];
}

/** y = f(x), element by element; `f` sees x as `v`. */
function each(name: string, formula: string, needs: readonly string[] = [], more: string = ""): Text {
  return {
    needs,
    text: `
    function ${name}(y, x, size${more}) {
      var a = A, v;
      for (var end = y + size; y < end; y++) {
        v = a[x++];
        a[y] = ${formula};
      }
    }`,
  };
}

/** Of two values that both go from number to number. */
function pairs(name: string, formula: string): Text {
  return {
    text: `
    function ${name}(y, x, z, size) {
      var a = A, v, u;
      for (var end = y + size; y < end; y++) {
        v = a[x++];
        u = a[z++];
        a[y] = ${formula};
      }
    }`,
  };
}

/** Of a value and a number for each channel, from `A` or `W`. */
function perChannel(name: string, from: "A" | "W", formula: string): Text {
  return {
    text: `
    function ${name}(y, x, z, channels, pixels, images) {
      var a = A, b = ${from}, v, u;
      for (var n = 0; n < images * channels; n++) {
        u = b[z + ${from === "A" ? "n" : "n % channels"}];
        for (var end = y + pixels; y < end; y++) {
          v = a[x++];
          a[y] = ${formula};
        }
      }
    }`,
  };
}

/** The pixels of windows that lie inside of an image: of one, or of as many as there are images. */
const windows = `
    function before(end, begin, kernel, dilation) {
      return Math.min(kernel, Math.ceil((end - begin) / dilation));
    }
    function pool(y, x, planes, height, width, rows, columns, kh, kw, sh, sw, top, left, dh, dw, mean, bottom, right) {
      var a = A;
      for (var n = 0; n < planes; n++, x += height * width) {
        for (var r = 0; r < rows; r++) {
          var t = r * sh - top, i0 = Math.max(0, Math.ceil(-t / dh)), i1 = before(height, t, kh, dh);
          for (var c = 0; c < columns; c++) {
            var l = c * sw - left, j0 = Math.max(0, Math.ceil(-l / dw)), j1 = before(width, l, kw, dw);
            var sum = 0, most = -Infinity;
            for (var i = i0; i < i1; i++) {
              var p = x + (t + i * dh) * width + l + j0 * dw;
              for (var j = j0; j < j1; j++, p += dw) {
                var v = a[p];
                sum += v;
                if (v > most || v !== v) most = v;
              }
            }
            var count = mean > 1 ? before(height + bottom, t, kh, dh) * before(width + right, l, kw, dw) : (i1 - i0) * (j1 - j0);
            a[y++] = mean ? sum / count : most;
          }
        }
      }
    }`;

export const texts: Readonly<Record<string, Text>> = {
  ...mathTexts,
  convolve: { text: driver },
  copy: { text: `
    function copy(y, x, size) {
      A.copyWithin(y, x, x + size);
    }` },
  constant: { text: `
    function constant(y, w, size) {
      var a = A, b = W;
      for (var end = y + size; y < end; y++) a[y] = b[w++];
    }` },
  // Channels of an image with zeros around them. Rows of the engine's own copying: a call a row.
  pad: { text: `
    function pad(y, x, planes, height, width, top, left, rows, pitch) {
      A.fill(0, y, y + planes * rows * pitch);
      var down = Math.min(height, rows - top), across = Math.min(width, pitch - left);
      for (var n = 0; n < planes; n++) {
        for (var r = 0; r < down; r++) A.copyWithin(y + (n * rows + top + r) * pitch + left, x + r * width, x + r * width + across);
        x += height * width;
      }
    }` },
  dense: { text: `
    function dense(y, x, w, b, images, ins, outs) {
      var a = A, k = W;
      for (var n = 0; n < images; n++, x += ins) {
        for (var o = 0, q = w; o < outs; o++) {
          var sum = b < 0 ? 0 : k[b + o], p = x;
          for (var end = x + ins - 3; p < end; p += 4, q += 4) {
            sum = sum + k[q] * a[p] + k[q + 1] * a[p + 1] + k[q + 2] * a[p + 2] + k[q + 3] * a[p + 3];
          }
          for (end += 3; p < end; p++) sum += k[q++] * a[p];
          a[y++] = sum;
        }
      }
    }` },
  add: pairs("add", "v + u"),
  gate: perChannel("gate", "A", "u * v"),
  multiply: pairs("multiply", "v * u"),
  bias: perChannel("bias", "W", "v + u"),
  prelu: perChannel("prelu", "W", "v > 0 ? v : u * v"),
  normalise: { text: `
    function normalise(y, x, gamma, beta, mean, variance, epsilon, channels, pixels, images) {
      var a = A, b = W;
      for (var n = 0; n < images * channels; n++) {
        var c = n % channels, m = b[mean + c], inverse = 1 / Math.sqrt(b[variance + c] + epsilon), u = b[gamma + c], s = b[beta + c];
        for (var end = y + pixels; y < end; y++) a[y] = u * ((a[x++] - m) * inverse) + s;
      }
    }` },
  relu: each("relu", "v < 0 ? 0 : v"),
  relu6: each("relu6", "v < 0 ? 0 : v > 6 ? 6 : v"),
  leaky_relu: each("leaky_relu", "v <= 0 ? slope * v : v", [], ", slope"),
  sigmoid_: each("sigmoid_", "sigmoid(v)", ["sigmoid"]),
  silu: each("silu", "v * sigmoid(v)", ["sigmoid"]),
  hard_sigmoid: each("hard_sigmoid", "(v = slope * v + offset) < 0 ? 0 : v > 1 ? 1 : v", [], ", slope, offset"),
  hard_swish: each("hard_swish", "v * (v + 3 < 0 ? 0 : v + 3 > 6 ? 6 : v + 3) / 6"),
  tanh_: each("tanh_", "tanh(v)", ["tanh"]),
  gelu: each("gelu", "0.5 * v * (1 + erf(v * Math.SQRT1_2))", ["erf"]),
  gelu_tanh: each("gelu_tanh", "v * sigmoid(1.5957691216057308 * (v + 0.044715 * v * v * v))", ["sigmoid"]),
  elu: each("elu", "v > 0 ? v : slope * (exp(v) - 1)", ["exp"], ", slope"),
  clip: each("clip", "Math.min(most, Math.max(least, v))", [], ", least, most"),
  length: { text: `
    function length(y, x, images, channels) {
      var a = A;
      for (var n = 0; n < images; n++) {
        var sum = 0, i;
        for (i = 0; i < channels; i++) sum += a[x + i] * a[x + i];
        var by = Math.max(Math.sqrt(sum), 1e-12);
        for (i = 0; i < channels; i++) a[y++] = a[x++] / by;
      }
    }` },
  // Over each plane: its mean, or its largest number.
  mean: { text: `
    function mean(y, x, planes, pixels) {
      var a = A;
      for (var n = 0; n < planes; n++) {
        var sum = 0;
        for (var end = x + pixels; x < end; x++) sum += a[x];
        a[y++] = sum / pixels;
      }
    }` },
  most: { text: `
    function most(y, x, planes, pixels) {
      var a = A;
      for (var n = 0; n < planes; n++) {
        var best = a[x];
        for (var end = x++ + pixels; x < end; x++) if (a[x] > best || a[x] !== a[x]) best = a[x];
        a[y++] = best;
      }
    }` },
  // The same over the channels of each pixel.
  channels: { text: `
    function channels(y, x, images, count, pixels, mean) {
      var a = A;
      for (var n = 0; n < images; n++, x += count * pixels) {
        for (var p = 0; p < pixels; p++) {
          var sum = 0, best = a[x + p];
          for (var c = 0; c < count; c++) {
            var v = a[x + c * pixels + p];
            sum += v;
            if (v > best || v !== v) best = v;
          }
          a[y++] = mean ? sum / count : best;
        }
      }
    }` },
  adaptive: { text: `
    function adaptive(y, x, planes, height, width, rows, columns) {
      var a = A;
      for (var n = 0; n < planes; n++, x += height * width) {
        for (var r = 0; r < rows; r++) {
          var top = Math.floor(r * height / rows), bottom = Math.ceil((r + 1) * height / rows);
          for (var c = 0; c < columns; c++) {
            var left = Math.floor(c * width / columns), right = Math.ceil((c + 1) * width / columns), sum = 0;
            for (var i = top; i < bottom; i++) for (var j = left; j < right; j++) sum += a[x + i * width + j];
            a[y++] = sum / ((bottom - top) * (right - left));
          }
        }
      }
    }` },
  pool: { text: windows },
  pixels: { text: `
    function pixels(y, x, z, images, channels, size) {
      var a = A;
      for (var n = 0; n < images; n++, z += size) {
        for (var c = 0; c < channels; c++) for (var p = 0; p < size; p++) a[y++] = a[z + p] * a[x++];
      }
    }` },
  // What lies in runs of several values, one run of each after the other.
  join: { text: `
    function join(y, runs, count) {
      for (var n = 0; n < count; n++) {
        for (var i = 0; i < runs.length; i += 2) {
          var from = runs[i] + n * runs[i + 1];
          A.copyWithin(y, from, from + runs[i + 1]);
          y += runs[i + 1];
        }
      }
    }` },
  shuffle: { text: `
    function shuffle(y, x, images, groups, size, pixels) {
      for (var n = 0; n < images; n++, x += groups * size * pixels) {
        for (var s = 0; s < size; s++) {
          for (var g = 0; g < groups; g++, y += pixels) A.copyWithin(y, x + (g * size + s) * pixels, x + (g * size + s + 1) * pixels);
        }
      }
    }` },
  nearest: { text: `
    function nearest(y, x, planes, height, width, rows, columns) {
      var a = A;
      for (var n = 0; n < planes; n++, x += height * width) {
        for (var r = 0; r < rows; r++) {
          var from = x + Math.floor(r * height / rows) * width;
          for (var c = 0; c < columns; c++) a[y++] = a[from + Math.floor(c * width / columns)];
        }
      }
    }` },
  bilinear: { text: `
    function place(o, from, to, corners) {
      return corners ? (to === 1 ? 0 : o * (from - 1) / (to - 1)) : Math.max((o + 0.5) * from / to - 0.5, 0);
    }
    function bilinear(y, x, planes, height, width, rows, columns, corners) {
      var a = A;
      for (var n = 0; n < planes; n++, x += height * width) {
        for (var r = 0; r < rows; r++) {
          var row = place(r, height, rows, corners), top = Math.floor(row), q = row - top;
          var upper = x + top * width, lower = x + Math.min(top + 1, height - 1) * width;
          for (var c = 0; c < columns; c++) {
            var column = place(c, width, columns, corners), left = Math.floor(column), p = column - left;
            var right = Math.min(left + 1, width - 1);
            a[y++] = (1 - q) * ((1 - p) * a[upper + left] + p * a[upper + right]) + q * ((1 - p) * a[lower + left] + p * a[lower + right]);
          }
        }
      }
    }` },
  // Numbers in other places: for each index of each dimension how far it lies, -1 for outside.
  take: { text: `
    function take(y, x, places, value) {
      var a = A;
      function walk(axis, from) {
        for (var i = 0; i < places[axis].length; i++) {
          var at = from < 0 || places[axis][i] < 0 ? -1 : from + places[axis][i];
          if (axis < places.length - 1) walk(axis + 1, at);
          else a[y++] = at < 0 ? value : a[at];
        }
      }
      walk(0, x);
    }` },
  softmax: { needs: ["exp"], text: `
    function softmax(y, x, outer, size, inner) {
      var a = A;
      for (var o = 0; o < outer; o++) {
        for (var i = 0; i < inner; i++) {
          var from = o * size * inner + i, end = from + size * inner, most = -Infinity, sum = 0, p;
          for (p = from; p < end; p += inner) most = Math.max(most, a[x + p]);
          for (p = from; p < end; p += inner) sum += exp(a[x + p] - most);
          for (p = from; p < end; p += inner) a[y + p] = exp(a[x + p] - most) / sum;
        }
      }
    }` },
};

const operators = {
  add: "v + u", subtract: "v - u", multiply: "v * u", divide: "v / u", minimum: "Math.min(v, u)", maximum: "Math.max(v, u)",
} as const;

/** A function of two values as numpy stretches them. @returns undefined for one that this file has not */
export function stretched(by: string): Text | undefined {
  const formula = (operators as Readonly<Record<string, string | undefined>>)[by];
  return formula === undefined ? undefined : { text: `
    function ${by}_(y, x, z, sizes, dx, dz) {
      var a = A, v, u;
      function walk(axis, i, j) {
        for (var n = 0; n < sizes[axis]; n++, i += dx[axis], j += dz[axis]) {
          if (axis < sizes.length - 1) walk(axis + 1, i, j);
          else {
            v = a[i];
            u = a[j];
            a[y++] = ${formula};
          }
        }
      }
      walk(0, x, z);
    }` };
}

const functions = {
  abs: "Math.abs(v)", ceil: "Math.ceil(v)", floor: "Math.floor(v)", negative: "-v", reciprocal: "1 / v", sqrt: "Math.sqrt(v)",
  exp: "exp(v)", erf: "erf(v)", not: "v === 0 ? 1 : 0",
} as const;

/** A function of one number. @returns undefined for one that this file has not */
export function pointwise(by: string): Text | undefined {
  const formula = (functions as Readonly<Record<string, string | undefined>>)[by];
  return formula === undefined ? undefined : each(`${by}_`, formula, by in mathTexts ? [by] : []);
}
