/** The curves of a run, and its epochs as a table. */
import { duration, percent, thousands } from "../terminal.ts";
import type { LoggedEpoch, RunRecord } from "../training/read-log.ts";
import { lineChart } from "./chart.ts";
import { html } from "./html.ts";
import type { Html } from "./html.ts";
import { smooth, smoothingWindow } from "./points.ts";
import type { Point } from "./points.ts";

/** Epochs in the table; of longer runs the last ones. */
const mostRows = 500;

function byEpoch(epochs: readonly LoggedEpoch[], value: (epoch: LoggedEpoch) => number | undefined): Point[] {
  return epochs.flatMap((epoch) => {
    const y = value(epoch);
    return y === undefined ? [] : [[epoch.epoch, y] as const];
  });
}

/** Why the curves of training and validation are not quite of the same thing. */
function remarks({ smoothing, average }: RunRecord["start"], epochs: readonly LoggedEpoch[]): string[] {
  const measured = epochs.some(({ validationLoss }) => validationLoss !== undefined);
  return [
    "Training figures are means over an epoch, of each batch as the network was when it came.",
    ...(
      typeof smoothing === "number" && smoothing > 0
        ? [`The training loss is with label smoothing (${smoothing})${measured ? ", the validation loss without" : ""}.`]
        : []
    ),
    ...(typeof average === "number" && average > 0 && measured ? ["Validation is of the averaged weights."] : []),
  ];
}

/** Loss by step, loss and accuracy by epoch, learning rate by step. */
export function curvesSection({ start, steps, epochs }: RunRecord): Html {
  const losses = steps.map(({ step, loss }): Point => [step, loss]);
  const rates = steps.flatMap(({ step, rate }): Point[] => (rate === undefined ? [] : [[step, rate]]));
  const window = smoothingWindow(losses.length);
  const byStep = window === 1
    ? [{ name: "one batch", kind: "training", points: losses } as const]
    : [
      { name: "one batch", kind: "raw", points: losses } as const,
      { name: `mean of ${window} logged steps`, kind: "training", points: smooth(losses, window) } as const,
    ];
  const both = (training: (epoch: LoggedEpoch) => number | undefined, validation: (epoch: LoggedEpoch) => number | undefined) => [
    { name: "training", kind: "training", points: byEpoch(epochs, training) } as const,
    { name: "validation", kind: "validation", points: byEpoch(epochs, validation) } as const,
  ];
  const accuracies = both(({ accuracy }) => accuracy, ({ validationAccuracy }) => validationAccuracy);
  return html`<h2>Curves</h2>
<p class="quiet">${remarks(start, epochs).join(" ")}</p>
<div class="charts">
${lineChart({ title: "Training loss", x: "step", from: 0, logarithmic: true, series: byStep })}
${lineChart({ title: "Loss", x: "epoch", logarithmic: true, series: both(({ loss }) => loss, ({ validationLoss }) => validationLoss) })}
${lineChart({ title: "Accuracy", x: "epoch", percent: true, series: accuracies })}
${lineChart({ title: "Learning rate", x: "step", from: 0, series: [{ name: "learning rate", kind: "rate", points: rates }] })}
</div>`;
}

const or = (value: number | undefined, show: (value: number) => string): string => (value === undefined ? "" : show(value));
const four = (value: number): string => value.toFixed(4);

/** Every epoch's figures, folded away. */
export function epochTable({ epochs }: RunRecord): Html {
  const kept = epochs.slice(-mostRows);
  const rows = kept.map((epoch) => {
    const cells = [
      or(epoch.loss, four), or(epoch.accuracy, percent), or(epoch.validationLoss, four), or(epoch.validationAccuracy, percent),
      or(epoch.seconds, duration), or(epoch.imagesPerSecond, thousands),
    ];
    return html`<tr><td class="number">${epoch.epoch}</td>${cells.map((cell) => html`<td class="number">${cell}</td>`)}</tr>
`;
  });
  const heads = ["epoch", "training loss", "accuracy", "validation loss", "accuracy", "time", "images/s"];
  const which = kept.length < epochs.length ? `The last ${mostRows} of ${thousands(epochs.length)} epochs` : "All epochs";
  return html`<details><summary>${which} as a table</summary>
<div class="card scroll"><table class="rows"><thead><tr>${heads.map((head) => html`<th class="number">${head}</th>`)}</tr></thead>
<tbody>${rows}</tbody></table></div></details>`;
}
