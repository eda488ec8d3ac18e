/** senet eval: how many of the test images does a network get right? */
import type { Dataset } from "../../train/data/dataset.ts";
import type { Command } from "../command.ts";
import { engineFromArguments, engineOptions } from "../engine.ts";
import { writeBytes } from "../files.ts";
import { loadNetwork } from "../network.ts";
import type { Network } from "../network.ts";
import { measuredOn, worstShown } from "../report/evaluation.ts";
import type { Fact } from "../report/facts.ts";
import { Mistakes } from "../report/mistakes.ts";
import { evaluationPage } from "../report/page.ts";
import { adding, json, networkOptions, options } from "../options.ts";
import { Progress, bar, counted, print, printJson, remark, say, table, thousands } from "../terminal.ts";
import { readDataset } from "../training/data.ts";
import { measure } from "../training/engine.ts";
import { relabelled } from "../training/fine-tuning.ts";
import { isUndivided } from "../training/picture-folder.ts";
import { cacheFrom } from "../training/pictures.ts";

/** The test images: pictures as the network wants them, IDX images as they are. */
async function readTesting(network: Network, folder: string, map: string, cache: number): Promise<Dataset> {
  if (isUndivided(folder)) remark(`${folder} has no folder test: all its pictures are measured`);
  const { mean: _mean, std: _std, range: _range, ...geometry } = network.preprocessing;
  return relabelled(await readDataset(folder, "test", map === "" ? network.classes : undefined, { geometry, cache }), map);
}

/** @throws Error where the images are not of the kind that the network was trained on. */
function checkFit(network: Network, data: Dataset): void {
  const [, channels, height, width] = data.shape;
  const { size, channels: order } = network.preprocessing;
  const wanted = order === "gray" ? 1 : 3;
  if (channels !== wanted || size[0] !== height || size[1] !== width) {
    throw new Error(
      `${network.title} wants images of ${wanted} x ${size.join(" x ")} (channels, height, width), the data set has ${channels} x ` +
        `${height} x ${width}`
    );
  }
  const output = network.model.outputShape([1, channels, height, width]);
  if (output[1] !== data.classes.length) {
    throw new Error(`${network.title} knows ${counted(output[1], "class", "classes")}, the data set has ${data.classes.length}`);
  }
}

/** Where nothing says how images were prepared, they are as large as those of the data set. */
function ofData(network: Network, data: Dataset, guessed: boolean): Network {
  const [, channels, height, width] = data.shape;
  const { preprocessing, described } = network;
  if (described || !guessed || (preprocessing.size[0] === height && preprocessing.size[1] === width)) return network;
  remark(`images of ${channels} x ${height} x ${width} are measured as they are: the weights do not say what size they want`);
  return { ...network, preprocessing: { ...preprocessing, size: [height, width] } };
}

/** What the report says of the evaluation. */
function facts({ model, preprocessing }: Network, data: Dataset, folder: string, kernels: string, seconds: number): Fact[] {
  const [, channels, height, width] = data.shape;
  return [
    ["model", model.identity?.model ?? ""],
    ["options", Object.entries(model.identity?.options ?? {}).map(([name, value]) => `${name} ${String(value)}`).join(", ")],
    ["parameters", thousands(model.parameterCount())],
    ["images", `${thousands(data.size)} of ${folder}`],
    ["channels, height, width", `${channels} x ${height} x ${width}`],
    ["mean; standard deviation", `${preprocessing.mean.join(", ")}; ${preprocessing.std.join(", ")}`],
    ["kernels", kernels],
    ["time", `${seconds.toFixed(1)} s`],
  ];
}

export const evalCommand: Command = {
  name: "eval",
  usage: "[MODEL] --data DIR [--weights W] [options]",
  help: "accuracy on the test images, of the bundled network where nothing else is named\n" +
    "DIR holds t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, gzipped or not, or pictures as test/CLASS/NAME (or val/, " +
    "or CLASS/NAME), which are prepared as the network wants them.",
  options: {
    data: options.data,
    ...networkOptions,
    preset: options.preset,
    relabel: adding(options.relabel, ", as it was trained with, old ones by number: Tops=0,2,3,4,6;Shoes=5,7,9"),
    batch: adding(options.batch, " (default 100)"),
    cache: options.cache,
    ...engineOptions,
    report: adding(options.page, ": confusion matrix, classes, worst mistakes"),
    json: json("accuracy (0 to 1), loss, classes, confusion"),
  },
  positionals: { least: 0, most: 1 },
  async run(args) {
    const folder = args.required("data");
    const batch = args.number("batch", 100, { least: 1, whole: true });
    const loaded = loadNetwork(args, args.only("network", [args.positionals[0], args.text("model")]));
    const engine = engineFromArguments(args);
    const map = args.text("relabel", "");
    const data = await readTesting(loaded, folder, map, cacheFrom(args));
    const network = ofData(loaded, data, args.text("preset") === undefined);
    checkFit(network, data);
    const progress = new Progress();
    const begin = performance.now();
    const mistakes = new Mistakes();
    const evaluation = await measure(network.model, data, network.preprocessing, {
      engine, batch, answers: mistakes.add, quantised: network.quantised,
      progress: (done, total) => progress.update(done / total, `${thousands(done)} of ${counted(total, "image")}`),
    });
    const { accuracy, loss, confusion } = evaluation;
    progress.end();
    if (!Number.isFinite(loss)) {
      throw new Error(`${network.title}: the loss is ${loss}: weights, or what the network computes of them, are not finite`);
    }
    const seconds = (performance.now() - begin) / 1000;
    const report = args.text("report");
    if (report !== undefined) {
      const measured = await measuredOn(data, evaluation, mistakes.worst(worstShown), "test images");
      writeBytes(
        report, evaluationPage({ title: network.title, measured, facts: facts(network, data, folder, evaluation.kernels, seconds) }),
      );
    }
    const classes = confusion.perClass().map((
      { count, accuracy: share }, i,
    ) => ({ class: data.classes[i], count, accuracy: count === 0 ? null : share }));
    if (args.flag("json")) {
      const k = classes.length;
      printJson({
        model: network.model.identity?.model, images: data.size, accuracy, correct: confusion.correct, loss, seconds, classes,
        confusion: Array.from({ length: k }, (_, i) => [...confusion.counts.subarray(i * k, (i + 1) * k)]),
        ...(report === undefined ? {} : { report }),
      });
      return;
    }
    say(
      `${network.title}: ${thousands(confusion.correct)} of ${thousands(data.size)} test images right, ${(100 * accuracy).toFixed(2)} %, ` +
        `loss ${loss.toFixed(4)}, ${seconds.toFixed(1)} s\n`
    );
    const rows = classes.map((c) => [
      c.class, String(c.count), c.accuracy === null ? "" : (100 * c.accuracy).toFixed(1), bar(c.accuracy ?? 0, 40),
    ]);
    print(table(["class", "images", "%", ""], rows, ["images", "%"]));
    if (report !== undefined) print(`\nreport written to ${report}`);
  },
};
