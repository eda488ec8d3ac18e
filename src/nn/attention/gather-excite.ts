/**
 * Gather-Excite (Hu, Shen, Albanie, Sun, Vedaldi: "Gather-Excite", arXiv 1810.12348, equations 1 and 2): a squeeze over windows of an
 * `extent` instead of the whole image, and a gate that is enlarged again.
 *
 *   y = sigmoid(enlarge(excite(gather(x)))) * x
 *
 * gather "mean", no excitation: GE without parameters (theta minus); over the whole image it is SE without its two layers.
 * gather "conv": depthwise 3x3 convolutions of stride 2, as many as halvings make the extent (GE theta); with `mlp` GE theta plus.
 * gather "mean" with `mlp` over the whole image is SE. Names as timm's GatherExcite (timm/layers/gather_excite.py), which has `mlp`
 * on by default; windows of the mean are 2 * extent - 1 wide there, as in the paper, and enlarging is by nearest neighbours.
 */
import { flag, oneOf, whole } from "../../checks.ts";
import { checkExcitation } from "./options.ts";
import { activation } from "../layers/activations.ts";
import type { ActivationName } from "../layers/activations.ts";
import { BatchNorm2d } from "../layers/batch-norm.ts";
import { Recalibrate, Sequential } from "../combinators.ts";
import { Conv2d } from "../layers/conv.ts";
import { Composite } from "../module.ts";
import type { Module } from "../module.ts";
import { AveragePool2d, GlobalAveragePool } from "../layers/pooling.ts";
import { hiddenWidth } from "./squeeze-excite.ts";
import type { Rounding } from "./squeeze-excite.ts";
import { Attention } from "./attention.ts";
import { ScaleElements } from "./scale.ts";

export interface GatherExciteOptions {
  /** 0: the whole image (the default); else 2, 4, 8 or 16 pixels. */
  readonly extent?: number;
  /** Default "mean". */
  readonly gather?: "mean" | "conv";
  /** SE's two layers between gather and gate. Default false. */
  readonly mlp?: boolean;
  /** Of these two layers. Default 16. */
  readonly reduction?: number;
  readonly rounding?: Rounding;
  /** Default "sigmoid". */
  readonly gate?: ActivationName;
  /** Default "relu". */
  readonly inner?: ActivationName;
}

/** Depthwise convolutions, each halving the image, with normalisation after each and an activation between them. */
class ConvGather extends Composite {
  readonly body: Module;
  readonly #named: [string, Module][] = [];

  constructor(channels: number, extent: number, inner: ActivationName) {
    super();
    const steps: Module[] = [];
    for (let i = 1, reach = 2; reach <= extent; i++, reach *= 2) {
      const conv = new Conv2d(channels, channels, { kernel: 3, stride: 2, padding: 1, groups: channels, bias: false });
      const norm = new BatchNorm2d(channels);
      this.#named.push([`conv${i}`, conv], [`norm${i}`, norm]);
      steps.push(conv, norm, ...(reach < extent ? [activation(inner)] : []));
    }
    this.body = new Sequential(...steps);
  }

  override children(): [string, Module][] {
    return this.#named;
  }
}

class Mlp extends Composite {
  readonly fc1: Conv2d;
  readonly fc2: Conv2d;
  readonly body: Module;

  constructor(channels: number, hidden: number, inner: ActivationName) {
    super();
    this.fc1 = new Conv2d(channels, hidden, { kernel: 1 });
    this.fc2 = new Conv2d(hidden, channels, { kernel: 1 });
    this.body = new Sequential(this.fc1, activation(inner), this.fc2);
  }
}

/**
 * x [N,C,H,W] to y [N,C,H,W] (Hu et al., arXiv 1810.12348). State dict: gather.conv1.weight [C,1,3,3], gather.norm1.*, ... where gathered
 * by convolution; mlp.fc1, mlp.fc2.
 * @example
 * new GatherExcite(64, { extent: 4, gather: "conv", mlp: false }).outputShape([1, 64, 16, 16])   // => [1,64,16,16]
 */
export class GatherExcite extends Attention {
  readonly gather: ConvGather | undefined;
  readonly mlp: Mlp | undefined;
  readonly body: Module;
  readonly #text: string;

  /** @throws RangeError for another extent, or for gathering the whole image by convolution (whose size a module does not know) */
  constructor(channels: number, options: GatherExciteOptions = {}) {
    super();
    checkExcitation("GatherExcite", channels, options, {
      extent: whole(0), gather: oneOf("mean", "conv"), mlp: flag, reduction: null, rounding: null, gate: null, inner: null,
    });
    const { extent = 0, gather = "mean", inner = "relu" } = options;
    const extents = gather === "conv" ? [2, 4, 8, 16] : [0, 2, 4, 8, 16];
    if (!extents.includes(extent)) {
      throw new RangeError(`GatherExcite: gather "${gather}" wants an extent of ${extents.join(", ")}, got ${extent}`);
    }
    this.gather = gather === "conv" ? new ConvGather(channels, extent, inner) : undefined;
    this.mlp = options.mlp === true ? new Mlp(channels, hiddenWidth(channels, options), inner) : undefined;
    const windows = { kernel: 2 * extent - 1, stride: extent, padding: extent - 1, countPadding: false };
    const gathered = this.gather ?? (extent === 0 ? new GlobalAveragePool() : new AveragePool2d(windows));
    const gate = new Sequential(gathered, ...(this.mlp === undefined ? [] : [this.mlp]), activation(options.gate ?? "sigmoid"));
    this.body = extent === 0 ? new Recalibrate(gate) : new ScaleElements(gate);
    const hidden = this.mlp === undefined ? "" : `, hidden ${this.mlp.fc1.outChannels}`;
    this.#text = `GatherExcite ${channels}, ${gather} of ${extent === 0 ? "the image" : `extent ${extent}`}${hidden}`;
  }

  override describe(): string {
    return this.#text;
  }
}
