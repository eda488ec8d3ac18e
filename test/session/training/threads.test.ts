/** Same seed, same bits: a training session twice, and with one thread and with two. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../../kernels/random.ts";
import { compileTraining } from "../../../src/session/training/training-session.ts";
import { draw, drawLabels } from "../../support/random.ts";
import { dropFrom, randomModel } from "./reference.ts";

const networks: readonly (readonly [string, Readonly<Record<string, unknown>>, (readonly number[])?])[] = [
  ["se_resnet8", { width: 8 }], ["se_mobilenet_v1", { width: 0.25 }],
  // Masks of images, and several of them.
  ["se_densenet121", { blocks: [2, 1, 1, 1], width: 6, growth: 3, reduction: 2, dropout: 0.2 }, [32, 33]],
];

for (const [name, options, image = [12, 10]] of networks) {
  const input = [6, 1, ...image];
  for (const numerics of ["exact", "fast", "turbo"] as const) {
    test(`${name}, ${numerics}: three steps have the same bits`, async () => {
      const train = async (threads: number): Promise<Float32Array[]> => {
        const random = new Random(5);
        const model = randomModel(name, { inChannels: 1, classes: 10, reduction: 4, ...options });
        dropFrom(model, random);
        const session = await compileTraining(
          model, { input, optimiser: { method: "sgd", nesterov: true, weightDecay: 1e-3 }, numerics, threads, average: 0.9 },
        );
        for (let step = 0; step < 3; step++) session.trainStep(draw(input, random), drawLabels(6, 10, random), 0.05);
        session.pull();
        session.close();
        return [...model.namedState().values()].map(({ value }) => value.data as Float32Array);
      };
      const once = await train(1);
      assert.ok(once.every((data) => data.every(Number.isFinite)));
      assert.equal(await train(1), once);
      assert.equal(await train(2), once);
    });
  }
}

test.run();
