/** Line charts as SVG: axes with ticks, a legend, no script. Colours come from the page's style. */
import { html } from "./html.ts";
import type { Html } from "./html.ts";
import { thin } from "./points.ts";
import type { Point } from "./points.ts";
import { linearScale, logScale } from "./scale.ts";
import type { Scale } from "./scale.ts";

export interface Series {
  readonly name: string;
  /** What it is of, which decides its colour; `raw` is the faint curve behind a smoothed one. */
  readonly kind: "training" | "validation" | "rate" | "raw";
  readonly points: readonly Point[];
}

export interface Chart {
  readonly title: string;
  /** What runs along the x axis, in whole numbers: "step" or "epoch". */
  readonly x: string;
  /** Where x begins, if not with the first point. */
  readonly from?: number;
  readonly percent?: boolean;
  /** A logarithmic y axis where values reach over much more than one order of magnitude. */
  readonly logarithmic?: boolean;
  readonly series: readonly Series[];
}

/** Pixels of a chart that is shown as large as it was drawn. */
const width = 540;
const height = 270;
const left = 58;
const right = 12;
const top = 10;
const bottom = 40;

/** Points of one curve; more cannot be told apart. */
const mostPoints = 600;
/** Up to so many, each point is a dot that says its value. */
const mostDots = 60;
/** From this ratio of largest to smallest on, a logarithmic axis shows more. */
const wideRange = 8;

const one = (x: number): string => String(Math.round(x * 10) / 10);

function yScale(values: readonly number[], chart: Chart): { readonly scale: Scale; readonly logarithmic: boolean } {
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  const logarithmic = chart.logarithmic === true && low > 0 && high / low >= wideRange;
  return {
    logarithmic,
    scale: logarithmic ? logScale(low, high, { ticks: 6 }) : linearScale(low, high, { ticks: 5, percent: chart.percent === true }),
  };
}

/** A value for people: five significant digits, or a share in percent. */
function shown(value: number, chart: Chart): string {
  return chart.percent === true ? `${(100 * value).toFixed(2)} %` : String(Number(value.toPrecision(5)));
}

/** The chart as a figure; where there is nothing to draw, a figure that says so. */
export function lineChart(chart: Chart): Html {
  const series = chart.series.filter(({ points }) => points.length > 0);
  if (series.length === 0) {
    return html`<figure class="chart"><figcaption><b>${chart.title}</b></figcaption><p class="nothing">nothing logged yet</p></figure>`;
  }
  const xs = series.flatMap(({ points }) => [points[0][0], points[points.length - 1][0]]);
  const x = linearScale(Math.min(...xs, chart.from ?? Infinity), Math.max(...xs), { ticks: 7, whole: true });
  const { scale: y, logarithmic } = yScale(series.flatMap(({ points }) => points.map((point) => point[1])), chart);
  const placeX = (value: number): string => one(left + x.at(value) * (width - left - right));
  const placeY = (value: number): string => one(height - bottom - y.at(value) * (height - top - bottom));
  const legend = series.map(({ name, kind }) => html`<span class="key ${kind}">${name}</span> `);
  const rows = y.ticks.map(({ at, label }) => {
    const line = html`<line class="grid" x1="${left}" x2="${width - right}" y1="${placeY(at)}" y2="${placeY(at)}"/>`;
    return html`${line}<text x="${left - 8}" y="${placeY(at)}" dy=".35em" text-anchor="end">${label}</text>`;
  });
  const columns = x.ticks.map(({ at, label }) => {
    const line = html`<line class="tick" x1="${placeX(at)}" x2="${placeX(at)}" y1="${height - bottom}" y2="${height - bottom + 4}"/>`;
    return html`${line}<text x="${placeX(at)}" y="${height - bottom + 17}" text-anchor="middle">${label}</text>`;
  });
  const curves = series.map(({ kind, points }) => {
    const kept = thin(points, mostPoints);
    return html`<polyline class="${kind}" points="${kept.map(([px, py]) => `${placeX(px)},${placeY(py)}`).join(" ")}"/>`;
  });
  const dots = series.filter(({ kind, points }) => kind !== "raw" && points.length <= mostDots).map(({ name, kind, points }) =>
    points.map(([px, py]) => {
      const title = `${chart.x} ${px}, ${name}: ${shown(py, chart)}`;
      return html`<circle class="${kind}" cx="${placeX(px)}" cy="${placeY(py)}" r="2.5"><title>${title}</title></circle>`;
    }));
  return html`<figure class="chart"><figcaption><b>${chart.title}</b>${logarithmic ? " (logarithmic)" : ""} ${legend}</figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${chart.title} by ${chart.x}">
${rows}${columns}<line class="axis" x1="${left}" x2="${width - right}" y1="${height - bottom}" y2="${height - bottom}"/>
<text class="name" x="${width - right}" y="${height - 5}" text-anchor="end">${chart.x}</text>
${curves}${dots}
</svg></figure>`;
}
