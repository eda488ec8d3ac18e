/**
 * Damaged and hostile ONNX files. Each must be read or refused by an error of senet's own, within two seconds and the numbers that are
 * allowed.
 *
 *     npx tsx test/io/onnx/fuzz.ts 100000 1        cases, seed
 */
import process from "node:process";
import { pathToFileURL } from "node:url";
import { FormatError, UnsupportedError } from "../../../src/errors.ts";
import { importOnnx } from "../../../src/io/onnx/import.ts";
import { compileSync } from "../../../src/session/session.ts";
import { Tensor, sizeOf } from "../../../src/tensor.ts";
import { operators } from "../../../src/io/onnx/operators/index.ts";
import { mulberry32 } from "../../fixtures/recipe.ts";
import { Message } from "../../../src/io/onnx/protobuf.ts";
import { fileBytes } from "../../support/files.ts";
import { modelBytes, tensor } from "./model-bytes.ts";
import type { Attribute, Node } from "./model-bytes.ts";

const sources = [
  "script/se-linear-script.onnx", "script/se-linear-script-9.onnx", "script/same-script.onnx", "script/shuffle-script.onnx",
  "script/unet-script-9.onnx", "dynamo/se-conv-dynamo.onnx",
  "rewritten/se-linear-half-io.onnx", "rewritten/mobile-ort-extended.onnx", "other/se-paddle-11.onnx", "other/se-dense-tf-18.onnx",
  "other/old-ir3.onnx", "other/refused.onnx",
].map((name) => fileBytes(`fixtures/onnx/${name}`));
const hostile = [0, 1, -1, 2, 7, 127, 128, 255, 65535, 65536, 2147483647, -2147483648, 4294967295, 9007199254740991, -9007199254740991];
const locations = [
  "w.bin", "w.bin", "a/b/w.bin", "../w.bin", "/etc/passwd", "C:\\w", "a/../../w",
  "\\\\host\\w", "", "a\0b", "..", "./w.bin",
];
const bytesOf = [0, 1, 0x7f, 0x80, 0xff];
const names = Object.keys(operators);
const texts = [
  "SAME_UPPER", "VALID", "NOTSET", "nearest", "linear", "cubic", "reflect", "edge", "wrap", "align_corners", "tf_crop_and_resize", "CRD",
  "tanh", "nonsense",
];
const attributes = [
  "axis", "axes", "kernel_shape", "strides", "pads", "dilations", "group", "auto_pad", "ceil_mode", "count_include_pad", "output_shape",
  "output_padding", "perm", "mode", "shape", "split",
  "num_outputs", "keepdims", "noop_with_empty_axes", "transA", "transB", "alpha", "beta", "to", "value", "value_ints", "blocksize",
  "starts", "ends", "scales", "coordinate_transformation_mode",
  "nearest_mode", "antialias", "allowzero", "batch_dims", "size", "num_groups", "epsilon", "start", "end", "training_mode", "broadcast",
];
/** Milliseconds of processor time: what other processes do is no matter. */
function spent(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Words that only an engine says, or a mistake of ours. */
const engine = /is not a function|Cannot read|undefined|not iterable|Invalid (typed )?array|Maximum call stack|out of memory|NaN is not/;

/**
 * Runs `cases` cases.
 * @param most milliseconds of processor time that a case may take
 * @returns how many were read, how many of these run, and how many refused
 * @throws Error naming case and seed where one ends otherwise
 */
export function fuzz(cases: number, seed: number, most: number = Infinity): Record<"read" | "run" | "refused" | "slowest", number> {
  const uniform = mulberry32(seed);
  const below = (n: number): number => Math.floor(uniform() * n);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)];
  const size = (): number => (below(8) === 0 ? pick(hostile) : below(6));
  const sizes = (): number[] => Array.from({ length: below(6) }, size);

  const damaged = (source: Uint8Array): Uint8Array => {
    let bytes = Uint8Array.from(source);
    for (let changes = 1 + below(4); changes > 0 && bytes.length > 0; changes--) {
      const at = below(bytes.length);
      const kind = below(6);
      if (kind === 0) bytes[at] ^= 1 << below(8);
      else if (kind === 1) bytes[at] = below(256);
      else if (kind === 2) bytes[at] = pick(bytesOf);
      else if (kind === 3) bytes = bytes.slice(0, at);
      else if (kind === 4) bytes = Uint8Array.from([
        ...bytes.subarray(0, at), ...bytes.subarray(Math.max(0, at - below(64)), at), ...bytes.subarray(at),
      ]);
      else bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + below(16))]);
    }
    return bytes;
  };

  /** A tensor that says to lie in another file: anywhere, at any place. */
  const outside = (name: string, dims: readonly number[]): Message => {
    const message = dims.reduce((all, dim) => all.integer(1, below(8) === 0 ? pick(hostile) : dim), new Message());
    message.integer(2, pick([1, 1, 7, 10, 99])).text(8, name).integer(14, 1);
    const place = {
      location: pick(locations), offset: pick(["0", "4", "-1", "1e9", "999", "18446744073709551615", "x"]),
      length: pick(["4", "0", "999999999999", ""]),
    };
    for (const [key, value] of Object.entries(place)) {
      if (below(4) > 0) message.message(13, new Message().text(1, key).text(2, value));
    }
    return message;
  };

  /** A sound file of operators at random, with attributes and constants at random. */
  const random = (): Uint8Array => {
    const known = ["x", ""];
    const weights = Array.from({ length: 1 + below(5) }, (_, i) => {
      known.push(`w${i}`);
      const dims = Array.from({ length: below(5) }, () => 1 + below(4));
      const count = dims.reduce((product, n) => product * n, 1);
      const whole = below(2) === 0;
      if (below(12) === 0) return outside(`w${i}`, dims);
      return tensor(`w${i}`, dims, Array.from({ length: count }, () => (whole ? size() : uniform() * 4 - 2)), whole ? "int64" : "float");
    });
    const nodes = Array.from({ length: 1 + below(6) }, (_, i): Node => {
      const outputs = [`v${i}`, ...(below(6) === 0 ? [`u${i}`] : [])];
      const made: Record<string, Attribute> = {};
      for (let n = below(5); n > 0; n--) {
        made[pick(attributes)] = pick<() => Attribute>([
          size, sizes, sizes, () => pick(texts), () => ({ float: pick([0, 1, -1, 0.5, Infinity, NaN, 1e30]) }),
          () => ({ floats: sizes().map(Number) }), () => ({ tensor: tensor("", [2], [1, 2]) }),
        ])();
      }
      const node = { type: pick(names), inputs: Array.from({ length: below(5) }, () => pick(known)), outputs, attributes: made };
      const [domain, type] = node.type.includes(":") ? node.type.split(":") : ["", node.type];
      known.push(...outputs);
      return { ...node, domain, type };
    });
    return modelBytes({
      nodes, weights, inputs: { x: pick([[1, 3, 8, 8], [2, 4], ["N", 3, "H", "W"], [1, 2, 3], [], [2, 3, 4, 5, 2]]) },
      outputs: [`v${nodes.length - 1}`], opset: pick([1, 6, 7, 9, 10, 11, 13, 17, 18, 21, 28]),
    });
  };

  const tally = { read: 0, run: 0, refused: 0, slowest: 0 };
  for (let i = 0; i < cases; i++) {
    const bytes = below(2) === 0 ? random() : damaged(pick(sources));
    const begin = spent();
    try {
      const network = importOnnx(bytes, { mostConstants: 100_000, external: new Uint8Array(1000) });
      const shapes = Object.fromEntries(network.inputs.map(
        ({ name, shape }) => [name, (shape ?? [1, 3, 16, 16]).map((each) => (typeof each === "number" ? Math.min(each, 64) : 16))],
      ));
      const graph = network.lower(shapes);
      const numbers = graph.nodes.reduce((sum, { output }) => sum + sizeOf(output.shape), 0);
      if (below(4) === 0 && numbers < 100_000) {
        const session = compileSync(network, { input: shapes, kernels: "plain" });
        session.run(Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, Tensor.zeros(shape)])));
        session.close();
        tally.run++;
      }
      tally.read++;
    } catch (error) {
      const { message } = error as Error;
      const own = error instanceof FormatError || error instanceof UnsupportedError ||
        ((error instanceof RangeError || error instanceof TypeError) && !engine.test(message));
      if (!own || message.length > 4000) {
        throw new Error(`case ${i} of seed ${seed}: ${(error as Error).stack ?? message}`, { cause: error });
      }
      tally.refused++;
    }
    const took = spent() - begin;
    if (took > most) throw new Error(`case ${i} of seed ${seed} took ${took.toFixed(0)} ms`);
    tally.slowest = Math.max(tally.slowest, took);
  }
  return tally;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [cases = 100_000, seed = 1] = process.argv.slice(2).map(Number);
  const { read, run, refused, slowest } = fuzz(cases, seed, 2000);
  console.log(`${read} read, ${run} of them run, ${refused} refused, the slowest took ${slowest.toFixed(0)} ms`);
}
