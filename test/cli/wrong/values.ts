/** Calls of every command with every option and values of wrong kinds: what they are, and where they are none. */
import { mkdirSync, writeFileSync } from "node:fs";
import { Random } from "../../../kernels/random.ts";
import { createModel, presets } from "../../../models/index.ts";
import type { Preprocessing } from "../../../src/io/images/preprocess.ts";
import { encodePng } from "../../../src/io/images/png-encode.ts";
import { writeSafetensors } from "../../../src/io/weights/safetensors.ts";
import { saveWeights } from "../../../src/weights/weights.ts";
import { draw } from "../../support/random.ts";

/** Values of wrong kinds, as they stand on a command line; undefined: the option ends it, without one. */
export const wrong: Readonly<Record<string, string | undefined>> = {
  missing: undefined, empty: "", blank: " ", "no number": "NaN", negative: "-1", infinite: "1e999", huge: "1e15", fraction: "0.3000001",
  control: "\u001b[2J\n\u0007", folder: "folder", "missing file": "none/none.safetensors", "no file of its kind": "picture.png", list: ",,",
  word: "constructor",
};

/** Names of files that are written, which may be almost anything. */
const anyName = [
  "blank", "no number", "negative", "infinite", "huge", "fraction", "control", "missing file", "no file of its kind", "list", "word",
];

/** By option, the kinds of value that are right for it: the call would do its work. */
export const right: Readonly<Record<string, readonly string[]>> = {
  out: anyName, output: anyName, report: anyName, svg: [...anyName, "folder"],
  "bundle.name": ["word", "folder"], "bundle.data": anyName,
  // As many as there are.
  top: ["huge"], threads: ["huge"], images: ["huge"], batch: ["huge"], cache: ["huge"],
  // For as long as was asked for.
  runs: ["huge"], epochs: ["huge"],
  seed: ["huge", "negative"], lr: ["huge", "fraction"], "weight-decay": ["huge", "fraction"], "restart-factor": ["huge"],
  momentum: ["fraction"], smoothing: ["fraction"], warmup: ["fraction"], validation: ["fraction"],
};

/** A call of each command that does its work in no time, in a folder with the files of `prepare`. */
export const calls: Readonly<Record<string, readonly string[]>> = {
  bundle: ["weights.safetensors", "--out", "made.js", "--input", "1,3,16,16"],
  bench: ["se_resnet8", "--input", "1,3,8,8", "--runs", "1", "--engine", "eager", "--model-options", '{"width":4,"reduction":4}'],
  classify: ["picture.png", "--weights", "weights.safetensors", "--engine", "eager"],
  compile: ["--weights", "weights.safetensors", "--input", "1,3,16,16", "--out", "made.wasm"],
  explain: ["picture.png", "--weights", "weights.safetensors", "--out", "made.html"],
  gates: ["--data", "photos", "--weights", "weights.safetensors", "--out", "made.html"],
  convert: ["weights.safetensors", "made.safetensors"],
  eval: ["--data", "photos", "--weights", "weights.safetensors", "--engine", "eager"],
  report: ["log.jsonl", "--out", "made.html"],
  worker: ["--out", "made-worker.js"],
  run: [
    "se_resnet8", "--model-options", '{"width":4,"reduction":4,"classes":2}', "--weights", "weights.safetensors", "--input",
    "input.safetensors", "--output", "made.safetensors",
  ],
  segment: ["se_unet", "--data", "photos", "--epochs", "1", "--scenes", "2", "--test-scenes", "2", "--size", "16", "--out", "made.png"],
  summary: ["se_resnet8", "--input", "1,3,8,8"],
  train: [
    "se_resnet8", "--data", "photos", "--out", "made.safetensors", "--epochs", "1", "--batch", "2", "--engine", "eager", "--model-options",
    '{"width":4,"reduction":4}', "--no-report", "--no-state",
  ],
};

/** Makes the files that the calls read. */
export async function prepare(folder: string): Promise<void> {
  const model = createModel("se_resnet8", { width: 4, reduction: 4, classes: 2 }, 1);
  const preprocessing = { ...presets["seresnet50.a1_in1k"], size: [16, 16], resize: 16 } as Preprocessing;
  writeFileSync(`${folder}/weights.safetensors`, saveWeights(model, { classes: ["cat", "dog"], preprocessing }));
  writeFileSync(`${folder}/input.safetensors`, writeSafetensors([["input", draw([1, 3, 16, 16])]]));
  mkdirSync(`${folder}/folder`, { recursive: true });
  const random = new Random(3);
  const picture = async (): Promise<Uint8Array> => encodePng(
    { width: 16, height: 16, data: Uint8ClampedArray.from({ length: 1024 }, (_, i) => (i % 4 === 3 ? 255 : random.below(256))) },
  );
  writeFileSync(`${folder}/picture.png`, await picture());
  for (const part of ["train", "test"]) {
    for (const name of ["cat", "dog"]) {
      mkdirSync(`${folder}/photos/${part}/${name}`, { recursive: true });
      for (let i = 0; i < 3; i++) writeFileSync(`${folder}/photos/${part}/${name}/${i}.png`, await picture());
    }
  }
  writeFileSync(`${folder}/log.jsonl`, [
    { event: "start", model: "se_resnet8", epochs: 1 }, { event: "epoch", epoch: 1, step: 1, loss: 1, accuracy: 0.5 },
  ].map((line) => `${JSON.stringify(line)}\n`).join(""));
}
