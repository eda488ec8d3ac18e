/** senet classify: the main job. What is in these pictures? */
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { printable } from "../../errors.ts";
import { softmax } from "../../nn/softmax.ts";
import { preprocess } from "../../io/images/preprocess.ts";
import { bytesOfInput, bundledPath, filesBelow, isFolder } from "../files.ts";
import { UsageError } from "../command.ts";
import type { Arguments, Command } from "../command.ts";
import { isOnnx } from "../onnx.ts";
import { onnxClassifier } from "../onnx-classifier.ts";
import type { Answering } from "../onnx-classifier.ts";
import { engineFromArguments, engineOptions, inference } from "../engine.ts";
import type { EngineChoice, Inference } from "../engine.ts";
import { isPictureFile, readImage } from "../images.ts";
import { loadNetwork, namesOf } from "../network.ts";
import type { Network } from "../network.ts";
import { adding, json, networkOptions, options, pictureOptions } from "../options.ts";
import { Progress, bar, clipped, columns, counted, print, printJson, remark, thousands } from "../terminal.ts";

interface Guess {
  readonly class: string;
  readonly index: number;
  readonly probability: number;
}

/** Of a picture; or why it has none. */
interface Answer {
  readonly image: string;
  readonly guesses?: readonly Guess[];
  readonly error?: string;
}

/** The `top` likeliest classes; of equal ones the first. */
function likeliest(probabilities: ArrayLike<number>, names: readonly string[] | undefined, top: number): Guess[] {
  return Array.from(probabilities, (probability, index) => ({ class: names?.[index] ?? `class ${index}`, index, probability }))
    .sort((a, b) => b.probability - a.probability || a.index - b.index)
    .slice(0, top);
}

/** Bars are as long as the terminal has room for beside the names. */
function show(image: string, guesses: readonly Guess[]): void {
  const names = guesses.map((guess) => clipped(printable(guess.class), columns() - 24));
  const width = Math.max(...names.map((name) => name.length));
  const room = Math.max(8, Math.min(40, columns() - width - 14));
  print(printable(image));
  for (const [i, { probability }] of guesses.entries()) {
    print(`  ${names[i].padEnd(width)}  ${(100 * probability).toFixed(1).padStart(5)} %  ${bar(probability, room)}`);
  }
}

/** The standard input, as an argument and in the answer. */
const standardInput = "-";

/** Pictures that the arguments name: files, those of folders, the standard input. @throws UsageError, or Error where a folder has none */
function picturesNamed(names: readonly string[]): string[] {
  if (names.filter((name) => name === standardInput).length > 1) {
    throw new UsageError("senet classify: the standard input (-) can be read once");
  }
  return names.flatMap((name) => {
    if (name === standardInput || !isFolder(name)) return [name];
    const files = filesBelow(name);
    const pictures = files.filter(isPictureFile);
    if (pictures.length === 0) throw new Error(`${name}: there are no pictures in this folder`);
    if (pictures.length < files.length) {
      const left = counted(files.length - pictures.length, "file that is no picture is", "files that are no pictures are");
      remark(`${name}: ${left} left out`);
    }
    return pictures;
  });
}

/** A model, which is compiled when the first picture comes. */
function answering(network: Network, engine: EngineChoice): Answering {
  let running: Inference | undefined;
  return {
    title: network.title, preprocessing: network.preprocessing,
    async probabilities(x) {
      running ??= await inference(network.quantised ?? network.model, engine, x.shape);
      return softmax(running.run(x));
    },
    close: () => running?.close(),
  };
}

/** The ONNX file that the arguments name, or the model. */
async function opened(args: Arguments): Promise<{ readonly network: Answering; readonly names: readonly string[] | undefined }> {
  const file = args.only("network", [args.text("model"), ...args.positionals].filter(isOnnx));
  if (file !== undefined) return onnxClassifier(args, file);
  const network = loadNetwork(args);
  return { network: answering(network, engineFromArguments(args)), names: await namesOf(args, network) };
}

/** Answers for one picture after the other. */
class Classifier {
  readonly #network: Answering;
  readonly #names: readonly string[] | undefined;
  readonly #top: number;

  constructor(network: Answering, names: readonly string[] | undefined, top: number) {
    this.#network = network;
    this.#names = names;
    this.#top = top;
  }

  /** @throws Error in one line, naming the picture */
  async guesses(path: string): Promise<Guess[]> {
    const named = path === standardInput ? "standard input" : path;
    const image = path === standardInput ? await readImage(named, await bytesOfInput()) : await readImage(path);
    const input = preprocess(image, this.#network.preprocessing);
    const { data } = await this.#network.probabilities(input);
    if (!data.every((p) => Number.isFinite(p))) throw new Error(`${named}: the network's answer is not finite; are these weights damaged?`);
    return likeliest(data, this.#names, this.#top);
  }

  close(): void {
    this.#network.close();
  }
}

export const classify: Command = {
  name: "classify",
  usage: "[IMAGE...] [--model M|MODEL.onnx] [--weights F] [--top K] [options]",
  help: "says what is in pictures; without arguments, in the bundled ones with the bundled network\n" +
    "IMAGE is a file, a folder with pictures, or - for the standard input.",
  options: {
    ...networkOptions,
    top: adding(options.top, " (default 3)"),
    ...pictureOptions,
    ...engineOptions,
    json: json("an array, one object an image"),
  },
  positionals: { least: 0, most: Infinity },
  async run(args) {
    const top = args.number("top", 3, { least: 1, whole: true });
    const json = args.flag("json");
    const { network, names } = await opened(args);
    const classifier = new Classifier(network, names, top);
    const samples = bundledPath("samples");
    const named = args.positionals.filter((path) => !isOnnx(path));
    const given = named.length > 0;
    const paths = given
      ? picturesNamed(named)
      : readdirSync(samples).filter((file) => file.endsWith(".png")).sort().map((file) => join(samples, file));
    if (!given && !json) remark(`${counted(paths.length, "bundled picture")}, ${network.title}`);
    const progress = new Progress();
    const answers: Answer[] = [];
    for (const [i, image] of paths.entries()) {
      // On a terminal the answers themselves show how far it is.
      if (json || process.stdout.isTTY !== true) {
        progress.update(i / paths.length, `${thousands(i)} of ${counted(paths.length, "picture")}`);
      }
      try {
        const guesses = await classifier.guesses(image);
        answers.push({ image, guesses });
        if (!json) show(given ? image : basename(image), guesses);
      } catch (error) {
        // One bad file among many does not stop the others.
        if (paths.length === 1) throw error;
        const { message } = error as Error;
        progress.end();
        remark(`senet: ${message.replace(/\s*\n\s*/g, " ")}`);
        answers.push({ image, error: message });
      }
    }
    progress.end();
    classifier.close();
    if (json) printJson(answers);
    const failed = answers.filter(({ error }) => error !== undefined).length;
    if (failed > 0) throw new Error(`${failed} of ${counted(paths.length, "picture")} could not be classified`);
  },
};
