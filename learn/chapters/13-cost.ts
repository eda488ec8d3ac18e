/** Chapter 13: what SE costs, counted and measured. */
import { createModel } from "../../models/index.ts";
import { Random } from "../../kernels/random.ts";
import { summarise } from "../../src/nn/summary.ts";
import { compileSync } from "../../src/session/session.ts";
import { Tensor } from "../../src/tensor.ts";
import { chapter, claim, say, table } from "../shared/page.ts";

chapter(13, "What SE costs");

say(`Count first. An SE block on C channels of H by W pixels, with K hidden numbers, computes: H W C additions for the squeeze, 2 C K
multiplications for the excitation, H W C multiplications for the scale. It has 2 C K + K + C parameters. A 3x3 convolution from C to C
channels has 9 C C parameters and 9 C C H W multiplications. For C = 256, K = 16, 14 by 14 pixels:`);
const [C, K, P] = [256, 16, 196];
table(["", "parameters", "multiplications"], [
  ["3x3 convolution", 9 * C * C, 9 * C * C * P], ["excitation", 2 * C * K + K + C, 2 * C * K], ["scale", 0, C * P]]);
claim(
  "excitation and scale together are less than a thousandth of the convolution's multiplications",
  2 * C * K + C * P < (9 * C * C * P) / 1000,
);

say("Whole networks, at 224 by 224 pixels (se_resnet20 at 28 by 28):");
const million = (value: number): string => `${(value / 1e6).toFixed(2)} M`;
const rows = (
  [["seresnet50", 224], ["se_mobilenet_v1", 224], ["mobilenet_v3_large", 224], ["se_resnet20", 28]] as const
).map(([name, side]) => {
  const input = [1, 3, side, side];
  const summary = summarise(createModel(name, {}, null), input);
  const { seParameters: se, parameters, macs, seMacs: excitation, scaleMacs: scale } = summary;
  return { name, parameters, se, macs, excitation, scale };
});
table(["network", "parameters", "of which SE", "multiply-adds", "excitation", "scale"], rows.map((row) => [
  row.name, million(row.parameters), `${((100 * row.se) / row.parameters).toFixed(1)} %`, million(row.macs),
  million(row.excitation), million(row.scale)]));
const [resnet, , large] = rows;
claim("SE-ResNet-50 has 2,530,992 parameters of SE, 9 % of all, and 0.2 % of its multiply-adds",
  resnet.se === 2_530_992 && (resnet.excitation + resnet.scale) / resnet.macs < 0.0025);
claim(
  "in MobileNetV3 it is more than a quarter of the parameters: the same block in a network that is thrifty elsewhere",
  large.se / large.parameters > 0.25,
);

say(`Counting is not measuring. Squeeze and scale walk over all values once more, and memory is slower than arithmetic. A session makes both
walks nearly disappear (chapter 15). Here the same small network with and without SE, module by module and compiled, in turns; the best of
15 runs:`);
const side = 32;
const random = new Random(13);
const x = new Tensor(Float32Array.from({ length: 3 * side * side }, () => random.normal()), [1, 3, side, side]);
const models = (["resnet20", "se_resnet20"] as const).map((name) => createModel(name, {}, 13).evaluate());
const sessions = models.map((model) => compileSync(model, { input: x.shape }));
const jobs = [...models.map((model) => () => model.forward(x)), ...sessions.map((session) => () => session.run(x))];
const best = jobs.map(() => Infinity);
for (let round = 0; round < 15; round++) {
  jobs.forEach((job, i) => {
    const start = performance.now();
    job();
    best[i] = Math.min(best[i], performance.now() - start);
  });
}
table(["", "without SE", "with SE", "ratio"], [
  ["module by module", `${best[0].toFixed(2)} ms`, `${best[1].toFixed(2)} ms`, (best[1] / best[0]).toFixed(2)],
  ["compiled session", `${best[2].toFixed(2)} ms`, `${best[3].toFixed(2)} ms`, (best[3] / best[2]).toFixed(2)]]);
say(`These figures are your machine's; nothing is claimed about them, for on a busy one they may say anything. (README has SE-ResNet-50 over
ResNet-50, measured with care: about 1 % more time.)`);
sessions.forEach((session) => session.close());
