/** senet convert: weights of every format to safetensors, in other precisions too, and networks to ONNX. */
import { usualInput } from "../../../models/index.ts";
import { below, some } from "../../io/weights/fit.ts";
import { writeSafetensors } from "../../io/weights/safetensors.ts";
import { widthOf } from "../../io/weights/stored.ts";
import type { StoredTensor, WeightsFile } from "../../io/weights/stored.ts";
import { keepsBatch, writeOnnx } from "../../io/onnx/write.ts";
import { lower } from "../../nn/lower.ts";
import { showShape, sizeOf } from "../../tensor.ts";
import { isQuantised } from "../../quantise/file.ts";
import { saveWeights, weightsDescription } from "../../weights/weights.ts";
import { UsageError } from "../command.ts";
import type { Arguments, Command } from "../command.ts";
import { isOnnx, onnxShapes, openOnnx, sayNotes } from "../onnx.ts";
import { readBytes, sameFile, writeBytes } from "../files.ts";
import { inputShape, loadNetwork } from "../network.ts";
import { adding, options } from "../options.ts";
import { counted, note, print, thousands } from "../terminal.ts";
import { checkQuantising, quantisingOptions, toQuantised } from "../quantising.ts";
import { dictionaryOf, readWeightsFile } from "../weights-file.ts";

const dtypes = ["f16", "f32", "same"] as const;

function toOnnx(args: Arguments, from: string, to: string): void {
  const network = loadNetwork(args, args.text("model"), from);
  const { size, channels } = network.preprocessing;
  const usual = network.described ? [1, channels === "gray" ? 1 : 3, ...size] : usualInput(network.model);
  const input = inputShape(args, usual);
  const fixedBatch = input[0] !== 1 || args.flag("fixed-batch");
  const { model, quantised } = network;
  const graph = quantised === undefined ? lower(model, input) : quantised.lower({ [quantised.inputs[0].name]: input });
  const bytes = writeOnnx(graph, { name: model.identity?.model ?? "senet", fixedBatch });
  writeBytes(to, bytes);
  print(
    `${to}: ${network.title}${quantised === undefined ? "" : ", int8 (QDQ)"}, input ${showShape(input)}` +
    `${fixedBatch ? ", this batch alone" : ""}, opset 17, ${thousands(bytes.length)} bytes`,
  );
}

/** The model's names, and a file that says which model it is. */
function toDescribed(args: Arguments, from: string, to: string, dtype: (typeof dtypes)[number]): void {
  const network = loadNetwork(args, args.text("model"), from);
  const prepared = network.described || args.text("preset") !== undefined;
  const bytes = saveWeights(network.model, {
    dtype: dtype === "f16" ? "F16" : "F32",
    ...(network.classes === undefined ? {} : { classes: network.classes }), ...(prepared ? { preprocessing: network.preprocessing } : {}),
  });
  writeBytes(to, bytes);
  print(`${to}: ${network.title}, described, in ${dtype === "f16" ? "f16" : "f32"}, ${thousands(bytes.length)} bytes`);
}

/** The file's own names and numbers. */
function toPlain(args: Arguments, from: string, to: string, file: WeightsFile, dtype: (typeof dtypes)[number]): void {
  const part = args.text("part") ?? dictionaryOf(file);
  const tensors = part === "" ? file.tensors : (below(file.tensors, `${part}.`) as Map<string, StoredTensor>);
  if (tensors.size === 0) {
    throw new UsageError(
      `${from} has no part "${part}"; it has ${some(new Set(Array.from(file.tensors.keys(), (name) => name.split(".", 1)[0])))}`
    );
  }
  if (part !== "") {
    note(`${from}: taken are the ${counted(tensors.size, "tensor")} of "${part}", of ${file.tensors.size} (--part takes others)`);
  }
  for (const [name, what] of file.unreadable) if (name.startsWith(part)) note(`${from}: left out ${some([name])}, ${what}`);
  // Views of one storage by stride 0 may be larger than the file.
  let size = 0;
  for (const { dtype: stored, shape } of tensors.values()) size += sizeOf(shape) * (widthOf(stored) ?? 1);
  if (size > 1e9 + 8 * readBytes(from).length) {
    throw new Error(`${from}: its tensors would be ${thousands(size)} bytes, far more than the file: it is damaged`);
  }
  const bytes = writeSafetensors(
    tensors, { metadata: file.metadata, ...(dtype === "same" ? {} : { dtype: dtype === "f16" ? "F16" : "F32" }) },
  );
  writeBytes(to, bytes);
  const precision = dtype === "same" ? "their own precision" : dtype;
  print(`${to}: ${counted(tensors.size, "tensor")} in ${precision}, ${thousands(bytes.length)} bytes`);
}

