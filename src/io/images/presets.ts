/**
 * The preprocessing that published weights of many networks share, by name, and what those of one network are made of. Sources:
 * Caffe's README of SENet, Cadene's pretrained-models.pytorch, the default configurations of timm (Resize to floor(size / crop
 * fraction), then CenterCrop) and the transforms of torchvision's weights. Those of one network stand in its family's file (models/).
 */
import { check, record, whole } from "../../checks.ts";
import type { Preprocessing } from "./preprocess.ts";

const imagenetMean = [0.485, 0.456, 0.406];
const imagenetStd = [0.229, 0.224, 0.225];

/**
 * torchvision's: the shorter side to 256, the middle 224x224, mean and deviation of ImageNet.
 * @example
 * imagenet.size   // => [224,224]
 */
export const imagenet: Preprocessing = {
  size: [224, 224], resize: 256, interpolation: "bilinear", channels: "rgb", mean: imagenetMean, std: imagenetStd,
};

/**
 * The same by bicubic interpolation, as many of timm's networks want it.
 * @example
 * [bicubic.interpolation, bicubic.resize]   // => ["bicubic",256]
 */
export const bicubic: Preprocessing = { ...imagenet, interpolation: "bicubic" };
/**
 * "Inception" mean and deviation: -1 to 1.
 * @example
 * const preprocessing = { ...imagenet, ...centred };
 * preprocessing.mean   // => [0.5,0.5,0.5]
 */
export const centred: Pick<Preprocessing, "mean" | "std"> = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

/**
 * The same at another size.
 * @example
 * const { size, resize } = square(bicubic, 288, 320);
 * [size, resize]   // => [[288,288],320]
 * @param resize the shorter side before the crop
 */
export function square(base: Preprocessing, size: number, resize: number): Preprocessing {
  check("square", "base", base, record);
  check("square", "size", size, whole(1, 8192));
  check("square", "resize", resize, whole(1, 8192));
  return { ...base, size: [size, size], resize };
}

/**
 * How pictures are prepared, by the names of trained weights, and what several families share.
 * @example
 * presets.imagenet.resize   // => 256
 * presets.caffe.channels   // => bgr
 */
export const presets: Readonly<Record<string, Preprocessing>> = {
  imagenet,
  // The original release: 0 to 255, blue first, mean only.
  caffe: { ...imagenet, channels: "bgr", range: 255, mean: [104, 117, 123], std: [1, 1, 1] },
  "torchvision.IMAGENET1K_V1": imagenet,
  "torchvision.IMAGENET1K_V2": square(imagenet, 224, 232),
};
