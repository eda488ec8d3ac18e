/** senet bundle: one JavaScript file of one network, weights and all. */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { usualInput } from "../../../models/index.ts";
import { bundle, bundleSyntaxes, bundleTargets } from "../../bundle/bundle.ts";
import type { BundleOptions } from "../../bundle/bundle.ts";
import { weightFormats } from "../../bundle/constants.ts";
import { showShape } from "../../tensor.ts";
import type { Shape } from "../../tensor.ts";
import type { Arguments, Command } from "../command.ts";
import { UsageError } from "../command.ts";
import { checkWritable, realTarget, writeBytes } from "../files.ts";
import { inputShape, loadNetwork, namesOf } from "../network.ts";
import { isOnnx, onnxShapes, openOnnx, sayNotes } from "../onnx.ts";
import { pictureNetwork } from "../onnx-classifier.ts";
import { adding, json, networkOptions, options, pictureOptions } from "../options.ts";
import { print, printJson, thousands } from "../terminal.ts";

/** A network, and what is known of its pictures. */
interface Source {
  readonly source: Parameters<typeof bundle>[0];
  readonly title: string;
  readonly options: Pick<BundleOptions, "input" | "classes" | "preprocessing">;
}

/** Is it a file of weights, by its name? Then it says which network it is of, or its tensors do. */
function isWeights(name: string | undefined): boolean {
  return name !== undefined && (/\.(safetensors|pth|pt|bin|ckpt|tar)$/i.test(name) || (/[\\/]/.test(name) && existsSync(name)));
}

async function ofModel(args: Arguments): Promise<Source> {
  const [given] = args.positionals;
  const weights = args.text("weights");
  if (isWeights(given) && weights !== undefined) {
    throw new UsageError(`senet bundle: ${given} is a file of weights, and so is --weights ${weights}: one of them is wanted`);
  }
  const network = isWeights(given) ? loadNetwork(args, args.text("model"), given) : loadNetwork(args, given, weights);
  const { model, preprocessing, described, title, quantised } = network;
  const pictures = described || args.text("preset") !== undefined;
  const usual: Shape = pictures ? [1, preprocessing.channels === "gray" ? 1 : 3, ...preprocessing.size] : usualInput(model);
  const input = inputShape(args, usual);
  const classes = await namesOf(args, network);
  return {
    source: quantised ?? model, title,
    options: {
      input, ...(classes === undefined ? {} : { classes }), ...(pictures && input.join() === usual.join() ? { preprocessing } : {}),
    },
  };
}

async function ofOnnx(args: Arguments, path: string): Promise<Source> {
  if (args.text("preset") === undefined) {
    const network = openOnnx(path, args.text("weights"));
    const input = onnxShapes(args, network);
    sayNotes(path, network);
    return { source: network, title: basename(path), options: { input } };
  }
  const { network, input, shape, preprocessing, names } = await pictureNetwork(args, path);
  return {
    source: network, title: basename(path),
    options: { input: { [input]: shape }, preprocessing, ...(names === undefined ? {} : { classes: names }) },
  };
}

export const bundleCommand: Command = {
  name: "bundle",
  usage: "[MODEL | W.safetensors | M.onnx] --out net.js [--weights W.safetensors] [options]",
  help:
    "writes one JavaScript file of one network, without imports: kernels, plan, weights and predict(pixels)\n" +
    "Without MODEL and --weights it is the bundled network. The file needs nothing of senet; docs/bundle says how it is used.",
  options: {
    ...networkOptions,
    out: options.out,
    format: { value: "NAME", help: "weights as f32, f16 (the default) or int8 with a factor for each output channel; float32 computes" },
    target: { value: "NAME", help: "wasm (the default), plain JavaScript, or both: plain where WebAssembly does not run" },
    syntax: { value: "NAME", help: "module (the default: exports), or script (a variable, and module.exports where there is one)" },
    name: { value: "NAME", help: 'the variable of a script (default "network")' },
    data: { value: "FILE", help: "the weights go into this file; ready(bytes) of the other is given them" },
    input: adding(options.input, ": the only shape that the file is for"),
    ...pictureOptions,
    json: json("files, bytes, memory"),
  },
  positionals: { least: 0, most: 1 },
  async run(args) {
    const out = args.required("out");
    const data = args.text("data");
    const format = args.choice("format", weightFormats, "f16");
    const target = args.choice("target", bundleTargets, "wasm");
    const syntax = args.choice("syntax", bundleSyntaxes, "module");
    for (const path of [out, ...(data === undefined ? [] : [data])]) checkWritable(path);
    if (data !== undefined && realTarget(data) === realTarget(out)) {
      throw new UsageError(`senet bundle: --out and --data are one file, ${out}`);
    }
    const [given] = args.positionals;
    const { source, title, options } = isOnnx(given) ? await ofOnnx(args, given) : await ofModel(args);
    const name = args.text("name");
    const { code, weights, memory, plan } = bundle(source, {
      ...options, format, target, syntax, beside: data !== undefined, ...(name === undefined ? {} : { name }),
    });
    // What a network of bytes is made of are bytes, whatever is asked for.
    const held = (source as { readonly quantised?: boolean }).quantised === true ? "int8" : format;
    writeBytes(out, code);
    if (data !== undefined) writeBytes(data, weights!);
    const shown = Array.isArray(options.input) ? showShape(options.input as Shape) : JSON.stringify(options.input);
    if (args.flag("json")) {
      printJson({
        file: out, bytes: code.length, ...(data === undefined ? {} : { data, data_bytes: weights!.length }), memory, network: title,
        input: options.input, format: held, target, syntax, classes: options.classes?.length ?? null,
        pictures: options.preprocessing !== undefined, calls: plan.split("\n").length,
      });
      return;
    }
    print(`${out}: ${title}, input ${shown}, ${target}, ${held}, ${thousands(code.length)} bytes`);
    if (data !== undefined) print(`${data}: its weights, ${thousands(weights!.length)} bytes`);
    print(`memory ${thousands(memory)} bytes; ${options.preprocessing === undefined ? "predict takes numbers" : "predict takes pictures"}`);
  },
};
