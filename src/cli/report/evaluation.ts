/** The part of a page that shows how a network did on images: confusion matrix, classes one by one, worst mistakes. */
import type { Dataset } from "../../train/data/dataset.ts";
import type { Evaluation } from "../../train/evaluate.ts";
import { percent, thousands } from "../terminal.ts";
import { html } from "./html.ts";
import type { Html } from "./html.ts";
import { pictures } from "./mistakes.ts";
import type { Mistake, Picture } from "./mistakes.ts";
import { shades } from "./style.ts";

/** An evaluation, with what a page shows of it. */
export interface Measured extends Evaluation {
  /** What the images are: "held-out images", "test images". */
  readonly images: string;
  readonly classes: readonly string[];
  /** The worst first. */
  readonly worst: readonly Picture[];
}

/** Adds to an evaluation on `data` what its page shows. */
export async function measuredOn(
  data: Dataset, { loss, accuracy, confusion }: Evaluation, worst: readonly Mistake[], images: string,
): Promise<Measured> {
  return { loss, accuracy, confusion, images, classes: data.classes, worst: await pictures(data, worst) };
}

/** How many mistakes are shown. */
export const worstShown = 24;
/** More classes make a matrix that nobody can read; then the most frequent confusions stand in its place. */
const mostClasses = 32;
/** How many of these. */
const mostPairs = 20;
/** From here on a matrix has narrow cells, none of them with a 0. */
const manyClasses = 14;

interface ClassFigures {
  readonly name: string;
  /** Images that are of it, and that were taken for it. */
  readonly count: number;
  readonly predicted: number;
  readonly recall: number;
  readonly precision: number;
}

function figures({ confusion, classes }: Measured): ClassFigures[] {
  const { counts, classes: n } = confusion;
  return confusion.perClass().map(({ count, accuracy }, k) => {
    let predicted = 0;
    for (let label = 0; label < n; label++) predicted += counts[label * n + k];
    return { name: classes[k], count, predicted, recall: accuracy, precision: counts[k * n + k] / predicted };
  });
}

/** In percent, with a space that breaks no line. */
const share = (x: number, digits: number = 1): string => (Number.isNaN(x) ? "–" : `${(100 * x).toFixed(digits)}\u00a0%`);

/**
 * A cell's class: by its share of the images of its row; small shares of errors are told apart better than small shares of the diagonal.
 */
function shade(count: number, total: number, diagonal: boolean): string {
  if (count === 0) return "zero";
  const part = count / total;
  return `${diagonal ? "d" : "e"}${Math.min(shades, Math.max(1, Math.round((diagonal ? part : Math.sqrt(part)) * shades)))}`;
}

/** Isolated: a name that is written from right to left leaves what stands beside it in its order. */
const isolated = (name: string): Html => html`<bdi>${name}</bdi>`;

function matrix({ confusion: { counts, classes: n } }: Measured, each: readonly ClassFigures[]): Html {
  const narrow = n > manyClasses;
  const margin = (x: number): string => (narrow ? share(x, 0).replace("\u00a0%", "") : share(x));
  const head = each.map(({ name }) => html`<th scope="col" title="${name}"><span>${isolated(name)}</span></th>`);
  const rows = each.map(({ name, count, recall }, label) => {
    const cells = each.map((other, k) => {
      const c = counts[label * n + k];
      return html`<td class="${shade(c, count, k === label)}" title="${name} → ${other.name}: ${c}">${narrow && c === 0 ? "" : c}</td>`;
    });
    return html`<tr><th scope="row" title="${name}">${isolated(name)}</th>${cells}<td class="margin">${margin(recall)}</td></tr>
`;
  });
  const [recallHead, precisionHead] = narrow ? ["recall, %", "precision, %"] : ["recall", "precision"];
  const precisions = each.map(({ precision }) => html`<td class="margin">${margin(precision)}</td>`);
  return html`<div class="card scroll"><table class="${narrow ? "confusion narrow" : "confusion"}">
<thead><tr><th class="corner">true class ↓ &nbsp; predicted →</th>${head}<th class="margin">${recallHead}</th></tr></thead>
<tbody>${rows}<tr><th scope="row" class="margin">${precisionHead}</th>${precisions}<td></td></tr></tbody>
</table></div>`;
}

interface Pair {
  readonly label: number;
  readonly prediction: number;
  readonly count: number;
}

