/** The page of `senet explain`: what every SE block of a network squeezed, excited and scaled for one picture, and what depends on it. */
import { version } from "../../version.ts";
import { counted, percent } from "../terminal.ts";
import { Html, html } from "./html.ts";
import type { Content } from "./html.ts";
import { base64OfFloats } from "./pixels.ts";
import { style } from "./style.ts";

export interface Guess {
  readonly name: string;
  readonly probability: number;
}

/** A channel with its picture before and after it is scaled, as data URIs. */
export interface ChannelView {
  readonly channel: number;
  readonly gate: number;
  readonly before: string;
  readonly after: string;
}

/** The likeliest class where the block's gates are others, and what remains of the class that was likeliest. */
export interface Effect {
  readonly kept: number;
  readonly becomes: string;
  readonly same: boolean;
}

export interface BlockView {
  readonly name: string;
  readonly channels: number;
  readonly activation: string;
  readonly squeezedBy: "mean" | "max";
  readonly squeeze: Float32Array;
  readonly hidden: Float32Array | undefined;
  readonly gates: Float32Array;
  readonly amplified: readonly ChannelView[];
  readonly suppressed: readonly ChannelView[];
  /** All gates of the block at their mean over the channels, at 1, and at 0. */
  readonly effects: { readonly mean: Effect; readonly one: Effect; readonly off: Effect };
}

export interface Explanation {
  readonly title: string;
  readonly image: string;
  /** The picture, as a data URI. */
  readonly picture: string;
  /** Does the network answer for every pixel? Then probabilities are means over all pixels. */
  readonly pixels: boolean;
  readonly guesses: readonly Guess[];
  readonly blocks: readonly BlockView[];
}

const own = `
.top{display:grid;grid-template-columns:minmax(120px,220px) 1fr;gap:20px;align-items:start}
.top img{width:100%;border-radius:8px;border:1px solid var(--line);image-rendering:pixelated;background:#fff}
.guess{display:grid;grid-template-columns:minmax(90px,220px) 1fr 64px;gap:12px;align-items:center;margin:3px 0}
.guess .bar{width:auto}
.block{margin:14px 0}
.block summary{cursor:pointer;margin:0;font-weight:600}
.block summary span{color:var(--quiet);font-weight:400}
.parts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,330px),1fr));gap:18px;margin-top:12px}
.strip{display:block;width:100%;height:auto}
.strip path{fill:var(--training);opacity:.75}.strip .squeeze{fill:var(--rate)}.strip line{stroke:var(--line)}
.maps{display:flex;flex-wrap:wrap;gap:12px}
.maps figure{margin:0;font-size:12.5px;color:var(--quiet)}
.maps img{width:76px;height:76px;object-fit:contain;image-rendering:pixelated;background:#000;border-radius:4px;margin-right:4px}
.changed{color:var(--validation);font-weight:600}
.caption{font-size:13px;color:var(--quiet);margin:2px 0 8px}
@media(max-width:560px){.top{grid-template-columns:1fr}.top img{max-width:220px}
.guess{grid-template-columns:minmax(70px,38%) 1fr 64px;gap:8px}}
`;

/** At most as many steps as a strip has pixels; each the largest of its share, so that nothing that stands out is lost. */
const steps = 256;

function area(values: ArrayLike<number>, low: number, high: number, top: number, height: number, kind: string): Html {
  const count = Math.min(steps, values.length);
  const range = high - low || 1;
  const points: string[] = [`M0 ${top + height}`];
  for (let i = 0; i < count; i++) {
    let most = -Infinity;
    for (let j = Math.floor((i * values.length) / count); j < Math.floor(((i + 1) * values.length) / count); j++) {
      most = Math.max(most, values[j]);
    }
    const y = (top + height - (height * Math.max(0, most - low)) / range).toFixed(1);
    points.push(`L${((steps * i) / count).toFixed(1)} ${y}L${((steps * (i + 1)) / count).toFixed(1)} ${y}`);
  }
  return html`<path class="${kind}" d="${points.join("")}L${steps} ${top + height}Z"/>`;
}

/** Gates from the largest to the smallest, and what was squeezed of the same channels below them. */
function strip({ gates, squeeze, name }: BlockView): Html {
  const order = [...gates.keys()].sort((a, b) => gates[b] - gates[a]);
  const sorted = Float32Array.from(order, (c) => gates[c]);
  const squeezed = Float32Array.from(order, (c) => Math.abs(squeeze[c]));
  const largest = squeezed.reduce((most, value) => Math.max(most, value), 0);
  return html`<svg class="strip" viewBox="0 0 ${steps} 132" role="img"
aria-label="gates of ${name}, sorted: from ${sorted[0].toFixed(3)} to ${sorted[sorted.length - 1].toFixed(3)}">
<line x1="0" x2="${steps}" y1="40" y2="40"/>${area(sorted, 0, Math.max(1, sorted[0]), 0, 80, "gates")}${area(squeezed, 0, largest, 90, 40,
  "squeeze")}</svg>`;
}

