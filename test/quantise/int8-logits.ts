/**
 * Quantised networks whose bits are published (test/fixtures/hashes-int8.json), without a host's modules: browsers compute them too.
 */
import { createModel } from "../../models/index.ts";
import { openNetwork } from "../../src/weights/open-network.ts";
import { loadStateDict, stateShapes } from "../../src/nn/state-dict.ts";
import type { Module } from "../../src/nn/module.ts";
import { quantise } from "../../src/quantise/quantise.ts";
import { compile } from "../../src/session/session.ts";
import { recipeTensor, recipeWeights } from "../fixtures/recipe.ts";

/** What sessions run on. */
export interface Runs {
  readonly kernels: "wasm" | "plain";
  readonly threads: number;
}

/** By a name of their own: the model, its options, an input. */
const hashed: Readonly<Record<string, readonly [string, Readonly<Record<string, unknown>>, readonly number[]]>> = {
  "se_resnet8": ["se_resnet8", { width: 8, reduction: 4, classes: 10 }, [2, 3, 17, 15]],
  "seresnet50, width 8": ["seresnet50", { width: 8, classes: 10 }, [1, 3, 40, 33]],
  "se_mobilenet_v1, width 0.25": ["se_mobilenet_v1", { width: 0.25, classes: 10 }, [2, 3, 64, 64]],
  "mobilenet_v3_large, width 0.25": ["mobilenet_v3_large", { width: 0.25, classes: 10 }, [1, 3, 64, 64]],
  "efficientnet_b0": ["efficientnet_b0", { classes: 10 }, [1, 3, 64, 64]],
  "densenet121": ["densenet121", { classes: 10 }, [1, 3, 32, 32]],
  "shufflenet_v1": ["shufflenet_v1", { classes: 10 }, [1, 3, 64, 64]],
  "ghostnet_100": ["ghostnet_100", { classes: 10 }, [1, 3, 64, 64]],
};
const bundled = "bundled";

function networkOf(name: string, file: Uint8Array): readonly [Module, readonly number[]] {
  if (name === bundled) return [openNetwork(file).model, [2, 1, 28, 28]];
  const [model, options, input] = hashed[name];
  const made = createModel(model, options, null);
  loadStateDict(made, recipeWeights(stateShapes(made)));
  return [made, input];
}

export const hashedNames: readonly string[] = [bundled, ...Object.keys(hashed)];

/** What was computed, and on which kernels. */
export interface Int8Logits {
  /** The bits of the logits, little-endian. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly kernels: string;
}

/** The network is measured on images that are made of their names. @param file bytes of the bundled network */
export async function int8Logits(name: string, runs: Runs, file: Uint8Array): Promise<Int8Logits> {
  const [model, input] = networkOf(name, file);
  const images = ["first", "second"].map((image) => recipeTensor(image, input));
  const { network } = quantise(model, images, { reported: 0 });
  const session = await compile(network, { input, ...runs });
  try {
    const { data } = session.run(recipeTensor("input", input));
    const bytes = new Uint8Array(4 * data.length);
    const view = new DataView(bytes.buffer);
    data.forEach((value, i) => view.setFloat32(4 * i, value, true));
    return { bytes, kernels: session.kernels };
  } finally {
    session.close();
  }
}
