/** senet report: the page of a training run from its log, also of one that is under way or was stopped. */
import { basename, resolve } from "node:path";
import { Random } from "../../../kernels/random.ts";
import { createModel } from "../../../models/index.ts";
import { pixelStatistics } from "../../train/data/dataset.ts";
import { UsageError } from "../command.ts";
import type { Arguments, Command } from "../command.ts";
import { threadsFrom } from "../engine.ts";
import { readBytes, writeBytes } from "../files.ts";
import { measuredOn, worstShown } from "../report/evaluation.ts";
import type { Measured } from "../report/evaluation.ts";
import { Mistakes } from "../report/mistakes.ts";
import { trainingPage, whyUnmeasured } from "../report/page.ts";
import { adding, options } from "../options.ts";
import { Progress, print, thousands } from "../terminal.ts";
import { loadInto, readWeightsFile } from "../weights-file.ts";
import { fingerprint } from "../training/data.ts";
import { measure, measuringEngine } from "../training/engine.ts";
import { readLog } from "../training/read-log.ts";
import type { RunRecord } from "../training/read-log.ts";
import { readTraining } from "../training/run.ts";
import { heldOutCount, loggedSettings } from "../training/settings.ts";

/** `work`, with what is wrong in the log said of the log. */
function ofLog<T>(log: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Error(`${log}: ${(error as Error).message}`);
  }
}

/** Measures the weights on the images that the run held out, or says why not. Adds to the record what an older log does not say. */
async function measured(
  args: Arguments, log: string, record: RunRecord, weights: string, folder: string,
): Promise<{ record: RunRecord; measured: Measured | string }> {
  const settings = ofLog(log, () => loggedSettings(record.start));
  const threads = threadsFrom(args);
  const data = await readTraining(folder, settings);
  if (fingerprint(data) !== record.start.data) throw new Error(`${log} is of a run on other images than ${folder} has`);
  const model = ofLog(
    log, () => createModel(settings.model, { classes: data.classes.length, inChannels: data.shape[1], ...settings.modelOptions }, null),
  );
  // Of a checkpoint those that would be measured.
  loadInto(model, readWeightsFile(weights), weights);
  const completed = { ...record, start: { parameters: model.parameterCount(), ...record.start } };
  const why = whyUnmeasured(settings);
  if (why !== undefined) return { record: completed, measured: why };
  const { training, validation } = ofLog(log, () => data.split(heldOutCount(settings, data.size), new Random(settings.seed)));
  const channels = data.shape[1];
  const given = settings.mean?.length === channels && settings.std?.length === channels;
  const normalisation = given ? { mean: settings.mean!, std: settings.std! } : pixelStatistics(training);
  const mistakes = new Mistakes();
  const progress = new Progress();
  const evaluation = await measure(model, validation, normalisation, {
    engine: measuringEngine(settings, threads), answers: mistakes.add,
    progress: (done, total) => progress.update(done / total, `${thousands(done)} of ${thousands(total)} held-out images`),
  });
  progress.end();
  return { record: completed, measured: await measuredOn(validation, evaluation, mistakes.worst(worstShown), "held-out images") };
}

const ofLogAlone = "Made of the log alone: with --weights and --data, senet report adds the confusion matrix and the worst mistakes " +
  "on the held-out images.";

export const report: Command = {
  name: "report",
  usage: "LOG.jsonl [--weights W.safetensors --data DIR] [--out FILE]",
  help: "an HTML page of a training run, from its log: curves, settings; with weights and data also confusion matrix and mistakes\n" +
    "The run may be under way, or stopped: its checkpoint will do for weights. The images are those that the run held out (--validation).",
  options: {
    weights: adding(options.weights, ": what the run wrote, its weights or its checkpoint"),
    data: adding(options.data, ", that it was trained on"),
    out: adding(options.page, " (default beside the log: STEM.report.html)"),
    threads: options.threads,
  },
  positionals: { least: 1, most: 1 },
  async run(args) {
    const [log] = args.positionals;
    const [weights, data] = [args.text("weights"), args.text("data")];
    if ((weights === undefined) !== (data === undefined)) {
      throw new UsageError("senet report: --weights and --data are wanted together, or neither");
    }
    const out = args.text("out", `${log.replace(/(\.log)?\.jsonl$/, "")}.report.html`);
    if (resolve(out) === resolve(log)) throw new UsageError(`senet report: --out wants another file than the log, got "${out}"`);
    const record = readLog(readBytes(log), log);
    const page = weights === undefined || data === undefined
      ? { record, log: basename(log), measured: ofLogAlone }
      : { log: basename(log), weights: basename(weights), ...(await measured(args, log, record, weights, data)) };
    writeBytes(out, trainingPage(page));
    print(`report written to ${out}`);
  },
};
