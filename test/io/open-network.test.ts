/** From the bytes of a weights file to a network that answers. */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bundledNetwork } from "../../models/bundled.ts";
import { imagenetClasses } from "../../models/imagenet-classes.ts";
import { createModel, presets } from "../../models/index.ts";
import { decodePng } from "../../src/io/images/png.ts";
import { preprocess } from "../../src/io/images/preprocess.ts";
import { parseSafetensors, writeSafetensors } from "../../src/io/weights/safetensors.ts";
import { stateDict } from "../../src/nn/state-dict.ts";
import { openNetwork } from "../../src/weights/open-network.ts";
import { compileSync } from "../../src/session/session.ts";
import { saveWeights, weightsDescription } from "../../src/weights/weights.ts";

const bundled = readFileSync(new URL(bundledNetwork));

test("the bundled network: its model, class names and preprocessing, ready to answer", async () => {
  const copy = Uint8Array.from(bundled);
  for (const bytes of [bundled, copy, copy.buffer]) {
    const { model, classes, preprocessing, described } = openNetwork(bytes);
    assert.equal(
      [model.identity?.model, classes?.length, preprocessing.size, preprocessing.channels, described],
      ["se_resnet20", 10, [28, 28], "gray", true],
    );
    const bag = await decodePng(readFileSync(new URL("../../models/pretrained/samples/bag-0018.png", import.meta.url)));
    const x = preprocess(bag, preprocessing);
    const { data } = compileSync(model, { input: x.shape }).run(x);
    assert.is(classes?.[data.indexOf(Math.max(...data))], "Bag");
  }
});

test("published weights, and what the caller says", () => {
  const model = createModel("resnet18", { classes: 3 }, 1);
  const published = writeSafetensors(stateDict(model));
  const found = openNetwork(published, { modelOptions: { classes: 3 } });
  assert.equal([found.model.identity?.model, found.classes, found.described], ["resnet18", undefined, false]);
  const own = saveWeights(model, { classes: ["a", "b", "c"], preprocessing: presets.imagenet });
  assert.equal(openNetwork(own).classes, ["a", "b", "c"]);
  const said = openNetwork(own, { classes: ["x", "y", "z"], preprocessing: presets.caffe });
  assert.equal([said.classes, said.preprocessing], [["x", "y", "z"], presets.caffe]);
  assert.throws(() => openNetwork(own, { classes: ["x"] }), /openNetwork: classes names 1 class, the network has 3/);
  assert.throws(
    () => openNetwork(own, { preprocessing: "imagenet" as never }),
    /preprocessing wants an object, such as presets\.imagenet, got "imagenet"/,
  );
  assert.throws(() => openNetwork(own, { model: "resnet19" }), /unknown model "resnet19"/);
  assert.throws(
    () => openNetwork("file.safetensors" as never), /openNetwork: bytes wants a Uint8Array or ArrayBuffer, got "file\.safetensors"/,
  );
  assert.throws(() => openNetwork(writeSafetensors([...stateDict(model)].slice(0, 1))), /does not say which network it is of/);
  const { tensors, metadata } = parseSafetensors(own);
  assert.throws(
    () => openNetwork(writeSafetensors(tensors, { metadata: { ...metadata, "senet.classes": '["a","b"]' } })),
    /openNetwork: the file names 2 classes, the network has 3/,
  );
});

test("the order of resizing is in the file; of a file that does not say it, it is the one that there was", () => {
  const model = createModel("se_resnet8", { classes: 3 }, 1);
  const order = (bytes: Uint8Array): string | undefined => openNetwork(bytes).preprocessing.order;
  const own = saveWeights(model, { preprocessing: presets.imagenet });
  assert.is(order(own), "pillow-13");
  assert.is(weightsDescription(parseSafetensors(own))?.preprocessing?.order, "pillow-13");
  assert.is(order(saveWeights(model, { preprocessing: { ...presets.imagenet, order: "across" } })), "across");
  const { tensors, metadata } = parseSafetensors(own);
  const old = { ...metadata, "senet.preprocessing": metadata["senet.preprocessing"].replace('"order":"pillow-13",', "") };
  assert.is(order(writeSafetensors(tensors, { metadata: old })), "across");
  assert.is(order(bundled), "across");
  // What nobody describes is prepared as today's Pillow does.
  assert.is(order(writeSafetensors(stateDict(createModel("resnet18", {}, 1)))), undefined);
  assert.throws(
    () => saveWeights(model, { preprocessing: { ...presets.imagenet, order: "down" as never } }),
    /order wants "across" or "pillow-13", got "down"/,
  );
});

test("ImageNet's names", () => {
  assert.is(imagenetClasses.length, 1000);
  assert.is(new Set(imagenetClasses).size, 1000);
  assert.ok(
    imagenetClasses.every((name) => /^[A-Za-z][A-Za-z '.-]*$/.test(name)),
    imagenetClasses.find((name) => !/^[A-Za-z][A-Za-z '.-]*$/.test(name)),
  );
  assert.equal([0, 999].map((i) => imagenetClasses[i]), ["tench", "toilet tissue"]);
});

test.run();
