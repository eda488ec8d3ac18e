/** Whole pages: of a training run, and of an evaluation. Strings that need nothing else: no network, no script, no font. */
import { version } from "../../version.ts";
import { percent, thousands } from "../terminal.ts";
import type { RunRecord } from "../training/read-log.ts";
import { curvesSection, epochTable } from "./curves.ts";
import { evaluationSection } from "./evaluation.ts";
import type { Measured } from "./evaluation.ts";
import { factTable, factsSection, progress, runTiles, tiles } from "./facts.ts";
import type { Fact } from "./facts.ts";
import { Html, html } from "./html.ts";
import { style } from "./style.ts";

function page(title: string, body: Html): string {
  // Should a text ever get through as markup, the policy still forbids scripts and whatever lies elsewhere.
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body><main>
${body}
<footer>Written by senet ${version}.</footer>
</main></body>
</html>
`.text;
}

/** Why a run has nothing that could be measured; undefined where it has. */
export function whyUnmeasured({ validation, join }: { readonly validation: number; readonly join: number }): string | undefined {
  if (validation === 0) {
    return "No images were held out of the training (--validation N holds some out), so there is no confusion matrix: "
      + "answers to images that a network was trained on say little.";
  }
  if (join === 0) return undefined;
  return `The held-out images joined the training in the last ${join === 1 ? "epoch" : `${join} epochs`}, so there is no confusion matrix: `
    + "no images are left that the network was not trained on.";
}

export interface TrainingReport {
  readonly record: RunRecord;
  /** The log's file name. */
  readonly log: string;
  /** On the held-out images; or why they were not measured, in a sentence. */
  readonly measured: Measured | string | undefined;
  /** The weights' file name, where something was measured. */
  readonly weights?: string;
}

/** The page of a run: its curves, its settings and figures, and how the held-out images were answered. */
export function trainingPage({ record, log, measured, weights }: TrainingReport): string {
  const evaluated = typeof measured === "object" ? evaluationSection(measured) : html`<h2>Confusion matrix</h2><p>${measured}</p>`;
  const from = weights === undefined ? log : `${log} and ${weights}`;
  return page(`${record.model}, training report`, html`<h1>${record.model}</h1>
<p class="quiet">Training report of ${from}. ${progress(record)}</p>
${tiles(runTiles(record))}
${curvesSection(record)}
${record.epochs.length === 0 ? undefined : epochTable(record)}
${evaluated}
${factsSection(record)}`);
}

export interface EvaluationReport {
  /** "se_resnet8 of fashion-mnist.safetensors". */
  readonly title: string;
  readonly measured: Measured;
  readonly facts: readonly Fact[];
}

/** The page of an evaluation: how the images were answered. */
export function evaluationPage({ title, measured, facts }: EvaluationReport): string {
  const { accuracy, loss, confusion, images } = measured;
  return page(`${title}, evaluation`, html`<h1>${title}</h1>
<p class="quiet">Evaluation on ${thousands(confusion.total)} ${images}.</p>
${tiles([
    ["accuracy", percent(accuracy)], ["mean loss", loss.toFixed(4)], ["right", thousands(confusion.correct)],
    ["wrong", thousands(confusion.total - confusion.correct)],
  ])}
${evaluationSection(measured)}
<h2>The evaluation</h2>
<div class="cards">${factTable("Network and images", facts)}</div>`);
}
