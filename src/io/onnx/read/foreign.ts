/** Files of other programs that people try here. */

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

/** What a file is that is no ONNX file, and what to do with it; undefined where it may be one. */
export function foreign(bytes: Uint8Array): string | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, 64));
  const found = kinds.find(([at, first]) => head.startsWith(first, at));
  return found && `the file is ${found[2]}`;
}
