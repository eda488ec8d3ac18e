/** Files that are given as weights and are none: recognised by their first bytes, with what to do. */

const begins = (file: Uint8Array, text: string, at: number = 0): boolean => text.split("")
  .every((letter, i) => file[at + i] === letter.charCodeAt(0));

/** The beginning as text, a character a byte. */
function textOf(file: Uint8Array, length: number): string {
  return Array.from(file.subarray(0, length), (byte) => String.fromCharCode(byte)).join("");
}

/** @param directory the end of the archive, where the names of its entries are */
function foreignZip(directory: string): string | undefined {
  if (directory.includes("/archive_format") || directory.includes("/models/model.json")) {
    return "a program of torch.export (.pt2), no state dict: in Python, torch.save(torch.export.load(PATH).state_dict, OTHER)";
  }
  if (directory.includes("/constants.pkl")) {
    return "a TorchScript program, no state dict: in Python, torch.save(torch.jit.load(PATH).state_dict(), OTHER)";
  }
  if (directory.includes(".npyPK")) {
    return "an archive of numpy (.npz): in Python, safetensors.numpy.save_file(dict(numpy.load(PATH)), OTHER)";
  }
  if (directory.includes("PK\x05\x06") && !directory.includes("data.pkl")) return "a zip archive, but none of torch.save: unpack it first";
  return undefined;
}

/**
 * What `file` is and what to do with it, for "FILE is ..."; undefined where nothing is recognised.
 * Weights of PyTorch and safetensors are not named here.
 */
export function foreignFile(file: Uint8Array): string | undefined {
  if (file.length === 0) return "empty: was the download stopped?";
  const text = textOf(file, 300).replace(/^\xef\xbb\xbf/, "").trimStart();
  if (text.startsWith("version https://git-lfs")) {
    const size = /\nsize (\d{1,15})\b/.exec(text)?.[1];
    return `a Git LFS pointer in place of the file${size === undefined ? "" : `, which has ${size} bytes`}: git lfs pull brings it`;
  }
  if (/^<(!doctype|html|head|\?xml|!--)/i.test(text)) {
    return "a web page: the download failed, or its address leads to a page about the file";
  }
  if (/^\{\s*"(error|message)"/i.test(text)) return "an error message of a server (JSON): the download failed";
  if (text.startsWith("{")) {
    const all = textOf(file, 100_000);
    if (/"(modelTopology|weightsManifest)"/.test(all)) {
      return "a graph of TensorFlow.js: python -m tf2onnx.convert --tfjs model.json --output M.onnx makes ONNX of it";
    }
    if (all.includes('"weight_map"')) {
      return "an index of weights in several files: give the files that it names (model-00001-of-...safetensors), joined in Python";
    }
  }
  if (begins(file, "\x1f\x8b")) return "packed by gzip: unpack it first (gunzip, or tar xf)";
  if (
    begins(file, "BZh") || begins(file, "\xfd7zXZ") || begins(file, "7z\xbc\xaf") || begins(file, "\x28\xb5\x2f\xfd") || begins(
      file, "Rar!",
    )
  ) {
    return "a packed archive: unpack it first";
  }
  const h5 = begins(file, "\x89HDF\r\n\x1a\n");
  const zip = begins(file, "PK\x03\x04") ? textOf(file.subarray(-100_000), 100_000) : "";
  if (h5 || zip.includes("model.weights.h5")) {
    const [what, first] = h5
      ? ["weights of Keras (HDF5), which do not say their network", 'model.load_weights("NAME.weights.h5")']
      : ["a network of Keras", 'model = keras.saving.load_model("NAME.keras")'];
    // Without a signature, a model that was never called is refused (keras 3.15).
    const signature = 'input_signature=[keras.InputSpec(shape=(None, 224, 224, 3), dtype="float32")]';
    return `${what}. Two lines of Python make ONNX of it: ${first}; model.export("NAME.onnx", format="onnx", ${signature})`;
  }
  if (zip !== "") return foreignZip(zip);
  if (begins(file, "TFL3", 4)) {
    return "a network of TensorFlow Lite: python -m tf2onnx.convert --tflite M.tflite --output M.onnx makes ONNX of it";
  }
  // A varint of field 1: ONNX's version is 3 at least, TensorFlow's saved_model.pb has 1.
  if (file[0] === 8 && file[1] === 1 && file[2] === 0x12) {
    return "a SavedModel of TensorFlow: python -m tf2onnx.convert --saved-model DIR --output M.onnx makes ONNX of it";
  }
  if (file[0] === 8 && file[1] >= 3 && file[1] < 64 && [0x12, 0x1a, 0x22, 0x2a, 0x32, 0x3a, 0x42].includes(file[2])) {
    return "an ONNX network, which has its weights in it: give it as MODEL, without weights";
  }
  if (begins(file, "\x93NUMPY")) return "an array of numpy: save all weights by name, safetensors.numpy.save_file(weights, PATH)";
  if (begins(file, "GGUF")) return "a GGUF file, of language models: no network of images is in it";
  if (begins(file, "\x89PNG") || begins(file, "\xff\xd8\xff") || begins(file, "GIF8")) {
    return "a picture, and weights are wanted: senet classify says what is in it";
  }
  if (file[0] === 0x80 && file[1] >= 2 && file[1] <= 5) {
    return "a pickle, but not of torch.save: load it in Python, and torch.save(weights, PATH) a dictionary of names and tensors";
  }
  return undefined;
}
