/** Files: pictures, weights, IDX, ONNX. */
import * as senet from "../../src/index.ts";
import { parseIdx } from "../../src/io/idx.ts";
import { decodePnm, encodePgm, encodePpm, isPnm } from "../../src/io/images/pnm.ts";
import { isPng } from "../../src/io/images/png.ts";
import { cropStart, levelTables, levelsOf, resizedSize } from "../../src/io/images/preprocess.ts";
import { imagenet, square } from "../../src/io/images/presets.ts";
import { resize } from "../../src/io/images/resize.ts";
import { readSafetensors } from "../../src/io/weights/safetensors.ts";
import { loadWeights as leanWeights } from "../../src/weights/lean.ts";
import { loadWeights as plainWeights } from "../../src/weights/weights.ts";
import * as leanOnnx from "../../src/io/onnx/lean.ts";
import { keepsBatch } from "../../src/io/onnx/write.ts";
import { tinyModel } from "../train/tiny.ts";
import { fileBytes } from "../support/files.ts";
import { callable } from "./entry.ts";
import type { Entry } from "./entry.ts";
import { argument, kinds, maybe, options } from "./wrong.ts";
import type { Argument, Kind } from "./wrong.ts";

const { strict, flag, positive, large, text } = kinds;
const picture = (): { data: Uint8Array; width: number; height: number } => ({ data: new Uint8Array(16), width: 2, height: 2 });
const png = await senet.encodePng(picture());
const ppm = encodePpm(picture());
const jpeg = fileBytes("fixtures/photos/cone/03.jpg");
const idx = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 5, 6);
const model = tinyModel();
const weights = senet.saveWeights(model);
const onnx = (): Uint8Array => senet.writeOnnx(senet.lower(new senet.ReLU(), [1, 1, 2, 2]));
const graph = (): senet.Graph => senet.lower(tinyModel(), [1, 1, 12, 12]);

/** Any view is bytes; whose are no such file, which says what the file wants. */
const bytes = (good: () => unknown): Argument => argument(/bytes|file|source|header/, ["Float64Array"], good);
const decoding: Readonly<Record<string, Kind>> = { maxPixels: [...positive, "Infinity"], tolerant: flag, applyOrientation: flag };
const preprocessing: Readonly<Record<string, Kind>> = {
  size: strict,
  resize: ["undefined"],
  interpolation: strict,
  order: strict,
  channels: strict,
  range: strict,
  mean: strict,
  std: strict,
};
const prepared = { ...imagenet, size: [4, 4], resize: 5 };
const writing: Readonly<Record<string, Kind>> = { metadata: kinds.object, dtype: strict, batchesTracked: large, checksum: flag };

