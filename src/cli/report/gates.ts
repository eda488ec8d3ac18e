/** The page of `senet gates`: the paper's figures 6 and 7 for any network and folder of pictures, and what depends on the gates. */
import { version } from "../../version.ts";
import type { BlockStudy, Study } from "../explain/study.ts";
import { counted, percent } from "../terminal.ts";
import { tiles } from "./facts.ts";
import { Html, html } from "./html.ts";
import { style } from "./style.ts";

/** Curves of a figure, told apart by colour and by their dashes. */
const mostClasses = 10;
const own = `
.figure{margin:14px 0}
.figure svg{display:block;width:100%;height:auto}
.figure path{fill:none;stroke-width:1.3}
.figure text{fill:var(--quiet);font-size:10px}
.figure .frame{stroke:var(--line);fill:none}
${Array.from({ length: mostClasses }, (_, i) =>
  `.c${i}{stroke:hsl(${36 * i} 65% 48%)}.figure .key .c${i}{stroke-width:3}`).join("")}
@media(max-width:560px){.figure:not(.key){overflow-x:auto}.figure:not(.key) svg{min-width:500px}}
.figure.key{display:inline-block;margin:0 14px 0 0}
.figure.key::before{display:none}
.figure.key svg{display:inline-block;width:26px;height:8px;vertical-align:middle;margin-right:4px}
`;
const dashes = ["", "6 2", "2 2", "8 2 2 2", "", "6 2", "2 2", "8 2 2 2", "", "6 2"];
const width = 560;
const height = 150;
const left = 28;

/** The classes whose curves are drawn: those with pictures, the first ones. */
function drawn({ byClass }: BlockStudy): number[] {
  return byClass.flatMap((means, label) => (means === undefined ? [] : [label])).slice(0, mostClasses);
}

/**
 * Mean gate of each channel, a curve a class, as in figure 6. Channels are sorted by their mean over all classes, so that curves can be
 * followed.
 */
export function gateFigure(block: BlockStudy, classes: readonly string[]): Html {
  const labels = drawn(block);
  const sum = (c: number): number => labels.reduce((total, label) => total + block.byClass[label]![c], 0);
  const order = Array.from({ length: block.channels }, (_, c) => c).sort((a, b) => sum(b) - sum(a));
  const most = Math.max(1, ...labels.flatMap((label) => [...block.byClass[label]!]));
  const x = (i: number): string => (left + ((width - left - 6) * i) / Math.max(1, block.channels - 1)).toFixed(1);
  const y = (gate: number): string => (8 + (height - 24) * (1 - gate / most)).toFixed(1);
  const path = (means: Float64Array): string => order.map((c, i) => `${i === 0 ? "M" : "L"}${x(i)} ${y(means[c])}`).join("");
  const curves = labels.map((label, n) => html`<path class="c${n}" stroke-dasharray="${dashes[n]}"
d="${path(block.byClass[label]!)}"><title>${classes[label]}</title></path>`);
  const lines = [0, 0.5, 1].map((gate) => html`<line class="grid" x1="${left}" x2="${width - 6}" y1="${y(gate)}" y2="${y(gate)}"/>
<text x="${left - 6}" y="${y(gate)}" dy=".35em" text-anchor="end">${gate}</text>`);
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img"
aria-label="mean gates of ${block.name} by class">
${lines}${curves}<text x="${left}" y="${height - 3}">channels of ${block.name}, by their mean gate</text></svg>`;
}

function legend(block: BlockStudy, classes: readonly string[]): Html {
  return html`<p>${drawn(block).map((label, n) => html`<span class="key figure"><svg viewBox="0 0 26 8">
<path class="c${n}" stroke-dasharray="${dashes[n]}" d="M0 4L26 4"/></svg>${classes[label]}</span> `)}</p>`;
}

const heads = [
  "channels", "mean", "below .05", "above .95", "between channels", "between pictures", "by class", "frozen", "points", "at 1"] as const;

function rows({ blocks, accuracy }: Study): Html[] {
  return blocks.map((block) => {
    const cells = [
      String(block.channels), block.mean.toFixed(3), percent(block.shut), percent(block.open), block.betweenChannels.toFixed(3),
      block.betweenPictures.toFixed(3), block.explainedByClass === undefined ? "" : percent(block.explainedByClass), percent(block.frozen),
      signed(block.frozen - accuracy), percent(block.one)];
    return html`<tr><th>${block.name}</th>${cells.map((cell) => html`<td class="number">${cell}</td>`)}</tr>`;
  });
}

/** A difference of accuracies in points. */
export function signed(difference: number): string {
  return `${difference >= 0 ? "+" : "-"}${Math.abs(100 * difference).toFixed(2)}`;
}

/** @param data the folder, for people */
export function gatesPage(title: string, data: string, study: Study): string {
  const { blocks, classes, looked, measured, accuracy, allFrozen, allOne, against } = study;
  const right = against === "labels";
  const kept = right ? "" : "answers kept with ";
  const first = blocks[0].byClass.length > mostClasses ? `; the first ${mostClasses} classes` : "";
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}: gates</title>
<style>${new Html(style + own)}</style>
</head>
<body><main>
<h1>${title}: what its gates do</h1>
<p class="quiet">${counted(looked, "picture")} of ${data} looked at;
${right ? "accuracies" : "answers that are as with its own gates, counted"} on
${counted(measured, "other")}.</p>
${tiles([
    ...(right ? [["accuracy", percent(accuracy)] as const] : []), [`${kept}all gates frozen to their means`, percent(allFrozen)],
    [`${kept}all gates 1 (SE left out)`, percent(allOne)], ["SE blocks", String(blocks.length)]])}
<h2>By depth</h2>
<p>A gate is a scale of its channel, the same for every picture, and an answer to the picture. How far channels' mean gates differ from
each other says the first; how far one gate differs from picture to picture (the median channel's standard deviation) says the second, and
the class explains a part of that. What counts is the effect: the
${right ? "accuracy" : "share of answers that stay as they are"} where this one
block's gates are replaced by the channels' means, or by 1.</p>
<div class="scroll"><table class="rows"><thead><tr><th>gates</th>${heads.map((head) => html`<th class="number">${head}</th>`)}</tr></thead>
<tbody>${rows(study)}</tbody></table></div>
<h2>By class</h2>
<p>Mean gate of every channel, a curve a class (the paper's figures 6 and 7)${first}. Where curves lie on each other the block does not
ask what is in the picture.</p>
${legend(blocks[0], classes)}
<div class="charts">${blocks.map((block) => html`<figure class="card figure">${gateFigure(block, classes)}</figure>`)}</div>
<footer>Written by senet ${version}.</footer>
</main></body>
</html>
`.text;
}
