/**
 * The preprocessing that published checkpoints were evaluated with, by their published names: Caffe's README of SENet, Cadene's
 * pretrained-models.pytorch, the default configurations of timm (Resize to floor(size / crop fraction), then CenterCrop) and the
 * transforms of torchvision's weights. A name with "@288" is timm's larger test size of the same checkpoint.
 */
import type { Preprocessing } from "./preprocess.ts";

const imagenetMean = [0.485, 0.456, 0.406];
const imagenetStd = [0.229, 0.224, 0.225];

const imagenet: Preprocessing = {
  size: [224, 224], resize: 256, interpolation: "bilinear", channels: "rgb", mean: imagenetMean, std: imagenetStd,
};
const bicubic: Preprocessing = { ...imagenet, interpolation: "bicubic" };
/** "Inception" mean and deviation: -1 to 1. */
const centred = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } as const;

function square(base: Preprocessing, size: number, resize: number): Preprocessing {
  return { ...base, size: [size, size], resize };
}

export const presets: Readonly<Record<string, Preprocessing>> = {
  imagenet,
  // The original release: 0 to 255, blue first, mean only.
  caffe: { ...imagenet, channels: "bgr", range: 255, mean: [104, 117, 123], std: [1, 1, 1] },

  legacy_seresnet18: bicubic,
  legacy_seresnet34: imagenet,
  legacy_seresnet50: imagenet,
  legacy_seresnet101: imagenet,
  legacy_seresnet152: imagenet,

  "seresnet50.ra2_in1k": bicubic,
  "seresnet50.ra2_in1k@288": square(bicubic, 288, 303),
  "seresnet50.a1_in1k": square(bicubic, 224, 235),
  "seresnet50.a1_in1k@288": square(bicubic, 288, 288),
  "seresnet50.a2_in1k": square(bicubic, 224, 235),
  "seresnet50.a2_in1k@288": square(bicubic, 288, 288),
  "seresnet50.a3_in1k": square(bicubic, 160, 168),
  "seresnet50.a3_in1k@224": square(bicubic, 224, 235),

  "mobilenetv3_large_100.ra_in1k": bicubic,
  "mobilenetv3_small_100.lamb_in1k": bicubic,
  "mobilenetv3_large_100.ra4_e3600_r224_in1k": { ...square(bicubic, 224, 235), ...centred },
  "mobilenetv3_large_100.ra4_e3600_r224_in1k@256": { ...square(bicubic, 256, 256), ...centred },
  "mobilenetv3_large_100.miil_in21k_ft_in1k": { ...imagenet, mean: [0, 0, 0], std: [1, 1, 1] },
  "tf_mobilenetv3_large_100.in1k": { ...imagenet, ...centred },
  "tf_mobilenetv3_small_100.in1k": { ...imagenet, ...centred },

  "torchvision.IMAGENET1K_V1": imagenet,
  "torchvision.IMAGENET1K_V2": square(imagenet, 224, 232),
};
