/** Wrong uses, which are refused with the same words on every host. */
import {
  FormatError, Tensor, compile, compileSync, createModel, decodeImage, decodeImageSync, importOnnx, loadWeights, openNetwork,
} from "../../../src/index.ts";

/** @param network bytes of a sound file */
export function wrongUses(network: Uint8Array): Readonly<Record<string, () => unknown>> {
  const model = (): ReturnType<typeof createModel> => createModel("se_resnet8", { classes: 4, inChannels: 1, width: 4, reduction: 2 }, 1);
  const input = [1, 1, 12, 12];
  return {
    "a name that is none": () => createModel("seresnet5"),
    "a wrong option": () => compile(model(), { input, numerics: "exakt" as "exact" }),
    "too few channels": () => compileSync(model(), { input: [1, 3, 12, 12] }),
    "an image of another size": () => compileSync(model(), { input, kernels: "plain" }).run(Tensor.zeros([1, 2, 12, 12])),
    "a file that is cut short": () => openNetwork(network.slice(0, 1000)),
    "weights of another network": () => loadWeights(model(), network),
    "no picture": () => decodeImageSync(Uint8Array.of(1, 2, 3, 4)),
    "no picture, in time": () => decodeImage(new Uint8Array(100)),
    "no ONNX": () => importOnnx(Uint8Array.of(9, 9, 9, 9)),
    "its own class of error": () => {
      throw new FormatError("is one");
    },
  };
}
