/** What is compared: a small ResNet and a small MobileNet with and without SE, and the ablations of the paper's section 6 on the ResNet. */

export interface Variant {
  /** As the table calls it. */
  readonly name: string;
  readonly model: string;
  readonly options: Readonly<Record<string, unknown>>;
}

export interface Experiment {
  readonly title: string;
  /** The first one is what the others are compared with. */
  readonly variants: readonly Variant[];
}

/** What decides a run beside the variant and the seed. */
export interface Recipe extends Readonly<Record<string, number>> {
  readonly epochs: number;
  readonly batch: number;
  readonly rate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly smoothing: number;
  /** Epochs. */
  readonly warmup: number;
  /** Share that the average of the weights keeps per step. */
  readonly average: number;
  readonly crop: number;
}

/** One for all networks, chosen for none of them. */
export const recipe = {
  epochs: 4,
  batch: 100,
  rate: 0.1,
  momentum: 0.9,
  weightDecay: 5e-4,
  smoothing: 0.05,
  warmup: 0.5,
  average: 0.99,
  crop: 2,
  /** The last so many training images measure and are not trained on; the test images are not touched. */
  held: 20000,
} as const;

export const seeds = [1, 2, 3, 4, 5] as const;

/** 8 layers, one block each of 16, 32 and 64 channels, on 14x14, 7x7 and 4x4 pixels. */
export const resnet = (name: string, options: Readonly<Record<string, unknown>>): Variant =>
  ({ name, model: "se_resnet8", options: { inChannels: 1, classes: 10, stemStride: 2, reduction: 4, ...options } });

/** A quarter of the published width, on 28x28 to 2x2 pixels. */
export const mobilenet = (name: string, options: Readonly<Record<string, unknown>>): Variant =>
  ({ name, model: "se_mobilenet_v1", options: { inChannels: 1, classes: 10, width: 0.25, smallImages: true, reduction: 4, ...options } });

const standard = resnet("SE", {});

export const experiments: readonly Experiment[] = [
  { title: "ResNet-8", variants: [resnet("without SE", { se: false }), standard] },
  { title: "MobileNet v1, width 0.25", variants: [mobilenet("without SE", { se: false }), mobilenet("SE", {})] },
  {
    title: "Reduction ratio (table 10)",
    variants: [standard, ...[2, 8, 16].map((reduction) => resnet(`reduction ${reduction}`, { reduction }))],
  },
  { title: "Squeeze (table 11)", variants: [standard, resnet("maximum", { squeeze: "max" })] },
  { title: "Gate (table 12)", variants: [standard, resnet("ReLU", { gate: "relu" }), resnet("tanh", { gate: "tanh" })] },
  {
    title: "Position in the block (table 14)",
    variants: [
      standard, resnet("before the block (pre)", { position: "pre" }), resnet("after the sum (post)", { position: "post" }),
      resnet("on the shortcut (identity)", { position: "identity" }),
    ],
  },
];