/** All pairs of classes that were confused, the most frequent first. */
function confusedPairs({ confusion: { counts, classes: n } }: Measured): Pair[] {
  const found: Pair[] = [];
  counts.forEach((count, i) => {
    const [label, prediction] = [Math.floor(i / n), i % n];
    if (label !== prediction && count > 0) found.push({ label, prediction, count });
  });
  return found.sort((a, b) => b.count - a.count || a.label - b.label);
}

const nameCell = (name: string, after: string = ""): Html => html`<td title="${name}">${isolated(name)}${after}</td>`;

function pairTable({ classes }: Measured, pairs: readonly Pair[]): Html {
  const rows = pairs.slice(0, mostPairs).map(({ label, prediction, count }) =>
    html`<tr>${nameCell(classes[label])}${nameCell(classes[prediction])}<td class="number">${thousands(count)}</td></tr>
`);
  return html`<p class="quiet">${thousands(classes.length)} classes are too many for a matrix; these pairs were confused most often.</p>
<div class="card scroll"><table class="rows"><thead><tr><th>true class</th><th>predicted</th><th class="number">images</th></tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

function classTable({ classes }: Measured, each: readonly ClassFigures[], pairs: readonly Pair[]): Html {
  const taken = new Map<number, Html>();
  for (const { label, prediction, count } of pairs) {
    if (!taken.has(label)) taken.set(label, nameCell(classes[prediction], ` (${thousands(count)})`));
  }
  const rows = each.map(({ name, count, recall, precision }, k) => {
    const bar = html`<span class="bar"><i style="width:${Number.isNaN(recall) ? 0 : Math.round(100 * recall)}%"></i></span>`;
    const cell = (text: string): Html => html`<td class="number">${text}</td>`;
    const figures = [cell(thousands(count)), cell(share(recall)), html`<td>${bar}</td>`, cell(share(precision))];
    return html`<tr>${nameCell(name)}${figures}${taken.get(k) ?? html`<td></td>`}</tr>
`;
  });
  const table = html`<div class="card scroll"><table class="rows">
<thead><tr><th>class</th><th class="number">images</th><th class="number">recall</th><th></th><th class="number">precision</th>
<th>most often taken for</th></tr></thead>
<tbody>${rows}</tbody></table></div>`;
  return classes.length <= mostClasses ? table : html`<details><summary>All classes</summary>${table}</details>`;
}

function gallery({ worst, classes, images }: Measured): Html {
  if (worst.length === 0) return html`<p>There are none.</p>`;
  return html`<div class="mistakes">${worst.map((mistake) => {
    const { source, width, height, magnified, index, label, prediction, confidence, labelProbability } = mistake;
    const title = `image ${index} of the ${images} (from 0); ${classes[label]} got ${percent(labelProbability)}`;
    const kind = magnified ? "pixels" : "small";
    const picture = html`<img src="${source}" width="${width}" height="${height}" class="${kind}" alt="${classes[label]}">`;
    const answer = html`<span><b>${isolated(classes[prediction])}</b>,</span> ${share(confidence)}`;
    return html`<figure title="${title}">${picture}<figcaption>${isolated(classes[label])} → ${answer}</figcaption></figure>
`;
  })}</div>`;
}

/** Confusion matrix, classes, mistakes. */
export function evaluationSection(measured: Measured): Html {
  const { confusion, accuracy, loss, classes, images, worst } = measured;
  const each = figures(measured);
  const pairs = confusedPairs(measured);
  const wrong = confusion.total - confusion.correct;
  const which = worst.length > 1 ? `The ${worst.length} of ${thousands(wrong)} wrong answers with the highest loss, the worst first: ` : "";
  return html`<h2>Confusion matrix</h2>
<p>${thousands(confusion.total)} ${images}: ${thousands(confusion.correct)} right, ${percent(accuracy)}; mean loss ${loss.toFixed(4)}.</p>
${classes.length <= mostClasses ? matrix(measured, each) : pairTable(measured, pairs)}
<h2>Classes</h2>
<p class="quiet">Recall: which share of a class's images was recognised, its accuracy. Precision: which share of the images that were taken
for it are of it.</p>
${classTable(measured, each, pairs)}
<h2>Worst mistakes</h2>
<p class="quiet">${which}true class → predicted class, and the probability that the network gave it.</p>
${gallery(measured)}`;
}
