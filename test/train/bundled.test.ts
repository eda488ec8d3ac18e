/** The network and the pictures that come with the package. */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../models/index.ts";
import { decodePng } from "../../src/io/images/png.ts";
import { preprocess } from "../../src/io/images/preprocess.ts";
import { parseSafetensors } from "../../src/io/weights/safetensors.ts";
import { predictions } from "../../src/train/loss.ts";
import { loadWeights, weightsDescription } from "../../src/weights/weights.ts";
import { fileBytes, fileJson } from "../support/files.ts";

interface Recipe {
  readonly model: string;
  readonly modelOptions: Record<string, unknown>;
  readonly classes: string[];
}

const bytes = fileBytes("../models/pretrained/fashion-mnist.safetensors");
const file = parseSafetensors(bytes);
const recipe = fileJson<Recipe>("../models/pretrained/fashion-mnist.recipe.json");

test("the file is small and says what its recipe says", () => {
  assert.ok(bytes.length < 700_000, `${bytes.length} bytes`);
  assert.equal(weightsDescription(file), {
    model: recipe.model,
    options: recipe.modelOptions,
    classes: recipe.classes,
    preprocessing: { size: [28, 28], resize: 28, interpolation: "bilinear", channels: "gray", mean: [0.286], std: [0.353] },
  });
});

/** The first test image of every class, as they come: in one the network is wrong. */
const mistaken = new Map([["shirt-0004.png", "t-shirt-top"]]);

test("one picture of every class, 28x28 and grey, which the network recognises but for one", async () => {
  const names = readdirSync(fileURLToPath(new URL("../../models/pretrained/samples", import.meta.url)), { withFileTypes: true })
    .map((entry) => entry.name);
  const description = weightsDescription(file);
  if (description?.preprocessing === undefined) throw new Error("no preprocessing");
  const model = createModel(recipe.model, recipe.modelOptions, null);
  loadWeights(model, file);
  const wanted = recipe.classes.map((name) => name.toLowerCase().replace(/[^a-z]+/g, "-")).sort();
  assert.equal(names.map((name) => name.replace(/-\d{4}\.png$/, "")).sort(), wanted);
  for (const name of names) {
    const image = await decodePng(fileBytes(`../models/pretrained/samples/${name}`));
    assert.equal([image.width, image.height], [28, 28]);
    assert.ok(image.data.every((value, i) => i % 4 === 3 || value === image.data[i - (i % 4)]), `${name} is grey`);
    const [found] = predictions(model.forward(preprocess(image, description.preprocessing)));
    assert.is(recipe.classes[found].toLowerCase().replace(/[^a-z]+/g, "-"), mistaken.get(name) ?? name.replace(/-\d{4}\.png$/, ""), name);
  }
});

test.run();