/** Weights of an ONNX file by their names in it; or the graph, as senet has it, with any batch where it does not depend on one. */
function convertOnnx(args: Arguments, from: string, to: string): void {
  const network = openOnnx(from, args.text("weights"));
  const shapes = onnxShapes(args, network);
  const graph = network.lower(shapes);
  sayNotes(from, network);
  if (/\.onnx$/i.test(to)) {
    const free = network.inputs.every(({ shape }) => shape !== undefined && typeof shape[0] === "string");
    const fixedBatch = !free || !keepsBatch(network.lower(Object.fromEntries(Object.entries(shapes).map(
      ([name, [, ...rest]]) => [name, [3, ...rest]]
    ))));
    const bytes = writeOnnx(graph, { name: network.title, outputs: network.outputs, fixedBatch, metadata: network.metadata });
    writeBytes(to, bytes);
    const shown = Object.entries(shapes).map(([name, shape]) => `${name} ${showShape(shape)}`).join(", ");
    print(
      `${to}: ${counted(graph.nodes.length, "operation")}, input ${shown}${fixedBatch ? "" : ", any batch"}, opset 17, ` +
        `${thousands(bytes.length)} bytes`
    );
    return;
  }
  if (!to.endsWith(".safetensors")) throw new UsageError(`senet convert: OUT wants to end in .safetensors or .onnx, got "${to}"`);
  const dtype = args.choice("dtype", ["f16", "f32"], "f16");
  const state = network.state();
  const bytes = writeSafetensors(state, { dtype: dtype === "f16" ? "F16" : "F32" });
  writeBytes(to, bytes);
  print(`${to}: ${counted(state.size, "tensor")} in ${dtype}, ${thousands(bytes.length)} bytes`);
}

export const convert: Command = {
  name: "convert",
  usage: "IN OUT.safetensors|OUT.onnx [options]",
  help: "weights (safetensors, or what torch.save wrote) to safetensors in half, single or their own precision, a network with " +
    "its weights to ONNX, " +
    "or an ONNX file to its weights or to what senet made of it; a network of bytes to ONNX with QuantizeLinear and DequantizeLinear\n" +
    "With --model the result has that model's names and says which model it is, with --classes and --preset also what its " +
    "classes and pictures are.",
  options: {
    model: options.model,
    "model-options": options.modelOptions,
    part: options.part,
    input: adding(options.input, ", for ONNX; a batch of 1 stays open, another one is fixed"),
    "fixed-batch": { help: "for ONNX: fixes a batch of 1 too" },
    weights: adding(options.weights, ": instead of an ONNX file's own weights"),
    dtype: { value: "TYPE", help: "for safetensors: f32, f16 or same (default f16; same for files of PyTorch)" },
    classes: adding(options.classes, ", to write into the file; with --model"),
    preset: adding(options.preset, ", to write into the file; with --model"),
    ...quantisingOptions,
  },
  positionals: { least: 2, most: 2 },
  async run(args) {
    const [from, to] = args.positionals;
    if (sameFile(from, to)) throw new UsageError(`senet convert: OUT wants another file than IN, got "${to}"`);
    if (args.flag("int8")) return toQuantised(args, from, to);
    checkQuantising(args);
    // Files of other programs may hold weights alone, as Keras's do: what reads weights says what to do.
    const network = /\.onnx$/i.test(from) || (to.endsWith(".onnx") && !/\.(h5|hdf5|keras)$/i.test(from));
    if (isOnnx(from) && network) return convertOnnx(args, from, to);
    args.refuse("ONNX files", "weights");
    if (to.endsWith(".onnx")) return toOnnx(args, from, to);
    args.refuse("ONNX", "input", "fixed-batch");
    if (!to.endsWith(".safetensors")) throw new UsageError(`senet convert: OUT wants to end in .safetensors or .onnx, got "${to}"`);
    const file = readWeightsFile(from);
    if (isQuantised(file)) throw new UsageError(`senet convert: ${from} is a quantised network: it becomes OUT.onnx, and nothing else`);
    const dtype = args.choice("dtype", dtypes, "value" in file ? "same" : "f16");
    const described = args.text("model") !== undefined || args.text("classes") !== undefined || args.text("preset") !== undefined;
    // A training run's checkpoint holds more than weights: what it would have written at its end is taken.
    if (described || (Object.hasOwn(file.metadata, "senet.training") && weightsDescription(file) !== undefined)) {
      return toDescribed(args, from, to, dtype);
    }
    args.refuse("networks, which --model names", "model-options");
    toPlain(args, from, to, file, dtype);
  },
};
