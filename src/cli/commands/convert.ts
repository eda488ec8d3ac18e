/** senet convert: weights in other precisions, and ONNX. */
import { usualInput } from "../../../models/index.ts";
import { parseSafetensors, writeSafetensors } from "../../io/weights/safetensors.ts";
import { keepsBatch, writeOnnx } from "../../io/onnx/write.ts";
import { lower } from "../../nn/lower.ts";
import { showShape } from "../../tensor.ts";
import { UsageError } from "../command.ts";
import type { Arguments, Command } from "../command.ts";
import { isOnnx, onnxShapes, openOnnx, sayNotes } from "../onnx.ts";
import { readBytes, sameFile, writeBytes } from "../files.ts";
import { inputShape, loadNetwork, modelOptionsHelp } from "../network.ts";
import { print, thousands } from "../terminal.ts";

/** Weights of an ONNX file by their names in it; or the graph, as senet has it, with any batch where it does not depend on one. */
function convertOnnx(args: Arguments, from: string, to: string): void {
  const network = openOnnx(from, args.text("weights"));
  const shapes = onnxShapes(args, network);
  const graph = network.lower(shapes);
  sayNotes(from, network);
  if (isOnnx(to)) {
    const free = network.inputs.every(({ shape }) => shape !== undefined && typeof shape[0] === "string");
    const fixedBatch = !free || !keepsBatch(network.lower(Object.fromEntries(Object.entries(shapes).map(([name, [, ...rest]]) => [name, [3, ...rest]]))));
    const bytes = writeOnnx(graph, { name: network.title, outputs: network.outputs, fixedBatch, metadata: network.metadata });
    writeBytes(to, bytes);
    const shown = Object.entries(shapes).map(([name, shape]) => `${name} ${showShape(shape)}`).join(", ");
    print(`${to}: ${graph.nodes.length} operations, input ${shown}${fixedBatch ? "" : ", any batch"}, opset 17, ${thousands(bytes.length)} bytes`);
    return;
  }
  if (!to.endsWith(".safetensors")) throw new UsageError(`senet convert: OUT wants to end in .safetensors or .onnx, got "${to}"`);
  const dtype = args.choice("dtype", ["f16", "f32"], "f16");
  const state = network.state();
  const bytes = writeSafetensors(state, { dtype: dtype === "f16" ? "F16" : "F32" });
  writeBytes(to, bytes);
  print(`${to}: ${state.size} tensors in ${dtype}, ${thousands(bytes.length)} bytes`);
}

export const convert: Command = {
  name: "convert",
  usage: "IN.safetensors|IN.onnx OUT.safetensors|OUT.onnx [options]",
  help: "weights to half or single precision, a network with its weights to ONNX, or an ONNX file to its weights or to what senet made of it",
  options: {
    model: { value: "M", help: "for ONNX: the model, where the weights do not say it" },
    "model-options": modelOptionsHelp,
    input: { value: "SHAPE", help: "for ONNX: batch, channels, height, width; the batch stays open" },
    weights: { value: "FILE", help: "of an ONNX file: safetensors that take the place of its own weights" },
    dtype: { value: "TYPE", help: "for safetensors: f32 or f16 (default f16)" },
  },
  positionals: { least: 2, most: 2 },
  run(args) {
    const [from, to] = args.positionals;
    if (sameFile(from, to)) throw new UsageError(`senet convert: OUT wants another file than IN, got "${to}"`);
    if (isOnnx(from)) return convertOnnx(args, from, to);
    if (to.endsWith(".onnx")) {
      const network = loadNetwork(args, args.text("model"), from);
      const { size, channels } = network.preprocessing;
      const usual = network.described ? [1, channels === "gray" ? 1 : 3, ...size] : usualInput(network.model);
      const input = inputShape(args, usual);
      const bytes = writeOnnx(lower(network.model, input), { name: network.model.identity?.model ?? "senet" });
      writeBytes(to, bytes);
      print(`${to}: ${network.title}, input ${showShape(input)}, opset 17, ${thousands(bytes.length)} bytes`);
      return;
    }
    if (!to.endsWith(".safetensors")) throw new UsageError(`senet convert: OUT wants to end in .safetensors or .onnx, got "${to}"`);
    const dtype = args.choice("dtype", ["f16", "f32"], "f16");
    const { tensors, metadata } = parseSafetensors(readBytes(from), { share: true });
    const bytes = writeSafetensors(tensors, { metadata, dtype: dtype === "f16" ? "F16" : "F32" });
    writeBytes(to, bytes);
    print(`${to}: ${tensors.size} tensors in ${dtype}, ${thousands(bytes.length)} bytes`);
  },
};
