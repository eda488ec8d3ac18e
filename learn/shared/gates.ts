/** The bundled network with its gates laid open: what they say for a picture, and what happens when they say something else. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createModel } from "../../models/index.ts";
import { lower } from "../../src/nn/lower.ts";
import { preprocess } from "../../src/io/images/preprocess.ts";
import { parseSafetensors } from "../../src/io/weights/safetensors.ts";
import { compileSync } from "../../src/session/session.ts";
import type { Session } from "../../src/session/session.ts";
import { Tensor } from "../../src/tensor.ts";
import { loadWeights, weightsDescription } from "../../src/weights/weights.ts";
import type { Picture } from "./pictures.ts";

const file = join(dirname(fileURLToPath(import.meta.url)), "../../models/pretrained/fashion-mnist.safetensors");

export interface Opened {
  readonly classes: readonly string[];
  /** Names of the gates of every SE block, from the first to the last, and how many there are in each. */
  readonly gates: readonly { readonly name: string; readonly block: string; readonly channels: number }[];
  /** Logits [classes] and the gates of every block. */
  look(picture: Picture): { readonly logits: Float32Array; readonly gates: readonly Float32Array[] };
  /** Logits where some blocks have other gates than their own; undefined leaves a block's. */
  answer(picture: Picture, gates: readonly (Float32Array | undefined)[]): Float32Array;
}

/** Opens the bundled network of Fashion-MNIST. */
export function openBundled(): Opened {
  const weights = parseSafetensors(readFileSync(file));
  const description = weightsDescription(weights)!;
  const model = createModel(description.model, description.options, null);
  loadWeights(model, weights);
  model.evaluate();
  const input = [1, 1, 28, 28];
  const gates = lower(model, input).nodes.filter(({ operation }) => operation.kind === "scale").map(({ inputs: [, gate] }) => ({
    name: gate.name, block: gate.name.replace(/\.se\..*/, ""), channels: gate.shape[1] }));
  const names = gates.map(({ name }) => name);
  const session: Session = compileSync(model, { input, observe: names, override: names, numerics: "exact" });
  const prepared = ({ pixels }: Picture): Tensor<Float32Array> => {
    const data = new Uint8ClampedArray(4 * pixels.length);
    pixels.forEach((value, i) => data.set([255 * value, 255 * value, 255 * value, 255], 4 * i));
    return preprocess({ width: 28, height: 28, data }, description.preprocessing!);
  };
  return {
    classes: description.classes!,
    gates,
    look(picture) {
      const out = session.run({ input: prepared(picture) });
      return { logits: out.output.data, gates: names.map((name) => out[name].data) };
    },
    answer(picture, given) {
      const values: Record<string, Tensor<Float32Array>> = {};
      given.forEach((data, i) => { if (data !== undefined) values[names[i]] = new Tensor(data, [1, data.length, 1, 1]); });
      return session.run({ input: prepared(picture), ...values }).output.data;
    },
  };
}
