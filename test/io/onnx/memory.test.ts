/**
 * Reading a large file takes its bytes and little else: weights stay views of it until a session packs them. Counted in bytes that the
 * engine says it holds, so that no timing decides.
 */
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { importOnnx } from "../../../src/io/onnx/import.ts";
import { Message } from "../../../src/io/onnx/protobuf.ts";
import { modelBytes } from "./model-bytes.ts";

/** Weights of so many bytes each, of a type of TensorProto, that lie at odd places. */
function large(type: number, width: number, external: boolean): { readonly bytes: Uint8Array; readonly data: Uint8Array } {
  const data = new Uint8Array(4 * 1024 * 1024 * width);
  const weights = [0, 1, 2].map((i) => {
    const message = new Message().integer(1, 2048).integer(1, 2048).integer(2, type).text(8, `w${i}${"x".repeat(i)}`);
    if (!external) return message.bytes(9, data);
    for (const [key, value] of [["location", "w.data"], ["length", String(data.length)]]) {
      message.message(13, new Message().text(1, key).text(2, value));
    }
    return message.integer(14, 1);
  });
  const names = ["w0", "w1x", "w2xx"];
  return {
    bytes: modelBytes({
      nodes: names.map((name, i) => ({ type: "MatMul", inputs: [i === 0 ? "x" : `v${i - 1}`, name], outputs: [`v${i}`] })),
      inputs: { x: ["N", 2048] }, outputs: ["v2"], weights,
    }),
    data,
  };
}

const held = (): number => (process.memoryUsage() as { readonly arrayBuffers?: number }).arrayBuffers ?? 0;

/** Does the engine count bytes as they are taken? Deno's and Bun's figures come later, so there they would be the file's own. */
function countsAtOnce(): boolean {
  const before = held();
  const taken = new Uint8Array(1 << 24);
  return held() - before >= taken.length;
}

for (const [what, type, width, external] of [
  ["float32", 1, 4, false], ["float16", 10, 2, false], ["float32 in a file beside it", 1, 4, true],
] as const) {
  test(`${what}: import and graph hold less than a tenth of the file beside it`, () => {
    const { bytes, data } = large(type, width, external);
    if (!countsAtOnce()) return;
    const before = held();
    const network = importOnnx(bytes, external ? { external: data } : {});
    const graph = network.lower({ x: [1, 2048] });
    assert.is(graph.nodes.length, 3);
    assert.ok(held() - before < 0.1 * 3 * data.length, `${held() - before} bytes more, for weights of ${3 * data.length}`);
  });
}

test.run();
