/**
 * The logits of quantised networks as one hash each, which is published in test/fixtures/hashes-int8.json: the same for wasm and plain
 * kernels, every number of threads and every runtime. `npx tsx test/quantise/int8-hash.ts` prints what the file holds.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import process from "node:process";
import { createModel } from "../../models/index.ts";
import { openNetwork } from "../../src/open-network.ts";
import { loadStateDict, stateShapes } from "../../src/nn/state-dict.ts";
import type { Module } from "../../src/nn/module.ts";
import { quantise } from "../../src/quantise/quantise.ts";
import { compile } from "../../src/session/session.ts";
import { recipeTensor, recipeWeights } from "../fixtures/recipe.ts";
import type { Runs } from "../session/logits-hash.ts";

/** By a name of their own: the model, its options, an input. */
const hashed: Readonly<Record<string, readonly [string, Readonly<Record<string, unknown>>, readonly number[]]>> = {
  "se_resnet8": ["se_resnet8", { width: 8, reduction: 4, classes: 10 }, [2, 3, 17, 15]],
  "seresnet50, width 8": ["seresnet50", { width: 8, classes: 10 }, [1, 3, 40, 33]],
  "se_mobilenet_v1, width 0.25": ["se_mobilenet_v1", { width: 0.25, classes: 10 }, [2, 3, 64, 64]],
  "mobilenet_v3_large, width 0.25": ["mobilenet_v3_large", { width: 0.25, classes: 10 }, [1, 3, 64, 64]],
  "efficientnet_b0": ["efficientnet_b0", { classes: 10 }, [1, 3, 64, 64]],
};
const bundled = "bundled";

function networkOf(name: string): readonly [Module, readonly number[]] {
  if (name === bundled) {
    const file = new URL("../../models/pretrained/fashion-mnist.safetensors", import.meta.url);
    return [openNetwork(readFileSync(file)).model, [2, 1, 28, 28]];
  }
  const [model, options, input] = hashed[name];
  const made = createModel(model, options, null);
  loadStateDict(made, recipeWeights(stateShapes(made)));
  return [made, input];
}

export const hashedNames: readonly string[] = [bundled, ...Object.keys(hashed)];

/** SHA-256 of the bits of the logits, little-endian. The network is measured on images that are made of their names. */
export async function int8Hash(name: string, runs: Runs): Promise<string> {
  const [model, input] = networkOf(name);
  const images = ["first", "second"].map((image) => recipeTensor(image, input));
  const { network } = quantise(model, images, { reported: 0 });
  const session = await compile(network, { input, ...runs });
  try {
    const { data } = session.run(recipeTensor("input", input));
    const bytes = new Uint8Array(4 * data.length);
    const view = new DataView(bytes.buffer);
    data.forEach((value, i) => view.setFloat32(4 * i, value, true));
    return createHash("sha256").update(bytes).digest("hex");
  } finally {
    session.close();
  }
}

if (process.argv[1]?.endsWith("int8-hash.ts") === true) {
  const hashes: Record<string, string> = {};
  for (const name of hashedNames) hashes[name] = await int8Hash(name, { kernels: "wasm", threads: 1 });
  console.log(JSON.stringify(hashes, null, 2));
}
