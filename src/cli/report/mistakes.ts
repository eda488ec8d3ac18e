/** The images that a network got most wrong: found while it is evaluated, then made pictures of the page. */
import { fromSamples } from "../../io/images/image.ts";
import { encodePng } from "../../io/images/png.ts";
import { resize } from "../../io/images/resize.ts";
import { base64 } from "./pixels.ts";
import type { Dataset } from "../../train/data/dataset.ts";
import type { Answers } from "../../train/evaluate.ts";

export interface Mistake {
  /** In the data set, from 0. */
  readonly index: number;
  readonly label: number;
  readonly prediction: number;
  /** That the network gave to the prediction, and to the label. */
  readonly confidence: number;
  readonly labelProbability: number;
}

/** A mistake that can be shown. */
export interface Picture extends Mistake {
  /** PNG. */
  readonly source: string;
  /** How large the page shows it, in pixels. */
  readonly width: number;
  readonly height: number;
  /** It is small, and shown with every pixel a square; otherwise it was made smaller. */
  readonly magnified: boolean;
}

/** How many of the page's pixels a picture may be high and wide. */
const shownSide = 112;
/** Longer images are made smaller than this: two dozen photographs are megabytes. */
const longestSide = 64;

/** Keeps all wrong answers of an evaluation. One data set, one list. */
export class Mistakes {
  readonly #all: Mistake[] = [];

  /** For `evaluate`. */
  readonly add = ({ first, labels, predictions, probabilities }: Answers): void => {
    const classes = probabilities.shape[1];
    labels.forEach((label, i) => {
      const prediction = predictions[i];
      if (prediction === label) return;
      const of = (k: number): number => probabilities.data[i * classes + k];
      this.#all.push({ index: first + i, label, prediction, confidence: of(prediction), labelProbability: of(label) });
    });
  };

  /**
   * The `count` with the highest loss, worst first. The loss is minus the logarithm of the label's probability, so its order is that
   * of the probability; where that vanishes in many, the surer the network was, the worse.
   */
  worst(count: number): Mistake[] {
    return [...this.#all].sort((a, b) => a.labelProbability - b.labelProbability || b.confidence - a.confidence || a.index - b.index)
      .slice(0, count);
  }
}

/** Image `index` as samples [height, width, channels]: three where it has three, else its first channel in grey. */
function samples(data: Dataset, index: number): { data: Uint8Array; channels: number } {
  const [, all, height, width] = data.shape;
  const levels = data.image(index);
  const channels = all === 3 ? 3 : 1;
  const pixels = height * width;
  const mixed = new Uint8Array(pixels * channels);
  for (let c = 0; c < channels; c++) for (let p = 0; p < pixels; p++) mixed[p * channels + c] = levels[c * pixels + p];
  return { data: mixed, channels };
}

/** The pictures of mistakes in `data`, as data URIs. */
export async function pictures(data: Dataset, mistakes: readonly Mistake[]): Promise<Picture[]> {
  await data.load(mistakes.map(({ index }) => index));
  const [, , height, width] = data.shape;
  const side = Math.max(height, width);
  const magnified = side <= longestSide;
  const [h, w] = magnified ? [height, width] : [height, width].map((n) => Math.max(1, Math.round((n * longestSide) / side)));
  // Whole times larger, so that all pixels are squares of one size.
  const factor = Math.max(1, magnified ? Math.floor(shownSide / side) : shownSide / Math.max(h, w));
  return Promise.all(mistakes.map(async (mistake) => {
    const { data: whole, channels } = samples(data, mistake.index);
    const small = magnified ? whole : resize(whole, channels, height, width, h, w, "bilinear");
    const png = await encodePng(fromSamples(small, w, h, channels));
    return {
      ...mistake, source: `data:image/png;base64,${base64(png)}`, width: Math.round(w * factor), height: Math.round(h * factor), magnified,
    };
  }));
}
