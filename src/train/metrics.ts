/** Counts of predictions against labels. */
import { counted } from "../errors.ts";
import { check, numbers, whole } from "../checks.ts";

/**
 * How often each class was taken for each: counts by true class (rows) and predicted class (columns). @throws RangeError for no classes,
 * or more than 32768
 * @example
 * const confusion = new Confusion(2);
 * confusion.add(Int32Array.of(0, 0, 1), Int32Array.of(0, 1, 1));
 * [confusion.counts, confusion.perClass().map(({ accuracy }) => accuracy)]   // => [[1,1,0,1],[0.5,1]]
 */
export class Confusion {
  readonly classes: number;
  /** [label][prediction], row-major. */
  readonly counts: Float64Array;

  constructor(classes: number) {
    check("Confusion", "classes", classes, whole(1, 32768));
    this.classes = classes;
    this.counts = new Float64Array(classes * classes);
  }

  /** @throws RangeError where the lengths differ or a number is no class. */
  add(labels: Int32Array, predictions: Int32Array): void {
    check("Confusion.add", "labels", labels, numbers);
    check("Confusion.add", "predictions", predictions, numbers);
    if (labels.length !== predictions.length) {
      throw new RangeError(`Confusion: ${counted(labels.length, "label")}, but ${counted(predictions.length, "prediction")}`);
    }
    for (let i = 0; i < labels.length; i++) {
      const [label, prediction] = [labels[i], predictions[i]];
      if (!(label >= 0 && label < this.classes && prediction >= 0 && prediction < this.classes)) {
        throw new RangeError(`Confusion: wants classes from 0 to ${this.classes - 1}, got label ${label} and prediction ${prediction}`);
      }
      this.counts[label * this.classes + prediction]++;
    }
  }

  get total(): number {
    return this.counts.reduce((a, b) => a + b, 0);
  }

  get correct(): number {
    let correct = 0;
    for (let k = 0; k < this.classes; k++) correct += this.counts[k * this.classes + k];
    return correct;
  }

  /** Share of right predictions, 0 to 1; NaN where nothing was counted. */
  get accuracy(): number {
    return this.correct / this.total;
  }

  /** Of every class: how many images have it, and which share of them was recognised (NaN where there are none). */
  perClass(): { readonly count: number; readonly accuracy: number }[] {
    return Array.from({ length: this.classes }, (_, k) => {
      const row = this.counts.subarray(k * this.classes, (k + 1) * this.classes);
      const count = row.reduce((a, b) => a + b, 0);
      return { count, accuracy: row[k] / count };
    });
  }

  /**
   * Of every class: what is labelled and predicted as it, by what is labelled or predicted as it (Everingham et al., The PASCAL Visual
   * Object Classes Challenge, 2010, equation 3); NaN where there is neither.
   */
  intersectionOverUnion(): number[] {
    return this.perClass().map(({ count }, k) => {
      let predicted = 0;
      for (let label = 0; label < this.classes; label++) predicted += this.counts[label * this.classes + k];
      const both = this.counts[k * this.classes + k];
      return both / (count + predicted - both);
    });
  }

  /** Mean of `intersectionOverUnion` over the classes that occur. */
  get meanIntersectionOverUnion(): number {
    const found = this.intersectionOverUnion().filter((value) => !Number.isNaN(value));
    return found.reduce((a, b) => a + b, 0) / found.length;
  }
}
