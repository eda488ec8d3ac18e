/**
 * senet beside other runtimes: the same network, weights and images on the same machine in the same minutes. Every contender has
 * a process of its own; they take turns, run after run, each round with an image that none has seen; all answers are compared.
 *
 *     (cd bench/peers && npm install) && npx tsx bench/peers/main.ts
 */
import { rmSync } from "node:fs";
import process from "node:process";
import { hasModel, modelNames } from "../../models/index.ts";
import { didYouMean } from "../../src/errors.ts";
import { runtimeName } from "../../src/cli/commands/bench.ts";
import { UsageError } from "../../src/cli/command.ts";
import type { Arguments } from "../../src/cli/command.ts";
import { Progress, print, printJson, remark } from "../../src/cli/terminal.ts";
import { bundleChild, bundleSize, convertedFolder, downloadSize, isInstalled } from "./bundle.ts";
import { chosenContenders, hasFiles, senetDownloads } from "./contenders.ts";
import { entry, race } from "./field.ts";
import type { Entry } from "./field.ts";
import { machine } from "./machine.ts";
import { writeModelFiles } from "./model-files.ts";
import { ChildRemote } from "./remote.ts";
import { runProgram } from "./program.ts";
import { lines, remarks, tableOf, trustIn } from "./report.ts";
import type { Line } from "./report.ts";

function wholeNumbers(args: Arguments, name: string, fallback: readonly number[]): readonly number[] {
  const values = args.list(name, fallback.map(String)).map(Number);
  if (!values.every((n) => Number.isSafeInteger(n) && n >= 1)) {
    throw new UsageError(`bench/peers: --${name} wants whole numbers such as 1,2, got "${args.text(name)}"`);
  }
  return values;
}

/** The races: a list of networks each. With --together there is one for each batch size, with all networks in it. */
function races(models: readonly string[], batches: readonly number[], together: boolean): { models: readonly string[]; batch: number }[] {
  return batches.flatMap((batch) => (together ? [{ models, batch }] : models.map((model) => ({ models: [model], batch }))));
}

async function run(args: Arguments, folder: string): Promise<void> {
  const models = args.list("models", ["seresnet50", "resnet50", "se_mobilenet_v1", "mobilenet_v3_large"]);
  for (const name of models) {
    if (!hasModel(name)) throw new UsageError(`bench/peers: unknown model "${name}"${didYouMean(name, modelNames)}`);
  }
  const batches = wholeNumbers(args, "batch", [1, 8]);
  const threads = wholeNumbers(args, "threads", [1, 2]);
  const runs = args.number("runs", 20, { least: 1, whole: true });
  const size = args.number("size", 224, { least: 32, whole: true });
  const patience = args.number("wait", 0, { least: 0 });
  const only = args.list("contenders", [""]);
  const chosen = chosenContenders("node", only, args.flag("slow"), isInstalled);

  const script = await bundleChild(folder);
  const sizes = new Map<string, number>();
  for (const contender of chosen) sizes.set(contender.name, await downloadSize(contender));
  const json = args.flag("json");
  const downloads = await Promise.all(senetDownloads.map(async ([what, module]) => {
    const size = (await bundleSize(module)) / 1000;
    return `${size.toFixed(1).padStart(6)} KB  ${what}`;
  }));
  const say = json ? remark : print;
  say(`${runtimeName()}, ${process.platform} ${process.arch}, ${machine()}`);
  say(`senet to load, minified and gzipped:\n${downloads.join("\n")}`);
  const results: Line[] = [];
  const progress = new Progress();
  for (const { models: names, batch } of races(models, batches, args.flag("together"))) {
    const input = [batch, 3, size, size];
    const options = { converted: convertedFolder, int8: chosen.some(({ needsBytes }) => needsBytes === true) };
    const files = new Map(names.map((model) => [model, writeModelFiles(folder, model, input, options)]));
    const entries: Entry[] = chosen.flatMap((contender) =>
      names.filter((model) => hasFiles(contender, files.get(model)!.files))
        .flatMap((model) => contender.threads.node.filter((n) => threads.includes(n))
          .map((n) => entry(contender, { model, input, threads: n, ...files.get(model)! }))));
    const field = await race(
      entries, {
        open: () => new ChildRemote(script), runs, patience, tick: (share) => progress.update(share, `${names.join(", ")}, batch ${batch}`),
      },
    );
    progress.end();
    const found = lines(field, sizes);
    results.push(...found);
    for (const model of names) {
      const ofModel = found.filter((line) => line.model === model);
      const [first] = ofModel;
      say(`\n${model}, batch ${batch}, ${size}x${size}; senet is ${first.against}; ${trustIn(first)}\n`);
      say(tableOf(ofModel));
    }
    const more = remarks(field);
    if (more.length > 0) say(`\n${more.join("\n")}`);
    for (const { files: { weights, onnx, graph, constants, int8 } } of files.values()) {
      for (const path of [weights, onnx, graph, constants, int8 ?? weights]) rmSync(path, { force: true });
    }
  }
  if (json) printJson(results);
  if (results.some(({ failure }) => failure !== undefined)) process.exitCode = 1;
}

await runProgram({
  name: "bench/peers",
  usage: "[options]",
  help: "senet beside onnxruntime-node, onnxruntime-web, tfjs, LiteRT.js and jax-js, in turns",
  options: {
    models: { value: "NAMES", help: "default seresnet50,resnet50,se_mobilenet_v1,mobilenet_v3_large" },
    batch: { value: "SIZES", help: "default 1,8" },
    threads: { value: "COUNTS", help: "default 1,2" },
    runs: { value: "N", help: "counted rounds (default 20)" },
    size: { value: "N", help: "height and width of the images (default 224)" },
    contenders: { value: "PARTS", help: "only those whose names contain one of these" },
    wait: {
      value: "SECONDS", help: "how long each race may wait for other work on the machine to end; disturbed rounds are repeated (default 0)",
    },
    together: { help: "all networks in one race, to compare networks with each other (what SE costs)" },
    slow: { help: "also those that take many seconds a run" },
    json: { help: "for programs: an array, one object a contender; the tables go to standard error" },
  },
  positionals: { least: 0, most: 0 },
}, run);
