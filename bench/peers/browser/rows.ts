/** Comparisons that the project set itself marks for: what is wanted, what was predicted before the first measurement, what came out. */
import { table } from "../../../src/cli/terminal.ts";
import type { Entry, Field } from "../field.ts";
import { best, ratiosOf } from "../report.ts";

interface Row {
  readonly model: string;
  readonly of: string;
  /** The fastest of these is meant. */
  readonly over: readonly string[];
  readonly wanted: number;
  /** Written down on 2026-12-01, from Node's figures on the same machine and LiteRT.js's on another Xeon. */
  readonly predicted: number;
}

const float = ["LiteRT.js, NCHW", "LiteRT.js, NHWC"];
const rows: readonly Row[] = [
  { model: "seresnet50", of: "senet session, int8", over: ["LiteRT.js, int8"], wanted: 0.9, predicted: 0.95 },
  { model: "seresnet50", of: "senet session, int8", over: ["onnxruntime-web, QDQ"], wanted: 0.32, predicted: 0.35 },
  { model: "seresnet50", of: "senet session, fast", over: float, wanted: 0.65, predicted: 0.69 },
  {
    model: "mobilenet_v3_large", of: "senet session, int8", over: ["LiteRT.js, int8", "LiteRT.js, int8, hard swish in float"], wanted: 0.95,
    predicted: 1.12,
  },
  { model: "mobilenet_v3_large", of: "senet session, int8", over: float, wanted: 0.4, predicted: 0.51 },
  { model: "mobilenet_v3_large", of: "senet session, int8", over: ["onnxruntime-web, QDQ"], wanted: 0.32, predicted: 0.21 },
  { model: "mobilenet_v3_large", of: "senet session, fast", over: float, wanted: 0.55, predicted: 0.8 },
];

/** One thread each; nothing where the field has none of the rows. */
export function marks({ entries }: Field): string {
  const find = (model: string, name: string): Entry | undefined => entries.find(
    ({ contender, job, failure }) => contender.name === name && job.model === model && job.threads === 1 && failure === undefined);
  const lines = rows.flatMap(({ model, of, over, wanted, predicted }) => {
    const ours = find(model, of);
    const theirs = over.flatMap((name) => find(model, name) ?? []).sort((a, b) => best(a) - best(b))[0];
    if (ours === undefined || theirs === undefined) return [];
    const { median } = ratiosOf(ours, theirs);
    return [[`${of} over ${theirs.contender.name}`, ...[wanted, predicted, best(ours) / best(theirs), median].map((n) => n.toFixed(2))]];
  });
  const headings = ["one thread", "wanted", "predicted", "best", "median"];
  return lines.length === 0 ? "" : table(headings, lines, headings.slice(1));
}
