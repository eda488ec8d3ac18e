/** What an exercise must do. Each check gets the exercise's module, yours or the solution, and throws where it is wrong. */
import { conv2dForward } from "../../kernels/reference/layers/conv2d.ts";
import { sigmoid } from "../../kernels/math.ts";
import { Random } from "../../kernels/random.ts";
import { conv2dShape } from "../../kernels/shapes.ts";
import { differences } from "./differences.ts";
import { distance } from "./page.ts";
import type * as offset from "../solutions/1-offset.ts";
import type * as maximum from "../solutions/2-squeeze-by-maximum.ts";
import type * as secondTerm from "../solutions/3-second-term.ts";
import type * as neighbours from "../solutions/4-shuffled-neighbours.ts";
import type * as fold from "../solutions/5-fold-a-frozen-gate.ts";

const random = new Random(99);
const draw = (size: number): Float64Array => Float64Array.from({ length: size }, () => random.normal());

function same(what: string, got: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number = 1e-8): void {
  const apart = distance(got, wanted);
  if (!(apart <= tolerance)) {
    throw new Error(
      `${what}: off by ${apart.toPrecision(2)}; wanted ${Array.from(wanted).slice(0, 6).map((v) => v.toPrecision(4)).join(", ")} ...`,
    );
  }
}

export const checks = {
  "1-offset": ({ offsetNhwc }: typeof offset): void => {
    const sizes = { C: 3, H: 4, W: 5 };
    const seen: number[] = [];
    for (let n = 0; n < 2; n++) {
      for (let h = 0; h < 4; h++) for (let w = 0; w < 5; w++) for (let c = 0; c < 3; c++) seen.push(offsetNhwc(n, c, h, w, sizes));
    }
    same("the elements in the order n, h, w, c", seen, Array.from({ length: 120 }, (_, i) => i), 0);
  },
  "2-squeeze-by-maximum": ({ maximumBackward }: typeof maximum): void => {
    const [x, dz] = [draw(4 * 6), draw(4)];
    const loss = (): number => dz.reduce((sum, value, c) => sum + value * Math.max(...x.subarray(6 * c, 6 * c + 6)), 0);
    same("dx", maximumBackward(x, dz, 4, 6), differences(x, loss));
    same("dx where two pixels are largest", maximumBackward(Float64Array.of(1, 3, 3, 2), Float64Array.of(5), 1, 4), [0, 5, 0, 0]);
  },
  "3-second-term": ({ selfGateBackward }: typeof secondTerm): void => {
    const [x, w, dy] = [draw(3 * 5), draw(3), draw(3 * 5)];
    const loss = (): number => {
      let sum = 0;
      for (let c = 0; c < 3; c++) {
        const z = x.subarray(5 * c, 5 * c + 5).reduce((a, b) => a + b, 0) / 5;
        for (let i = 5 * c; i < 5 * c + 5; i++) sum += dy[i] * sigmoid(w[c] * z) * x[i];
      }
      return sum;
    };
    same("dx", selfGateBackward(x, w, dy, 3, 5), differences(x, loss));
  },
  "4-shuffled-neighbours": ({ ecaAsMatrix }: typeof neighbours): void => {
    const cases: [number, number[]][] = [[3, [2, 0, 3, 1]], [5, [4, 1, 0, 5, 2, 3]]];
    for (const [size, order] of cases) {
      const kernel = draw(size);
      const z = draw(order.length);
      const old = z.map((_, c) => kernel.reduce((sum, value, j) => sum + value * (z[c + j - (size - 1) / 2] ?? 0), 0));
      const matrix = ecaAsMatrix(kernel, order);
      same(
        "e in the new order", order.map((_, i) => order.reduce((sum, from, m) => sum + matrix[i * order.length + m] * z[from], 0)),
        order.map((from) => old[from]),
      );
    }
  },
  "5-fold-a-frozen-gate": ({ foldGate }: typeof fold): void => {
    const [weight, bias, gate, h] = [draw(4 * 3), draw(4), draw(4).map(sigmoid), draw(3 * 9)];
    const shape = conv2dShape(1, 3, 3, 3, 4, { kernel: 1 });
    const wanted = new Float64Array(4 * 9);
    conv2dForward(wanted, h, weight, bias, shape);
    const folded = foldGate(weight, bias, gate);
    const got = new Float64Array(4 * 9);
    conv2dForward(got, h, folded.weight, folded.bias, shape);
    same("y", got, wanted.map((value, i) => value * gate[Math.floor(i / 9)]));
  },
} as const;
