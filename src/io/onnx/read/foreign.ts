/** Files of other programs that people try here, and files beside a model. */
import { FormatError } from "../../../errors.ts";
import { readModel } from "./model.ts";

/** First bytes, where they stand, and what the file is and wants. */
const kinds: readonly (readonly [at: number, first: string, what: string])[] = [
  [4, "TFL3", "a TensorFlow Lite model: python -m tf2onnx.convert --tflite MODEL.tflite --output MODEL.onnx converts it"],
  [0, "{", "JSON: a TensorFlow.js model? python -m tf2onnx.convert --tfjs model.json --output MODEL.onnx converts one"],
  [
    0, "PK\x03\x04",
    'a zip archive (a PyTorch checkpoint, a Keras model?): torch.onnx.export(model, x, "M.onnx") or model.export("M.onnx") writes ONNX',
  ],
  [0, "\x89HDF", "an HDF5 file (a Keras model?): python -m tf2onnx.convert --keras MODEL.h5 --output MODEL.onnx converts one"],
  [4, "ORTM", "in ONNX Runtime's own format: hand over the .onnx file that it was made from"],
  [0, "version https://git-lfs", "a Git LFS pointer: git lfs pull"],
  [0, "<", "a web page: the download failed"],
  [0, "\x1f\x8b", "packed with gzip: unpack it first"],
];

/** @throws FormatError for a file that is known to be no ONNX file, with what it is and what to do with it */
export function checkKind(bytes: Uint8Array): void {
  const head = String.fromCharCode(...bytes.subarray(0, 64));
  const found = kinds.find(([at, first]) => head.startsWith(first, at));
  if (found !== undefined) throw new FormatError(`onnx: the file is ${found[2]}`);
}

/**
 * The locations of weights that lie in other files, in the order in which the model names them.
 * @param options `mostNodes` as `importOnnx` has it
 * @throws FormatError, RangeError as `importOnnx`
 */
export function externalLocations(bytes: Uint8Array, options: { readonly mostNodes?: number } = {}): string[] {
  const found = new Set<string>();
  // Bytes of which every length is there, for who asks only what is wanted.
  const endless = { length: Infinity, subarray: (from: number, to: number) => ({ length: to - from }) } as unknown as Uint8Array;
  checkKind(bytes);
  readModel(bytes, (location) => (found.add(location), endless), options.mostNodes);
  return [...found];
}
