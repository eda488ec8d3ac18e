/** An ONNX file that says what is in pictures: how they are prepared for it, and how its answer is read. */
import { imagenet } from "../io/images/presets.ts";
import type { Preprocessing } from "../io/images/preprocess.ts";
import type { OnnxNetwork } from "../io/onnx/import.ts";
import { softmax } from "../nn/softmax.ts";
import type { Session } from "../session/session.ts";
import { Tensor, showShape, sizeOf } from "../tensor.ts";
import type { Shape } from "../tensor.ts";
import { readClassNames } from "./class-names.ts";
import { UsageError } from "./command.ts";
import type { Arguments } from "./command.ts";
import { engineFromArguments } from "./engine.ts";
import { chosenPreset } from "./network.ts";
import { onnxSession, onnxShapes, openOnnx, sayNotes } from "./onnx.ts";
import { counted, remark } from "./terminal.ts";

/** A network that says what is in pictures. */
export interface Answering {
  /** For people. */
  readonly title: string;
  readonly preprocessing: Preprocessing;
  /** Of all classes, for one picture [1,C,H,W]. */
  probabilities(x: Tensor<Float32Array>): Promise<Tensor<Float32Array>>;
  close(): void;
}

/** [1,C,H,W] as [1,H,W,C], for networks of TensorFlow. */
function channelsLast(x: Tensor<Float32Array>): Tensor<Float32Array> {
  const [n, c, h, w] = x.shape;
  const pixels = h * w;
  return new Tensor(x.data.map((_, i) => x.data[(i % c) * pixels + Math.floor(i / c)]), [n, h, w, c]);
}

/** The answer as probabilities: as it is where it adds up to one already, else its softmax. */
export function probabilities(y: Tensor<Float32Array>): Tensor<Float32Array> {
  const flat = y.reshape([1, y.size]);
  const sum = y.data.reduce((total: number, p: number) => total + p, 0);
  return Math.abs(sum - 1) < 1e-3 && y.data.every((p: number) => p >= 0) ? flat : softmax(flat);
}

/** The preprocessing at the size that the network takes. */
function preparation(args: Arguments, [, a, b, c]: Shape, last: boolean): Preprocessing {
  const [channels, height, width] = last ? [c, a, b] : [a, b, c];
  const chosen = chosenPreset(args);
  if (chosen === undefined) {
    remark(`prepared as for ImageNet (mean, deviation, RGB), at ${height}x${width}: the file does not say how; --preset NAME says it`);
  }
  const base = chosen ?? { ...imagenet, resize: Math.floor((Math.min(height, width) * 256) / 224) };
  const gray = channels === 1 && base.channels !== "gray";
  return { ...base, ...(gray ? { channels: "gray" as const, mean: [0.5], std: [0.5] } : {}), size: [height, width] };
}

async function classNames(args: Arguments, path: string, classes: number): Promise<readonly string[] | undefined> {
  const file = args.text("classes");
  if (file === undefined && classes !== 1000) return undefined;
  const named = file === undefined || file === "imagenet"
    ? (await import("../../models/imagenet-classes.ts")).imagenetClasses
    : readClassNames(file);
  if (file === undefined) remark(`${path} names no classes: the names are ImageNet's (--classes FILE gives others)`);
  if (named.length !== classes) {
    throw new RangeError(
      `${file}: ${counted(named.length, "name")}, the network has ${counted(classes, "class", "classes")}`,
    );
  }
  return named;
}

/** An ONNX file that takes one picture: what it is given, and how. */
export interface PictureNetwork {
  readonly network: OnnxNetwork;
  /** The input's name, and its shape for one picture. */
  readonly input: string;
  readonly shape: Shape;
  readonly preprocessing: Preprocessing;
  /** Of its classes, where there are some: those of `--classes`, or ImageNet's for 1,000 classes. */
  readonly names: readonly string[] | undefined;
  /** From [1,C,H,W] to what the input wants. */
  readonly arranged: (x: Tensor<Float32Array>) => Tensor<Float32Array>;
}

/** @throws UsageError for a network that takes no picture */
export async function pictureNetwork(args: Arguments, path: string): Promise<PictureNetwork> {
  const network: OnnxNetwork = openOnnx(path, args.text("weights"));
  const shapes = onnxShapes(args, network, 1, chosenPreset(args)?.size);
  const [[name, shape], ...more] = Object.entries(shapes);
  const last = shape[3] <= 4 && shape[1] > 4;
  if (more.length > 0 || shape.length !== 4 || ![1, 3].includes(last ? shape[3] : shape[1])) {
    const inputs = Object.entries(shapes).map(([input, each]) => `${input} ${showShape(each)}`).join(", ");
    throw new UsageError(`senet ${args.command.name}: ${path} wants ${inputs}, which is no picture; senet run gives it tensors`);
  }
  const one = [1, ...shape.slice(1)];
  const [output] = network.lower({ [name]: one }).outputs;
  sayNotes(path, network);
  return {
    network, input: name, shape: one, preprocessing: preparation(args, shape, last),
    names: await classNames(args, path, sizeOf(output.shape)),
    arranged: last ? channelsLast : (x) => x };
}

/** @returns the network, and names of its classes where there are some: those of `--classes`, or ImageNet's for 1,000 classes */
export async function onnxClassifier(
  args: Arguments, path: string,
): Promise<{ readonly network: Answering; readonly names: readonly string[] | undefined }> {
  const { network, input, shape, preprocessing, names, arranged } = await pictureNetwork(args, path);
  const session: Session = await onnxSession(args, network, engineFromArguments(args), { [input]: shape });
  return {
    names,
    network: {
      title: path, preprocessing,
      probabilities: async (x) => probabilities(session.run({ [input]: arranged(x) })[network.outputs[0]]),
      close: () => session.close(),
    },
  };
}
