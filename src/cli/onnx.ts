/** ONNX files on the command line: read with what lies beside them, and given the shapes that they leave open. */
import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Shapes } from "../graph/network.ts";
import { externalLocations, importOnnx } from "../io/onnx/import.ts";
import type { OnnxNetwork } from "../io/onnx/import.ts";
import { numbersOf } from "../io/weights/stored.ts";
import { compile } from "../session/session.ts";
import { showShape } from "../tensor.ts";
import type { Shape } from "../tensor.ts";
import { UsageError } from "./command.ts";
import type { Arguments } from "./command.ts";
import type { EngineChoice } from "./engine.ts";
import { readBytes } from "./files.ts";
import { remark } from "./terminal.ts";
import { readWeightsFile } from "./weights-file.ts";

/** Is it a network in a file, to be read as ONNX? Files of other programs are, too: the reader says what to do with them. */
export function isOnnx(name: string | undefined): boolean {
  return name !== undefined && /\.(onnx|ort|tflite|h5|hdf5|keras)$|(^|[\\/])model\.json$/i.test(name);
}

function isBelow(path: string, folder: string): boolean {
  const above = dirname(path);
  return above === folder || (above !== path && isBelow(above, folder));
}

/**
 * The file that holds weights of a model: beside it or below, nowhere else, also by way of links. It may have been renamed with the model.
 */
function besideModel(model: string, location: string, alone: boolean): string {
  const folder = dirname(model);
  const renamed = alone ? [`${basename(model)}.data`, `${basename(model)}_data`, `${basename(model).replace(/\.onnx$/i, "")}.data`] : [];
  const found = [location, ...renamed].map((name) => join(folder, name)).find((path) => existsSync(path));
  if (found === undefined) {
    throw new Error(`${model}: its weights lie in ${location}, which is not beside it: put both files into one folder`);
  }
  if (!isBelow(realpathSync(found), realpathSync(folder))) {
    throw new Error(`${model}: its weights lie in ${location}, a link out of the model's folder: copy the file there`);
  }
  return found;
}

/** @param weights safetensors with weights of the same network, such as a training session left */
export function openOnnx(path: string, weights?: string): OnnxNetwork {
  const bytes = readBytes(path);
  const locations = externalLocations(bytes);
  const external = Object.fromEntries(
    locations.map((location) => [location, readBytes(besideModel(path, location, locations.length === 1))]),
  );
  const network = importOnnx(bytes, { external });
  if (weights !== undefined) {
    const { tensors } = readWeightsFile(weights);
    // Floats: counters of batches are of no interest.
    const floats = [...tensors].filter(([, { dtype }]) => /^B?F\d+$/.test(dtype));
    network.loadState(new Map(floats.map(([name, stored]) => [name, numbersOf(name, stored)])));
  }
  return network;
}

/** Says what a file has that is not done. */
export function sayNotes(path: string, { notes }: OnnxNetwork): void {
  for (const note of notes) remark(`${basename(path)}: ${note}`);
}

const usualSize = 224;

/**
 * `--input 1,3,224,224`, or `--input "image=1,3,224,224;mask=1,1,224,224"` for several inputs; else what the file says, one image. Where
 * sizes are free they are those that a preset says, else 224x224.
 */
export function onnxShapes(
  args: Arguments, { inputs }: OnnxNetwork, batch: number = 1, preset: readonly [number, number] | undefined = undefined,
): Shapes {
  const given = args.text("input");
  const command = `senet ${args.command.name}`;
  const sizes = (text: string): Shape => {
    const shape = text.split(/[,x]/).map(Number);
    if (!shape.every((n) => Number.isSafeInteger(n) && n >= 1)) {
      throw new UsageError(`${command}: --input wants whole numbers as 1,3,224,224, got "${text}"`);
    }
    return shape;
  };
  if (given !== undefined) {
    const parts = given.split(";").map(
      (part) => (
        part.includes("=") ? [part.slice(0, part.lastIndexOf("=")), part.slice(part.lastIndexOf("=") + 1)] : [inputs[0].name, part]
      ),
    );
    return Object.fromEntries(parts.map(([name, text]) => [name, sizes(text)]));
  }
  return Object.fromEntries(inputs.map(({ name, shape }) => {
    if (shape === undefined) throw new UsageError(`${command}: --input SHAPE is wanted: the file does not say the shape of ${name}`);
    const image = shape.length === 4 && typeof shape[1] === "number";
    const free = shape.some((size, i) => typeof size === "string" && i > 0);
    if (free && !image) throw new UsageError(`${command}: --input SHAPE is wanted: ${name} is ${showShape(shape as Shape)}`);
    // Height and width are the last two, or of TensorFlow's images the ones before the channels.
    const first = typeof shape[1] === "number" && shape[1] <= 4 ? 2 : 1;
    const [height, width] = preset ?? [usualSize, usualSize];
    if (free && preset === undefined) {
      remark(`${name} is ${showShape(shape as Shape)}: ${usualSize}x${usualSize} is taken; --input SHAPE takes another`);
    }
    return [name, shape.map((size, i) => (typeof size === "number" ? size : i === 0 ? batch : i === first ? height : width))];
  }));
}

/** A session of the file. @throws UsageError for the eager engine, which runs models only */
export function onnxSession(
  args: Arguments, network: OnnxNetwork, { engine, kernels, numerics = "exact", threads }: EngineChoice, input: Shapes,
): ReturnType<typeof compile> {
  if (engine === "eager" || kernels === "reference") {
    throw new UsageError(`senet ${args.command.name}: an ONNX file runs in a session; the eager engine has models only`);
  }
  return compile(network, { input, numerics, kernels, ...(threads === undefined ? {} : { threads }) });
}
