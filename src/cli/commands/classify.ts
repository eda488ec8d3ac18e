/** senet classify: the main job. What is in these pictures? */
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { softmax } from "../../nn/softmax.ts";
import { preprocess } from "../../io/images/preprocess.ts";
import type { Command } from "../command.ts";
import { bundledPath } from "../files.ts";
import { readImage } from "../images.ts";
import { engineFromArguments, engineHelp, inference } from "../engine.ts";
import type { Inference } from "../engine.ts";
import { loadNetwork, modelOptionsHelp, networkOptions } from "../network.ts";
import { bar, print, printJson, remark } from "../terminal.ts";

interface Guess {
  readonly class: string;
  readonly index: number;
  readonly probability: number;
}

/** The `top` likeliest classes; of equal ones the first. */
function likeliest(probabilities: ArrayLike<number>, names: readonly string[] | undefined, top: number): Guess[] {
  return Array.from(probabilities, (probability, index) => ({ class: names?.[index] ?? `class ${index}`, index, probability }))
    .sort((a, b) => b.probability - a.probability || a.index - b.index)
    .slice(0, top);
}

function show(image: string, guesses: readonly Guess[]): void {
  const width = Math.max(...guesses.map((guess) => guess.class.length));
  print(image);
  for (const guess of guesses) print(`  ${guess.class.padEnd(width)}  ${(100 * guess.probability).toFixed(1).padStart(5)} %  ${bar(guess.probability, 40)}`);
}

export const classify: Command = {
  name: "classify",
  usage: "[IMAGE...] [--model M] [--weights F] [--top K] [options]",
  help: "says what is in pictures; without arguments, in the bundled ones with the bundled network",
  options: {
    ...networkOptions,
    top: { value: "K", help: "how many classes to show (default 3)" },
    classes: { value: "FILE", help: "class names, one a line, where the weights do not carry them" },
    preset: { value: "NAME", help: "preprocessing of a published checkpoint, such as imagenet or seresnet50.a1_in1k" },
    "model-options": modelOptionsHelp,
    ...engineHelp,
    json: { help: "for programs: an array, one object an image" },
  },
  positionals: { least: 0, most: Infinity },
  async run(args) {
    const top = args.number("top", 3, { least: 1, whole: true });
    const network = loadNetwork(args);
    const engine = engineFromArguments(args);
    let running: Inference | undefined;
    const samples = bundledPath("samples");
    const paths = args.positionals.length > 0
      ? args.positionals
      : readdirSync(samples).filter((file) => file.endsWith(".png")).sort().map((file) => join(samples, file));
    if (args.positionals.length === 0 && !args.flag("json")) remark(`${paths.length} bundled pictures, ${network.title}`);
    const results: { image: string; guesses: Guess[] }[] = [];
    for (const path of paths) {
      const input = preprocess(await readImage(path), network.preprocessing);
      running ??= await inference(network.model, engine, input.shape);
      const { data } = softmax(running.run(input));
      if (!data.every((p) => Number.isFinite(p))) throw new Error(`${path}: the network's answer is not finite; are these weights damaged?`);
      const guesses = likeliest(data, network.classes, top);
      results.push({ image: path, guesses });
      if (!args.flag("json")) show(args.positionals.length > 0 ? path : basename(path), guesses);
    }
    running?.close();
    if (args.flag("json")) printJson(results);
  },
};
