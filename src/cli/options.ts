/**
 * Options that several commands have, each in one wording. A command names those it takes, and says more of one with `adding`; what a
 * single command has is described where that is.
 */
import type { OptionHelp } from "./command.ts";

/** The same option, and what this command has to say of it besides: its default, what it is for here. */
export function adding({ help, ...option }: OptionHelp, more: string): OptionHelp {
  return { ...option, help: `${help}${more}` };
}

type Shared =
  | "model" | "modelOptions" | "weights" | "part" | "input" | "freeInput" | "classes" | "preset" | "data" | "images" | "cache" | "batch"
  | "relabel" | "engine" | "kernels" | "threads" | "top" | "out" | "page" | "lr";

export const options: Readonly<Record<Shared, OptionHelp>> = {
  // The network.
  model: { value: "M", help: "the model's name, where the weights do not say it" },
  modelOptions: { value: "JSON", help: `the model's options, such as '{"classes":10,"reduction":8}'` },
  weights: { value: "FILE", help: "safetensors, or what torch.save wrote (.pth, .pt, .bin, .ckpt)" },
  part: { value: "NAME", help: "the dictionary of the weights file to take, such as model_ema, where it holds several" },
  input: { value: "SHAPE", help: "batch, channels, height, width" },
  freeInput: { value: "SHAPE", help: "of an ONNX file whose sizes are free, such as 1,3,224,224" },
  // Its classes and pictures.
  classes: { value: "FILE", help: "class names, one a line or JSON" },
  preset: {
    value: "NAME", help: "how pictures are prepared: as for published weights, such as imagenet or seresnet50.a1_in1k; or a JSON file",
  },
  data: { value: "DIR", help: "folder with the IDX files, or with pictures" },
  images: { value: "N", help: "pictures at the most, evenly taken" },
  cache: {
    value: "BYTES",
    help: "of decoded pictures that stay in memory (default 1073741824); the others are decoded anew when their turn comes",
  },
  batch: { value: "N", help: "images at a time" },
  relabel: { value: "MAP", help: "new classes of old ones" },
  // What computes.
  engine: { value: "NAME", help: "session (compiled) or eager (the modules one by one)" },
  kernels: { value: "NAME", help: "wasm (sessions), plain (TypeScript) or reference (the textbook, eager)" },
  threads: { value: "N", help: "of wasm kernels; the result does not depend on it (default as many as the processor has, at most 4)" },
  // What comes out.
  top: { value: "K", help: "how many classes to name" },
  out: { value: "FILE", help: "the file to write" },
  page: { value: "FILE", help: "the page to write" },
  lr: { value: "RATE", help: "highest learning rate" },
};

/** `--numerics` of these names. @param usual the one without it */
export function numericsOption(names: readonly string[], usual: string): OptionHelp {
  const said = names.map((name) => (name === "exact" ? "exact (the same bits everywhere)" : name));
  return { value: "NAME", help: `of wasm kernels: ${said.slice(0, -1).join(", ")} or ${said.at(-1)} (default ${usual})` };
}

/** `--json`. @param what is printed */
export function json(what: string): OptionHelp {
  return { help: `for programs: ${what}` };
}

/** What names a network with its weights (network.ts reads it). */
export const networkOptions: Readonly<Record<string, OptionHelp>> = {
  model: options.model,
  weights: adding(options.weights, "; the bundled Fashion-MNIST network where nothing is given"),
  part: options.part,
  "model-options": options.modelOptions,
};

/** What a network's classes are called and how its pictures are prepared, for commands that see pictures. */
export const pictureOptions: Readonly<Record<string, OptionHelp>> = {
  classes: adding(options.classes, ", where the weights do not carry them; imagenet: ImageNet's 1,000"),
  preset: options.preset,
};