function bars(values: Float32Array): Html {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return html`<svg class="strip" viewBox="0 0 ${steps} 40" role="img"
aria-label="hidden layer, ${values.length} numbers">${area(values.map(Math.abs), 0, largest, 0, 40, "squeeze")}</svg>`;
}

function maps(title: string, channels: readonly ChannelView[]): Html {
  return html`<h3>${title}</h3><div class="maps">${channels.map(({ channel, gate, before, after }) => html`<figure>
<img src="${before}" alt="channel ${channel} before"><img src="${after}" alt="channel ${channel} after"><br>channel ${channel},
gate ${gate.toFixed(3)}</figure>`)}</div>`;
}

function effectCells(effects: BlockView["effects"]): Content {
  return [effects.mean, effects.one, effects.off].map(({ kept, becomes, same }) => html`<td class="number">${percent(kept)}</td><td>${
    same ? "" : html`<span class="changed">${becomes}</span>`}</td>`);
}

function share(gates: Float32Array, holds: (gate: number) => boolean): string {
  return percent(gates.filter(holds).length / gates.length);
}

function card(block: BlockView, open: boolean): Html {
  const { name, channels, hidden, gates, activation, squeezedBy, effects } = block;
  const mean = gates.reduce((sum, gate) => sum + gate, 0) / gates.length;
  const width = hidden === undefined ? ", no hidden layer" : `, ${hidden.length} hidden`;
  const changes = [effects.mean, effects.one, effects.off].filter(({ same }) => !same).length;
  return html`<details class="card block" data-name="${name}" data-gates="${base64OfFloats(gates)}"
 data-squeeze="${base64OfFloats(block.squeeze)}" ${new Html(open ? "open" : "")}>
<summary>${name} <span>${channels} channels${width}, ${activation}${changes > 0 ? "; the answer depends on it" : ""}</span></summary>
<div class="parts">
<div><h3>Gates, sorted; squeezed values of the same channels</h3>${strip(block)}
<p class="caption">Above the gates, 0 to 1 (the line is one half); below the ${squeezedBy} of each channel,
  without its sign. Mean gate ${mean.toFixed(3)}; below 0.05: ${
    share(gates, (g) => g < 0.05)
  }, above 0.95: ${share(gates, (g) => g > 0.95)}.</p>
${hidden === undefined ? undefined : html`<h3>Hidden layer</h3>${bars(hidden)}
<p class="caption">${hidden.filter((value) => value > 0).length} of ${hidden.length} are above 0.</p>`}</div>
<div>${maps("Most amplified: before, after", block.amplified)}${maps("Most suppressed: before, after", block.suppressed)}</div>
</div></details>`;
}

/** One page that needs nothing else: no network, no script, no font. */
export function explanationPage({ title, image, picture, pixels, guesses, blocks }: Explanation): string {
  const [best] = guesses;
  const open = blocks.length <= 12;
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}: ${image}</title>
<style>${new Html(style + own)}</style>
</head>
<body><main>
<h1>${best.name}</h1>
<p class="quiet">${image}, answered by ${title}, and what its ${counted(blocks.length, "SE block")} did.</p>
<div class="top"><img src="${picture}" alt="the picture">
<div>${guesses.map(({ name, probability }) => html`<div class="guess"><span>${name}</span>
<span class="bar"><i style="width:${(100 * probability).toFixed(2)}%"></i></span>
<span class="number">${percent(probability)}</span></div>`)}
${pixels ? html`<p class="quiet">It answers for every pixel: these are shares of the picture, means over all its pixels.</p>` : undefined}
<p class="quiet">Each block asks every channel how strong it is in the whole picture (squeeze),
  makes one gate a channel of all the answers (excitation), and multiplies the channels by their gates (scale).</p></div></div>
<h2>What depends on each block</h2>
<p>Probability of ${best.name} where one block's gates are replaced: all by their mean, all by 1 (the block left out), all by 0
(its channels switched off). Where another class wins, it is named.</p>
<div class="scroll"><table class="rows"><thead><tr><th>block</th><th class="number">own</th>
<th class="number">mean</th><th></th><th class="number">1</th><th></th><th class="number">0</th><th></th></tr></thead>
<tbody>${blocks.map(
  (block) => html`<tr><th>${block.name}</th><td class="number">${percent(best.probability)}</td>${effectCells(block.effects)}</tr>`
)}</tbody></table></div>
<h2>The blocks, from the first to the last</h2>
${blocks.map((block) => card(block, open))}
<footer>Written by senet ${version}.</footer>
</main></body>
</html>
`.text;
}
