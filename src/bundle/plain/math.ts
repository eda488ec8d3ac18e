/** kernels/math.ts and kernels/erf.ts in plain JavaScript: the same operations in the same order, so the same bits (test/bundle). */
import { FAR, NEAR } from "../../../kernels/erf.ts";

const powers = `
    var POWERS = new Float64Array(2048);
    for (var index = 1024, up = 1, down = 1; index >= 0; index--, up *= 2, down *= 0.5) {
      POWERS[index] = down;
      if (index > 0) POWERS[2048 - index] = up;
    }
    function curve(r) {
      var r2 = r * r, r4 = r2 * r2;
      var p0 = 0.16666666666666669 + r * 0.041666666666666664 + r2 * (0.008333333333330062 + r * 0.0013888888888886552);
      var p4 = 0.00019841269863053618 + r * 2.4801587317144498e-5 + r2 * (2.7557268459997064e-6 + r * 2.755728296954995e-7);
      var p8 = 2.510038549551032e-8 + r * 2.0911236630261545e-9;
      return r2 * (0.5 + r * (p0 + r4 * (p4 + r4 * p8)));
    }
    function quotient(a, b, c, d) {
      var inverse = 1 / c, first = Math.fround(a * inverse), head = Math.fround(c);
      return first + (a - first * head - first * (c - head) + (b - first * d)) * inverse;
    }`;

const exp = `
    function exp(x) {
      if (x > 710) return Infinity;
      if (x < -746) return 0;
      if (x !== x) return NaN;
      var k = Math.floor(x * 1.4426950408889634 + 0.5), a = x - k * 0.6931471803691238, b = k * 1.9082149292705877e-10;
      var r = a - b, h = 1 + r, y = h + (r - (h - 1) + (curve(r) + (a - r - b) * h));
      if (k > 1023) return y * POWERS[2047] * POWERS[k + 1];
      if (k < -1022) return y * POWERS[k + 1224] * POWERS[824];
      return y * POWERS[k + 1024];
    }`;

const sigmoid = `
    function sigmoid(x) {
      if (x > 40) return 1;
      if (x < -40) return exp(x);
      if (x !== x) return NaN;
      var m = -Math.abs(x), k = Math.floor(m * 1.4426950408889634 + 0.5), a = m - k * 0.6931471803691238, b = k * 1.9082149292705877e-10;
      var r = a - b, h = 1 + r, tail = r - (h - 1) + (curve(r) + (a - r - b) * h), power = POWERS[k + 1024];
      var sum = h + tail, e = sum * power, f = (h - sum + tail) * power, d = 1 + e, g = 1 - d + e + f;
      return x < 0 ? quotient(e, f, d, g) : quotient(1, 0, d, g);
    }`;

const tanh = `
    function lost(a, b, sum) {
      var part = sum - a;
      return a - (sum - part) + (b - part);
    }
    function tanh(x) {
      if (x > 22) return 1;
      if (x < -22) return -1;
      if (x !== x) return NaN;
      if (Math.abs(x) < 1e-8) return x;
      var m = -2 * Math.abs(x), k = Math.floor(m * 1.4426950408889634 + 0.5);
      var a = m - k * 0.6931471803691238, b = k * 1.9082149292705877e-10, r = a - b;
      var power = POWERS[k + 1024], inverse = POWERS[1024 - k], s = 1 - inverse, h = s + r;
      var tail = lost(1, -inverse, s) + lost(s, r, h) + (curve(r) + (a - r - b) * (1 + r)), sum = h + tail;
      var e = sum * power, f = (h - sum + tail) * power, d = 2 + e, y = quotient(-e, -f, d, 2 - d + e + f);
      return x < 0 ? -y : y;
    }`;

const erf = `
    function chebyshev(c, u) {
      var a = 0, b = 0;
      for (var i = c.length - 1; i > 0; i--) {
        var next = 2 * u * a - b + c[i];
        b = a;
        a = next;
      }
      return u * a - b + c[0] / 2;
    }
    function erf(x) {
      var a = Math.abs(x);
      if (a <= 1) return x * chebyshev(${JSON.stringify(NEAR)}, 2 * a * a - 1);
      if (!(a < 6)) return x !== x ? x : x < 0 ? -1 : 1;
      return (x < 0 ? -1 : 1) * (1 - exp(-a * a) * chebyshev(${JSON.stringify(FAR)}, (2 / (2 + a) - 11 / 24) * 4.8));
    }`;

/** Functions by name, with what they call. */
export const mathTexts: Readonly<Record<"powers" | "exp" | "sigmoid" | "tanh" | "erf", { text: string; needs?: readonly string[] }>> = {
  powers: { text: powers },
  exp: { text: exp, needs: ["powers"] },
  sigmoid: { text: sigmoid, needs: ["exp"] },
  tanh: { text: tanh, needs: ["powers"] },
  erf: { text: erf, needs: ["exp"] },
};
