/** Same seed, same bits: a training session twice, and with one thread and with two. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../../kernels/random.ts";
import { compileTraining } from "../../../src/session/training/training-session.ts";
import { randomLabels, randomModel, randomTensor } from "./reference.ts";

const input = [6, 1, 12, 10];

for (const name of ["se_resnet8", "se_mobilenet_v1"]) {
  for (const numerics of ["exact", "fast"] as const) {
    test(`${name}, ${numerics}: three steps have the same bits`, async () => {
      const train = async (threads: number): Promise<Float32Array[]> => {
        const random = new Random(5);
        const model = randomModel(name, { inChannels: 1, width: name === "se_resnet8" ? 8 : 0.25, reduction: 4 });
        const session = await compileTraining(model, { input, optimiser: { method: "sgd", nesterov: true, weightDecay: 1e-3 }, numerics, threads, average: 0.9 });
        for (let step = 0; step < 3; step++) session.trainStep(randomTensor(input, random), randomLabels(6, 10, random), 0.05);
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
