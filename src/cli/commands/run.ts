/** senet run: tensor in, tensor out, for scripts and checks. */
import { parseSafetensors, writeSafetensors } from "../../io/weights/safetensors.ts";
import { Tensor, showShape } from "../../tensor.ts";
import { describeReport } from "../../nn/state-dict.ts";
import { UsageError } from "../command.ts";
import type { Arguments, Command } from "../command.ts";
import { readBytes, sameFile, writeBytes } from "../files.ts";
import { engineFromArguments, engineOptions, inference } from "../engine.ts";
import { modelFromArguments } from "../network.ts";
import { isOnnx, onnxSession, openOnnx, sayNotes } from "../onnx.ts";
import { isQuantised } from "../../quantise/file.ts";
import { adding, options } from "../options.ts";
import { print, remark } from "../terminal.ts";
import { loadInto, quantisedOf, readWeightsFile } from "../weights-file.ts";

/** The tensor named `input` of a safetensors file. */
function readInput(path: string): Tensor<Float32Array> {
  const { tensors } = parseSafetensors(readBytes(path));
  const input = tensors.get("input");
  if (input === undefined) throw new Error(`${path} has no tensor named "input" (it has ${[...tensors.keys()].join(", ") || "none"})`);
  const at = input.data.findIndex((value: number) => !Number.isFinite(value));
  if (at >= 0) throw new Error(`${path}: input wants finite numbers, element ${at} is ${input.data[at]}`);
  return input.toFloat32();
}

/** The tensors that go into a network, by its inputs' names: those of the file, or its only one for the only input. */
function tensorsFor(path: string, names: readonly string[]): Record<string, Tensor<Float32Array>> {
  const { tensors } = parseSafetensors(readBytes(path));
  const [[only] = []] = tensors;
  return Object.fromEntries(names.map((name) => {
    const found = tensors.get(name) ?? (names.length === 1 ? (tensors.get("input") ?? (
      tensors.size === 1 ? tensors.get(only!) : undefined
    )) : undefined);
    if (found === undefined) throw new Error(`${path} has no tensor named "${name}" (it has ${[...tensors.keys()].join(", ") || "none"})`);
    return [name, found.toFloat32()];
  }));
}

async function runOnnx(args: Arguments, path: string): Promise<void> {
  const [from, to] = [args.required("input"), args.required("output")];
  const network = openOnnx(path, args.text("weights"));
  const x = tensorsFor(from, network.inputs.map(({ name }) => name));
  const session = await onnxSession(
    args, network, engineFromArguments(args), Object.fromEntries(Object.entries(x).map(([name, { shape }]) => [name, shape])),
  );
  sayNotes(path, network);
  const outputs = session.run(x);
  writeBytes(to, writeSafetensors(Object.entries(outputs)));
  const show = (tensors: Readonly<Record<string, Tensor>>): string => Object.entries(tensors).map(
    ([name, { shape }]) => `${name} ${showShape(shape)}`
  ).join(", ");
  print(`${path}: input ${show(x)}; output ${show(outputs)} written to ${to} (${session.kernels})`);
  session.close();
}

export const run: Command = {
  name: "run",
  usage: "MODEL|MODEL.onnx --input I.safetensors --output O.safetensors [--weights W.safetensors] [options]",
  help: "runs a model on the tensor `input` of one file and writes the tensor `output` to another",
  options: {
    weights: adding(options.weights, ", with the names of timm, torchvision or Cadene; an ONNX file has its own"),
    part: options.part,
    input: {
      value: "FILE", help: "safetensors with a tensor named input, [N,C,H,W]; for ONNX one tensor, or tensors by the inputs' names",
    },
    output: { value: "FILE", help: "safetensors to write, with a tensor named output; for ONNX under the graph's names" },
    "model-options": options.modelOptions,
    partial: { help: "load the tensors that fit and leave the rest at their starting values" },
    ...engineOptions,
  },
  positionals: { least: 1, most: 1 },
  async run(args) {
    const [name] = args.positionals;
    if (isOnnx(name)) return runOnnx(args, name);
    const paths = { weights: args.required("weights"), input: args.required("input"), output: args.required("output") };
    const partial = args.flag("partial");
    for (const name of ["weights", "input"] as const) {
      if (sameFile(paths.output, paths[name])) {
        throw new UsageError(`senet run: --output wants another file than --${name}, got "${paths.output}"`);
      }
    }
    const model = modelFromArguments(args, name, partial ? 0 : null);
    const engine = engineFromArguments(args);
    const input = readInput(paths.input);
    model.outputShape(input.shape);
    const part = args.text("part");
    const file = readWeightsFile(paths.weights);
    const quantised = isQuantised(file) ? quantisedOf(model, file, paths.weights) : undefined;
    if (quantised === undefined) {
      const report = loadInto(model, file, paths.weights, { partial, ...(part === undefined ? {} : { part }) });
      if (partial) remark(`loaded in part: ${describeReport(report) || "everything fitted"}`);
    } else if (partial) {
      throw new UsageError(`senet run: --partial is for weights of float32, ${paths.weights} is a quantised network`);
    }
    const { run: forward, kernels, close } = await inference(quantised ?? model, engine, input.shape);
    const output = forward(input);
    close();
    writeBytes(paths.output, writeSafetensors([["output", output]]));
    print(`${name}: input ${showShape(input.shape)}, output ${showShape(output.shape)} written to ${paths.output} (${kernels})`);
  },
};
