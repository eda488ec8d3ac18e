/** Chapter 9: gates, soft and hard: what a sigmoid costs, and what a sigmoid of three straight lines does to learning. */
import { sigmoid } from "../../kernels/math.ts";
import { hardSigmoidBackward, hardSigmoidForward } from "../../kernels/reference/activations/hard-sigmoid.ts";
import { sigmoidBackward, sigmoidForward } from "../../kernels/reference/activations/sigmoid.ts";
import { elementwiseShape } from "../../kernels/shapes.ts";
import { Random } from "../../kernels/random.ts";
import { differences } from "../shared/differences.ts";
import { chapter, claim, curve, distance, say, table } from "../shared/page.ts";

chapter(9, "Gates, soft and hard");

say(`A gate must be between 0 and 1. The paper takes the sigmoid 1 / (1 + exp(-e)). MobileNetV3 takes three straight lines instead, the hard
sigmoid clip(slope * e + 1/2, 0, 1): no exponential, and exact in few bits.`);
const points = Float64Array.from({ length: 61 }, (_, i) => -6 + 0.2 * i);
const shape = elementwiseShape(points.length);
const soft = new Float64Array(61);
const hard = new Float64Array(61);
sigmoidForward(soft, points, shape);
hardSigmoidForward(hard, points, 1 / 6, 0.5, shape);
curve("sigmoid, from -6 to 6", [...soft]);
curve("hard sigmoid with slope 1/6, from -6 to 6", [...hard]);
table(["e", "sigmoid", "hard, 1/6", "hard, 1/5"], [-4, -3, -2.5, -1, 0, 1, 2.5, 3, 4].map((at) => {
  const one = new Float64Array(1);
  const other = new Float64Array(1);
  hardSigmoidForward(one, Float64Array.of(at), 1 / 6, 0.5, elementwiseShape(1));
  hardSigmoidForward(other, Float64Array.of(at), 0.2, 0.5, elementwiseShape(1));
  return [at, sigmoid(at).toFixed(3), one[0].toFixed(3), other[0].toFixed(3)];
}));
const apart = distance(soft, hard);
say(`The two are at most ${apart.toFixed(3)} apart.`);
claim("which is less than 0.07 on this grid", apart < 0.07 && apart > 0.04);

say(`Mind the slope. PyTorch, timm and MobileNetV3 have 1/6; Keras of old, Paddle's MobileNetV3 and ONNX's default have 1/5. Weights trained
with one and run with the other still work a little, which is worse than an error: nobody looks. (A real file of weights, PaddleOCR's
direction classifier, has both slopes within one network.)`);

say("Now backward. The sigmoid's slope is s (1 - s): never quite 0. The hard one has 1/6 between its corners and exactly 0 beyond them.");
const ones = new Float64Array(61).fill(1);
const dSoft = new Float64Array(61);
const dHard = new Float64Array(61);
sigmoidBackward(dSoft, points, ones, shape);
hardSigmoidBackward(dHard, points, ones, 1 / 6, 0.5, shape);
curve("slope of the sigmoid", [...dSoft]);
curve("slope of the hard sigmoid", [...dHard]);
const out = new Float64Array(1);
const probe = Float64Array.of(0.7);
const slope = differences(probe, () => {
  sigmoidForward(out, probe, elementwiseShape(1));
  return out[0];
});
const s = sigmoid(0.7);
claim("s (1 - s) is the slope that one measures", Math.abs(slope[0] - s * (1 - s)) < 1e-8);
claim("the kernel says so too", Math.abs(dSoft[30] - 0.25) < 1e-12 && distance(dSoft, soft.map((value) => value * (1 - value))) < 1e-12);

say(`A gate that is shut for every picture and has slope 0 gets no gradient: it can't open again. In trained networks with hard gates up to
60 % of a block's gates are exactly 0 (facts measured on PaddleOCR's text detector); such channels are computed for nothing. How likely is
that at the start? With e drawn from a normal distribution of standard deviation 1, 2 and 4:`);
const random = new Random(9);
const rows = [1, 2, 4].map((deviation) => {
  const e = Float64Array.from({ length: 10_000 }, () => deviation * random.normal());
  const d = new Float64Array(e.length);
  hardSigmoidBackward(d, e, new Float64Array(e.length).fill(1), 1 / 6, 0.5, elementwiseShape(e.length));
  const dead = d.filter((value) => value === 0).length / e.length;
  return [deviation, dead] as const;
});
table(["deviation of e", "gates without gradient"], rows.map(([deviation, dead]) => [deviation, `${(100 * dead).toFixed(1)} %`]));
claim(
  "nearly none, a seventh, nearly half", rows[0][1] < 0.01 && rows[1][1] > 0.1 && rows[1][1] < 0.17 && rows[2][1] > 0.4 && rows[2][1] < 0.5,
);
