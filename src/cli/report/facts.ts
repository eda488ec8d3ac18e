/** What a run was: its settings and figures as rows of tables, and how far it came. */
import { counted, duration, percent, thousands } from "../terminal.ts";
import type { LoggedEpoch, RunRecord } from "../training/read-log.ts";
import { html } from "./html.ts";
import type { Html } from "./html.ts";

/** A name and its value as text. */
export type Fact = readonly [name: string, value: string];

const number = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);

/** Characters of one value: a list of a thousand classes is no reading. */
const longest = 300;

/** Any JSON value on a line. */
function shown(value: unknown): string {
  const text = words(value);
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

function words(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(words).join(", ");
  if (typeof value === "object" && value !== null) return Object.entries(value).map(([key, item]) => `${key} ${words(item)}`).join(", ");
  return String(value);
}

/** `2025-11-27 03:00 UTC` of `2025-11-27T03:00:12.345Z`. */
const minute = (time: string): string => (
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:[\d.]+Z$/.test(time) ? `${time.slice(0, 10)} ${time.slice(11, 16)} UTC` : time
);

/** What was known of the network and the images when the run began: names in the log, names for people. */
const ofModel: readonly (readonly [key: string, name: string])[] = [
  ["model", "model"], ["modelOptions", "options"], ["parameters", "parameters"], ["se_parameters", "of which SE"],
  ["macs", "MACs an image, with SE"],
  ["from", "begins with"], ["frozen", "frozen"], ["frozenStatistics", "statistics frozen"], ["half", "half precision"],
];
const ofData: readonly (readonly [key: string, name: string])[] = [
  ["images", "training images"], ["validation", "held-out images"], ["join", "join in, epochs at the end"], ["data", "fingerprint"],
  ["relabel", "new classes"],
  ["classes", "classes"], ["mean", "mean"], ["std", "deviation"], ["flip", "flip"], ["crop", "crop, padded by"],
  ["size", "pictures become, height and width"], ["resize", "resized before"], ["interpolation", "interpolation"], ["channels", "channels"],
  ["resizedCrop", "random crop, least share"],
  ["erase", "random erasing"],
];
const ofOptimisation: readonly (readonly [key: string, name: string])[] = [
  ["epochs", "epochs"], ["steps_per_epoch", "steps an epoch"], ["batch", "images a step"], ["optimiser", "optimiser"],
  ["lr", "highest learning rate"], ["schedule", "schedule"],
  ["warmup", "warm-up, epochs"], ["momentum", "momentum"], ["weightDecay", "weight decay"], ["smoothing", "label smoothing"],
  ["classWeights", "weights of classes"], ["class_weights", "weights of classes, as numbers"], ["clip", "longest gradient"],
  ["average", "average of weights"], ["groups", "groups"], ["seed", "seed"],
];
const elsewhere = ["event", "step", "time", "runs_on", "engine", "kernels", "numerics", "senet"];

/** Settings that say nothing where they are 0. */
const offAtZero = ["join", "crop", "resizedCrop", "erase", "average", "se_parameters"];

const isOff = (key: string, value: unknown): boolean => value === undefined || value === null || value === "" || value === false || (
  value === 0 && offAtZero.includes(key)
);

function rows({ start }: RunRecord, names: readonly (readonly [string, string])[]): Fact[] {
  return names.filter(([key]) => !isOff(key, start[key])).map(([key, name]) => {
    const value = start[key];
    return [
      name,
      value === true ? "yes" : typeof value === "number" && Number.isInteger(value) && key !== "seed" ? thousands(value) : shown(value),
    ];
  });
}

const last = (record: RunRecord): LoggedEpoch | undefined => record.epochs[record.epochs.length - 1];

/** Of the whole run: an epoch that was interrupted counts only from where it went on. */
const trainingSeconds = ({ epochs }: RunRecord): number => epochs.reduce((sum, { seconds }) => sum + (seconds ?? 0), 0);

/** Over the whole run; undefined before the first epoch has ended. */
function imagesPerSecond(record: RunRecord): number | undefined {
  const images = record.epochs.reduce((sum, { seconds, imagesPerSecond: speed }) => sum + (seconds ?? 0) * (speed ?? 0), 0);
  return images > 0 ? images / trainingSeconds(record) : undefined;
}

/** How far the run came, in a sentence. */
export function progress(record: RunRecord): string {
  const { epochs, steps, start, diverged } = record;
  const [done, wanted] = [last(record)?.epoch ?? 0, number(start.epochs)];
  const step = Math.max(0, ...[steps, epochs].map((list) => list[list.length - 1]?.step ?? 0));
  if (diverged !== undefined) return `It ended before its time: ${diverged}.`;
  if (wanted !== undefined && done >= wanted) return `${counted(wanted, "epoch")}, ${counted(step, "step")}.`;
  const epochsDone = wanted === undefined ? counted(done, "epoch") : `${thousands(done)} of ${counted(wanted, "epoch")}`;
  return `${epochsDone}, ${counted(step, "step")}: under way, or stopped.`;
}

function runFacts(record: RunRecord): Fact[] {
  const { start, resumed, unreadable } = record;
  const end = last(record);
  const speed = imagesPerSecond(record);
  const numerics = start.numerics === undefined ? "" : `, numerics ${shown(start.numerics)}`;
  const seconds = trainingSeconds(record);
  return [
    ...(typeof start.time === "string" ? [["begun", minute(start.time)] as const] : []),
    ...(end?.time === undefined ? [] : [["last epoch ended", minute(end.time)] as const]),
    ...(seconds > 0 ? [["time of the epochs", duration(seconds)] as const] : []),
    ...(resumed.length === 0 ? [] : [["resumed after step", resumed.map(thousands).join(", ")] as const]),
    ...(speed === undefined ? [] : [["images a second", thousands(speed)] as const]),
    ...(
      end?.tflop === undefined
        ? []
        : [["training arithmetic", `${end.tflop < 100 ? end.tflop.toPrecision(3) : thousands(end.tflop)} TFLOP`] as const]
    ),
    ["kernels", `${shown(start.runs_on ?? start.kernels ?? "")}${numerics}`],
    ...(typeof start.senet === "string" ? [["senet", start.senet] as const] : []),
    ...(unreadable === 0 ? [] : [["unreadable lines in the log", thousands(unreadable)] as const]),
  ];
}

/** The figures at the end, and the best epoch where another was better. */
function finalFacts(record: RunRecord): Fact[] {
  const end = last(record);
  if (end === undefined) return [];
  const facts: (readonly [string, number | undefined, (value: number) => string])[] = [
    ["training loss", end.loss, (x) => x.toFixed(4)], ["training accuracy", end.accuracy, percent],
    ["validation loss", end.validationLoss, (x) => x.toFixed(4)], ["validation accuracy", end.validationAccuracy, percent],
  ];
  const best = bestEpoch(record);
  return [
    ...facts.flatMap(([name, value, show]): Fact[] => (value === undefined ? [] : [[name, show(value)]])),
    ...(
      best?.validationAccuracy === undefined
        ? []
        : [["best validation accuracy", `${percent(best.validationAccuracy)}, epoch ${best.epoch}`] as const]
    ),
  ];
}

/** The epoch after which the held-out images were recognised best, the first of equals. */
function bestEpoch({ epochs }: RunRecord): LoggedEpoch | undefined {
  return epochs.reduce<LoggedEpoch | undefined>(
    (best, epoch) => ((epoch.validationAccuracy ?? -1) > (best?.validationAccuracy ?? -1) ? epoch : best), undefined,
  );
}

/** A table of names and values under a heading. */
export function factTable(title: string, facts: readonly Fact[]): Html | undefined {
  if (facts.length === 0) return undefined;
  const rows = facts.map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>
`);
  return html`<div class="card"><h3>${title}</h3><table class="facts"><tbody>${rows}</tbody></table></div>`;
}

/** Everything that is known of the run. */
export function factsSection(record: RunRecord): Html {
  const known = new Set([...ofModel, ...ofData, ...ofOptimisation].map(([key]) => key).concat(elsewhere));
  // What a later version of senet logs, or another program.
  const others = Object.keys(record.start).filter((key) => !known.has(key)).map((key) => [key, key] as const);
  return html`<h2>The run</h2>
<div class="cards">
${factTable("Final figures", finalFacts(record))}
${factTable("Run", runFacts(record))}
${factTable("Network", rows(record, ofModel))}
${factTable("Images", rows(record, ofData))}
${factTable("Optimisation", rows(record, ofOptimisation))}
${factTable("Other settings", rows(record, others))}
</div>`;
}

/** The few figures that are wanted first. */
export function tiles(facts: readonly Fact[]): Html {
  return html`<div class="tiles">${facts.map(([name, value]) => html`<div class="tile"><b>${value}</b><span>${name}</span></div>`)}</div>`;
}

/** Of a run. */
export function runTiles(record: RunRecord): readonly Fact[] {
  const end = last(record);
  if (end === undefined) return [];
  const held = end.validationAccuracy !== undefined;
  const [accuracy, loss] = held ? [end.validationAccuracy, end.validationLoss] : [end.accuracy, end.loss];
  const speed = imagesPerSecond(record);
  return [
    ...(accuracy === undefined ? [] : [[`${held ? "validation" : "training"} accuracy`, percent(accuracy)] as const]),
    ...(loss === undefined ? [] : [[`${held ? "validation" : "training"} loss`, loss.toFixed(4)] as const]),
    ...(typeof record.start.parameters === "number" ? [["parameters", thousands(record.start.parameters)] as const] : []),
    ["time of the epochs", duration(trainingSeconds(record))],
    ...(speed === undefined ? [] : [["images a second", thousands(speed)] as const]),
  ];
}