export const files: readonly Entry[] = [
  callable("decodeImage", senet.decodeImage, [bytes(() => png), options(decoding)]),
  callable("decodeImageSync", senet.decodeImageSync, [bytes(() => png), options(decoding)]),
  callable("decodePng", senet.decodePng, [bytes(() => png), options(decoding)]),
  callable("decodePngSync", senet.decodePngSync, [bytes(() => png), options(decoding)]),
  callable("decodeJpeg", senet.decodeJpeg, [bytes(() => jpeg), options(decoding)]),
  callable("decodePnm", decodePnm, [bytes(() => ppm), options(decoding)]),
  callable("encodePng", senet.encodePng, [argument("image", strict, picture)]),
  callable("encodePpm", encodePpm, [argument("image", strict, picture)]),
  callable("encodePgm", encodePgm, [argument("image", strict, picture)]),
  callable("isPng", isPng, [bytes(() => png)]),
  callable("isPnm", isPnm, [bytes(() => ppm)]),
  callable("parseIdx", parseIdx, [bytes(() => idx)]),
  callable("readIdx", senet.readIdx, [bytes(() => idx)]),
  callable("preprocess", senet.preprocess, [argument("image", strict, picture), options(preprocessing, prepared, /preprocessing|option/)]),
  callable("levelsOf", levelsOf, [
    argument("image", strict, picture),
    options(
      { size: strict, resize: strict, interpolation: strict, order: strict, channels: strict },
      {
        size: [4, 4],
        interpolation: "bilinear",
        channels: "rgb",
      },
      /geometry|option|preprocessing/,
    ),
  ]),
  callable("levelTables", levelTables, [
    argument("channels", strict, () => 1),
    argument("range", strict, () => 1),
    argument("mean", ["Float64Array"], () => [0.5]),
    argument("std", strict, () => [0.5]),
  ]),
  callable("resizedSize", resizedSize, [
    argument("height", large, () => 5),
    argument("width", large, () => 5),
    argument(/resize|to/, maybe(large), () => 5),
  ]),
  callable("cropStart", cropStart, [argument("size", large, () => 5), argument("wanted", large, () => 5)]),
  callable("square", square, [
    argument("base", [...kinds.object, "tensor"], () => imagenet),
    argument("size", strict, () => 5),
    argument("resize", strict, () => 5),
  ]),
  callable("resize", resize, [
    argument("source", strict, () => new Uint8Array(12)),
    argument(/channels|bytes/, strict, () => 3),
    argument(/height|pixels/i, strict, () => 2),
    argument(/width|pixels/i, strict, () => 2),
    argument("outHeight", strict, () => 3),
    argument("outWidth", strict, () => 3),
    argument("interpolation", strict, () => "bilinear"),
    argument("window", maybe(strict), () => undefined),
    argument("order", maybe(strict), () => "across"),
  ]),
  callable("openNetwork", senet.openNetwork, [
    bytes(() => weights),
    options({ model: strict, modelOptions: kinds.object, classes: strict, preprocessing: strict, part: text }),
  ]),
  ...[senet.loadWeights, plainWeights].map((of) =>
    callable("loadWeights", of, [
      argument("model", strict, () => tinyModel()),
      bytes(() => weights),
      options({ partial: flag, part: text }),
    ]),
  ),
  callable("weights/lean loadWeights", leanWeights, [argument("model", strict, () => tinyModel()), bytes(() => weights)]),
  callable("saveWeights", senet.saveWeights, [
    argument("model", strict, () => model),
    options({ dtype: strict, classes: strict, preprocessing: strict }),
  ]),
  callable("weightsDescription", senet.weightsDescription, [argument(/file|metadata/, strict, () => ({ metadata: {} }))]),
  callable("readWeights", senet.readWeights, [bytes(() => weights), options({ memory: positive })]),
  callable("readSafetensors", readSafetensors, [bytes(() => weights)]),
  callable("parseSafetensors", senet.parseSafetensors, [bytes(() => weights), options({ share: flag })]),
  callable("writeSafetensors", senet.writeSafetensors, [argument("tensors", kinds.list, () => senet.stateDict(model)), options(writing)]),
  callable("numbersOf", senet.numbersOf, [
    argument("name", text, () => "x"),
    argument(/stored|tensor/, strict, () => senet.readWeights(weights).tensors.values().next().value),
    argument("share", maybe(flag), () => true),
  ]),
  callable("importOnnx", senet.importOnnx, [bytes(onnx)]),
  callable("importOnnx of senet/io/onnx/lean", leanOnnx.importOnnx, [bytes(onnx)]),
  callable("writeOnnx", senet.writeOnnx, [
    argument("graph", strict, graph),
    options({ name: text, output: text, outputs: strict, fixedBatch: flag, metadata: kinds.object }),
  ]),
  callable("keepsBatch", keepsBatch, [argument("graph", strict, graph)]),
  callable("gatesOf", senet.gatesOf, [argument("graph", strict, graph)]),
  callable("fixedNetwork", senet.fixedNetwork, [argument("graph", strict, graph), argument("title", maybe(text), () => "title")]),
  callable("freeNetwork", senet.freeNetwork, [argument("network", strict, () => senet.importOnnx(onnx()))]),
];
