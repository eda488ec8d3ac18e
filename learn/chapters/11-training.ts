/** Chapter 11: a tiny network learns, live. */
import * as plain from "../../kernels/plain/index.ts";
import { crossEntropy } from "../../src/train/loss.ts";
import { compileTrainingSync } from "../../src/session/training/training-session.ts";
import { Tensor } from "../../src/tensor.ts";
import { chapter, claim, curve, picture, say, table } from "../shared/page.ts";
import { drawTextures, textures } from "../shared/pictures.ts";
import { accuracyOf, tinyNetwork, trainTiny } from "../shared/tiny.ts";

chapter(11, "Training a tiny network");

say("The task: four textures with noise, any phase and any contrast. One of each:");
const examples = drawTextures(4, 11);
textures.forEach((name, i) => picture(name, examples.images.subarray(i * 256, (i + 1) * 256), 16, 16));

const model = tinyNetwork(11);
say(`The network: an SE-ResNet of three blocks with 4, 8 and 16 channels, ${model.parameterCount()} numbers to learn. Before it has seen
anything it is right one time in four:`);
const before = accuracyOf(tinyNetwork(11).evaluate(), 500);
table(["", "right"], [["before training", `${(100 * before).toFixed(1)} %`]]);

say(`A step: draw 32 pictures, forward, loss, backward, and every weight goes a little against its gradient. First one step by hand. The
loss is softmax cross-entropy: the mean over the batch of -log(probability of the right answer). For a network that knows nothing about four
classes that is about log 4 = 1.386.`);
const batch = drawTextures(32, 12);
const x = new Tensor(batch.images, [32, 1, 16, 16]);
const eager = tinyNetwork(11).train();
const logits = eager.forward(x);
const { value: loss, gradient } = crossEntropy(plain, logits, batch.labels);
eager.clearGradients();
eager.backward(gradient());
const session = compileTrainingSync(tinyNetwork(11), { input: x.shape, optimiser: { method: "sgd" }, numerics: "exact", threads: 1 });
const sessionLoss = session.trainStep(x, batch.labels, 0.1);
session.close();
table(["loss of the first batch", ""], [["module by module", loss.toFixed(6)], ["compiled training session", sessionLoss.toFixed(6)]]);
claim("the compiled session computes the same loss as the modules", Math.abs(loss - sessionLoss) < 1e-5);
claim("it is that of a network that knows nothing, give or take", loss > 1 && loss < 2.5);

say("Every parameter got a gradient, the small layers of SE too. By its backward pass of chapter 6:");
const norms = [...eager.namedState()].filter(([name]) => name.startsWith("layer2.0.se.")).map(([name, parameter]) => {
  const { gradient: g } = parameter as { gradient?: Tensor };
  return [name, Math.hypot(...g!.data).toExponential(2)] as const;
});
table(["parameter", "length of its gradient"], norms);
claim("none of them is zero", norms.length === 4 && norms.every(([, norm]) => Number(norm) > 0));

say("Now 120 such steps, with a learning rate that falls to 0:");
const losses = trainTiny(model, 120, 11);
curve("the loss, step by step", losses);
const after = accuracyOf(model, 500);
table(["", "right"], [["before training", `${(100 * before).toFixed(1)} %`], ["after", `${(100 * after).toFixed(1)} %`]]);
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
claim(
  "the loss fell to a fifth, and nine of ten new pictures are named rightly",
  mean(losses.slice(-10)) < 0.2 * mean(losses.slice(0, 3)) && after > 0.9,
);

say("And once more from the same seed. Repeatable means: to the last bit, whatever machine runs it.");
const again = trainTiny(tinyNetwork(11), 120, 11);
claim("all 120 losses are the same numbers", again.every((value, i) => value === losses[i]));
