/** `senet convert --int8`: the images that a network is measured on, and what is said of the network of bytes. */
import { FormatError } from "../errors.ts";
import { preprocess } from "../io/images/preprocess.ts";
import type { Preprocessing } from "../io/images/preprocess.ts";
import { isQuantised, saveQuantised } from "../quantise/file.ts";
import { quantise } from "../quantise/quantise.ts";
import type { LayerReport } from "../quantise/report.ts";
import { methodNames } from "../quantise/ranges.ts";
import type { Tensor } from "../tensor.ts";
import { Batcher } from "../train/data/augment.ts";
import { UsageError } from "./command.ts";
import type { Arguments, OptionHelp } from "./command.ts";
import { adding, options } from "./options.ts";
import { filesBelow, isFolder, writeBytes } from "./files.ts";
import { isPictureFile, readImage } from "./images.ts";
import { loadNetwork, namesOf } from "./network.ts";
import { isOnnx } from "./onnx.ts";
import { Progress, counted, print, remark, thousands } from "./terminal.ts";
import { readDataset } from "./training/data.ts";
import { hasIdxFiles } from "./training/idx-files.ts";
import { readWeightsFile } from "./weights-file.ts";

export const quantisingOptions: Readonly<Record<string, OptionHelp>> = {
  int8: { help: "to a network of bytes (docs/int8.md), measured on the images of --calibrate" },
  calibrate: adding(options.data, ", of what the network will see: for --int8"),
  images: adding(options.images, ", to measure for --int8 (default 128)"),
  keep: { value: "NAMES", help: "for --int8: layers that stay in float32, such as conv1,layer1.0.conv2" },
  method: { value: "NAME", help: `for --int8: how ranges are found: ${methodNames.join(", ")} (default best)` },
};

const USUAL_IMAGES = 128;
/** Layers that are named as the worst. */
const WORST = 5;

/** `count` of so many, evenly. */
function evenly(all: number, count: number): number[] {
  const taken = Math.min(all, count);
  return Array.from({ length: taken }, (_, i) => Math.floor((i * all) / taken));
}

/** @throws Error in one line where the folder has no pictures, or one cannot be read */
async function calibrationImages(folder: string, preprocessing: Preprocessing, count: number): Promise<Tensor<Float32Array>[]> {
  if (!isFolder(folder)) throw new Error(`${folder}: --calibrate wants a folder with pictures or IDX files`);
  const pictures = filesBelow(folder).filter(isPictureFile).sort();
  if (pictures.length === 0 && hasIdxFiles(folder)) {
    const data = await readDataset(folder, "train");
    const [, channels, height, width] = data.shape;
    const { size, channels: order } = preprocessing;
    const wanted = order === "gray" ? 1 : 3;
    if (channels !== wanted || size[0] !== height || size[1] !== width) {
      throw new Error(
        `${folder}: the network wants images of ${wanted} x ${size.join(" x ")} (channels, height, width), ` +
          `these are ${channels} x ${height} x ${width}`,
      );
    }
    const batcher = new Batcher(data, preprocessing);
    return evenly(data.size, count).map((i) => batcher.unaugmented(Int32Array.of(i)).x);
  }
  if (pictures.length === 0) throw new Error(`${folder}: there are no pictures in this folder to measure the network on`);
  const images: Tensor<Float32Array>[] = [];
  for (const i of evenly(pictures.length, count)) images.push(preprocess(await readImage(pictures[i]), preprocessing));
  return images;
}

/** @throws UsageError for options that make no sense without --int8 */
export function checkQuantising(args: Arguments): void {
  const idle = ["calibrate", "images", "keep", "method"].find((name) => args.text(name) !== undefined);
  if (idle !== undefined) throw new UsageError(`senet convert: --${idle} wants --int8 with it`);
}

/** From a network with its weights to one of bytes. @throws UsageError, or Error in one line */
export async function toQuantised(args: Arguments, from: string, to: string): Promise<void> {
  if (!to.endsWith(".safetensors")) throw new UsageError(`senet convert: with --int8 OUT wants to end in .safetensors, got "${to}"`);
  const folder = args.text("calibrate");
  if (folder === undefined) {
    throw new UsageError("senet convert: --int8 wants --calibrate DIR, a folder with pictures of what the network will see");
  }
  if (isOnnx(from)) {
    throw new UsageError(`senet convert: --int8 wants weights of a network that --model can name; ${from} brings a graph of its own`);
  }
  const count = args.number("images", USUAL_IMAGES, { least: 1, whole: true });
  const method = args.choice("method", methodNames, "best");
  if (isQuantised(readWeightsFile(from))) throw new FormatError(`${from}: it is quantised already`);
  const network = loadNetwork(args, args.text("model"), from);
  const images = await calibrationImages(folder, network.preprocessing, count);
  const progress = new Progress();
  const { network: quantised, report } = quantise(network.model, images, {
    method, keep: args.list("keep", []),
    progress: (share) => progress.update(share, `${counted(images.length, "image is", "images are")} measured`),
  });
  progress.end();
  const { identity } = network.model;
  const classes = await namesOf(args, network);
  const bytes = saveQuantised(quantised, identity && {
    ...identity, ...(classes === undefined ? {} : { classes }), preprocessing: network.preprocessing,
  });
  writeBytes(to, bytes);
  const decibels = (line: LayerReport): string => `${line.name} ${line.decibels.toFixed(1)}`;
  print(`${to}: ${network.title}, int8, measured on ${counted(images.length, "image")}, ${thousands(bytes.length)} bytes`);
  const worst = [...report.slice(0, -1)].sort((a, b) => a.decibels - b.decibels).slice(0, WORST);
  const output = report[report.length - 1].decibels.toFixed(1);
  print(`signal-to-noise ratio of the output: ${output} dB; worst layers: ${worst.map(decibels).join(", ")}`);
  if (args.text("keep") === undefined) remark("layers that lose too much can stay in float32: --keep NAMES");
}
