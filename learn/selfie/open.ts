/** The network, opened for looking: masks, and gates that can be read and set. For the chapter, the tests and the page. */
import { gatesOf } from "../../src/graph/gates.ts";
import type { RgbaImage } from "../../src/io/images/image.ts";
import { preprocess } from "../../src/io/images/preprocess.ts";
import { lower } from "../../src/nn/lower.ts";
import type { Numerics } from "../../src/session/backends/numerics.ts";
import { compileSync } from "../../src/session/session.ts";
import { Tensor } from "../../src/tensor.ts";
import { right, selfiePreprocessing, selfieSegmentation } from "./selfie.ts";
import type { Reading } from "./selfie.ts";
import type { StoredKernel } from "./tflite.ts";

export interface OpenedSelfie {
  /** Of the gates of each block. */
  readonly channels: readonly number[];
  readonly kernels: string;
  /** Probabilities [256,256] that a pixel is a person, and the gates of every block; `set` has others for some blocks. */
  look(x: Tensor<Float32Array>, set?: readonly (Float32Array | undefined)[]): {
    readonly mask: Float32Array; readonly gates: readonly Float32Array[];
  };
  close(): void;
}

export const prepared = (picture: RgbaImage): Tensor<Float32Array> => preprocess(picture, selfiePreprocessing);

export function openSelfie(
  file: ReadonlyMap<string, StoredKernel>, reading: Reading = right, numerics: Numerics = "fast",
): OpenedSelfie {
  const model = selfieSegmentation(file, reading);
  const input = [1, 3, 256, 256];
  const gates = gatesOf(lower(model, input));
  const names = gates.map(({ name }) => name);
  const session = compileSync(model, { input, numerics, observe: names, override: names });
  return {
    channels: gates.map(({ channels }) => channels), kernels: session.kernels,
    look(x, set = []) {
      const given: Record<string, Tensor<Float32Array>> = { input: x };
      set.forEach((data, b) => {
        if (data !== undefined) given[names[b]] = new Tensor(data, [1, data.length, 1, 1]);
      });
      const seen = session.run(given);
      return { mask: seen.output.data, gates: names.map((name) => seen[name].data) };
    },
    close: () => session.close(),
  };
}

/** The share of pixels on whose side of one half two masks disagree. */
export function flipped(a: Float32Array, b: Float32Array): number {
  let count = 0;
  for (let i = 0; i < a.length; i++) if (a[i] > 0.5 !== b[i] > 0.5) count++;
  return count / a.length;
}
