/**
 * The logits of a small network of every family as one hash, which is published in test/fixtures/hashes.json: `exact` promises the same
 * bits on every runtime, so it is the same everywhere. `npx tsx test/session/logits-hash.ts` prints what the file holds; with `--each`, a
 * hash a network.
 */
import { createHash } from "node:crypto";
import process from "node:process";
import { createModel } from "../../models/index.ts";
import { attentionNames } from "../../models/se-options.ts";
import { loadStateDict, stateShapes } from "../../src/nn/state-dict.ts";
import { compile } from "../../src/session/session.ts";
import type { Tensor } from "../../src/tensor.ts";
import { recipeTensor, recipeWeights } from "../fixtures/recipe.ts";
import { smallNetworks, title, furtherNetworks } from "../models/small-networks.ts";
import type { SmallNetwork } from "../models/small-networks.ts";
import { sharedNetworks } from "./networks.ts";

/** What sessions run on. */
export interface Runs {
  readonly kernels: "wasm" | "plain";
  readonly threads: number;
}

const tiny = { classes: 10, inChannels: 2 };

/**
 * In the order in which they are hashed: the families of smallNetworks, the others, and three that are wide enough for threads to share.
 */
export const hashedNetworks: readonly SmallNetwork[] = [
  ...smallNetworks,
  { model: "resnet20", options: { ...tiny, width: 4 }, input: [2, 2, 28, 28] },
  { model: "se_resnet20", options: { ...tiny, width: 8, reduction: 4 }, input: [2, 2, 31, 28] },
  ...["pre", "post", "identity", "3x3"].map(
    (position) => ({ model: "se_resnet8", options: { ...tiny, width: 4, reduction: 2, position }, input: [2, 2, 13, 12] }),
  ),
  // cse is another name of se.
  ...attentionNames.filter((attention) => attention !== "cse")
    .map((attention) => ({ model: "resnet8", options: { ...tiny, width: 4, reduction: 2, attention }, input: [1, 2, 28, 28] })),
  { model: "seresnet50", options: { ...tiny, width: 8 }, input: [1, 2, 40, 33] },
  { model: "legacy_seresnet50", options: { ...tiny, width: 8 }, input: [1, 2, 33, 40] },
  { model: "mobilenet_v1", options: { ...tiny, width: 0.25 }, input: [2, 2, 40, 33] },
  { model: "se_mobilenet_v1", options: { ...tiny, width: 0.25 }, input: [2, 2, 33, 40] },
  { model: "mobilenet_v2", options: { ...tiny, width: 0.25 }, input: [1, 2, 40, 40] },
  { model: "mobilenet_v3_large", options: { ...tiny, width: 0.25 }, input: [1, 2, 40, 40] },
  ...sharedNetworks.map(([model, options, input]) => ({ model, options, input })),
];

/** Families that came later, and two of them whole. */
export const hashedFurther: readonly SmallNetwork[] = [
  ...furtherNetworks,
  { model: "efficientnet_b0", options: {}, input: [1, 3, 64, 64] },
  { model: "regnety_002", options: {}, input: [1, 3, 64, 64] },
];

/** Logits of one of them, its weights and image made from their names (fixtures/recipe.ts), in a session with exact numerics. */
export async function exactLogits({ model: name, options, input }: SmallNetwork, runs: Runs): Promise<Tensor<Float32Array>> {
  const model = createModel(name, options, null);
  loadStateDict(model, recipeWeights(stateShapes(model)));
  const session = await compile(model, { input, numerics: "exact", ...runs });
  try {
    return session.run(recipeTensor("input", input));
  } finally {
    session.close();
  }
}

/** SHA-256 of the bits of all of them as little-endian float32, one after the other. @param each receives the hash of each as it comes */
export async function logitsHash(
  runs: Runs, each: (title: string, hash: string) => void = () => undefined, networks: readonly SmallNetwork[] = hashedNetworks,
): Promise<string> {
  const all = createHash("sha256");
  for (const network of networks) {
    const { data } = await exactLogits(network, runs);
    const bytes = new Uint8Array(4 * data.length);
    const view = new DataView(bytes.buffer);
    data.forEach((value, i) => view.setFloat32(4 * i, value, true));
    all.update(bytes);
    each(title(network), createHash("sha256").update(bytes).digest("hex"));
  }
  return all.digest("hex");
}

if (process.argv[1]?.endsWith("logits-hash.ts") === true) {
  const each = (name: string, hash: string): void => console.log(`${hash.slice(0, 16)}  ${name}`);
  const hashes: Record<string, string> = {};
  const told = process.argv.includes("--each") ? each : undefined;
  for (const kernels of ["wasm", "plain"] as const) hashes[kernels] = await logitsHash({ kernels, threads: 1 }, told);
  for (const kernels of ["wasm", "plain"] as const) {
    hashes[`${kernels}, further`] = await logitsHash({ kernels, threads: 1 }, told, hashedFurther);
  }
  console.log(JSON.stringify(hashes, null, 2));
}
