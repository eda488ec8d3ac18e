/** Values of other number formats: layouts know their bytes, plans give each value as many, halos hold what stands for zero. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bytesOf } from "../../../kernels/formats.ts";
import { clearHaloKernel } from "../../../kernels/wasm/operations/move.ts";
import {
  imageBytes, imagePitch, interiorBytes, paddedBytes, pixelBytes, rowBytes,
} from "../../../kernels/wasm/shared/layout.ts";
import type { Layout } from "../../../kernels/wasm/shared/layout.ts";
import type { Graph, Value } from "../../../src/graph/graph.ts";
import { fixedNetwork } from "../../../src/graph/network.ts";
import { byteSessions } from "../../../src/quantise/network.ts";
import { layoutOf } from "../../../src/session/plan/layouts.ts";
import { gather, scatter } from "../../../src/session/plan/nhwc.ts";
import { imageOf } from "../../../src/session/plan/places.ts";
import { compileSync } from "../../../src/session/session.ts";
import { Tensor } from "../../../src/tensor.ts";
import { bits } from "../../support/compare.ts";
import { draw } from "../../support/random.ts";
import { machine } from "../../wasm/machine.ts";

const bytes: Layout = { channels: 5, height: 3, width: 4, halo: 2, format: "u7", pixel: 16, border: 42 };
const floats: Layout = { channels: 5, height: 3, width: 4, halo: 2 };

test("distances: numbers times what one of the layout's takes", () => {
  assert.equal([bytesOf(3), bytesOf(3, "u7")], [12, 3]);
  assert.equal([pixelBytes(floats), rowBytes(floats), imageBytes(floats)], [20, 160, 1120]);
  assert.equal([pixelBytes(bytes), rowBytes(bytes), imageBytes(bytes)], [16, 128, 896]);
  assert.equal([interiorBytes(floats), interiorBytes(bytes)], [2 * 160 + 2 * 20, 2 * 128 + 2 * 16]);
  assert.equal([paddedBytes(floats, 1, 2), paddedBytes(bytes, 1, 2)], [-200, -160]);
  assert.equal([imageOf(floats, 2), imageOf(bytes, 2)].map(({ region }) => region.bytes), [2240, 1792]);
  const value: Value = { name: "x", shape: [2, 5, 3, 4], dtype: "u7" };
  assert.is(imageBytes(layoutOf(value, 2)), 7 * 8 * 5);
});

test("a halo of bytes holds what stands for zero, and the interior stays", () => {
  for (const layout of [bytes, { ...bytes, channels: 4, pixel: 4, halo: 1 }, { ...bytes, border: 0 }]) {
    const kernel = clearHaloKernel(layout);
    const { buffer, run } = machine([kernel], 1);
    const all = new Uint8Array(buffer).fill(99);
    const start = 256;
    run(kernel, [start + interiorBytes(layout)]);
    const [pitch, pixel] = [rowBytes(layout), pixelBytes(layout)];
    all.forEach((byte, at) => {
      const [row, column] = [Math.floor((at - start) / pitch) - layout.halo, Math.floor(((at - start) % pitch) / pixel) - layout.halo];
      const outside = at < start || at >= start + imageBytes(layout);
      const inside = row >= 0 && row < layout.height && column >= 0 && column < layout.width;
      assert.is(byte, outside || inside ? 99 : layout.border, `${kernel.name} at ${at}: row ${row}, column ${column}`);
    });
  }
});

test("bytes in and out of padded memory", () => {
  const image = imageOf(bytes, 2);
  const all = new ArrayBuffer(image.region.bytes + 64);
  const memory = { floats: new Float32Array(all) };
  const seen = new Uint8Array(all).fill(99);
  const data = Uint8Array.from({ length: 2 * 5 * 3 * 4 }, (_, i) => i);
  const address = 64 + interiorBytes(bytes);
  scatter(memory, address, image, data);
  assert.is(seen.filter((byte) => byte !== 99).length, data.filter((byte) => byte !== 99).length);
  // Image 1, channel 2, row 1, column 3.
  assert.is(seen[address + imagePitch(bytes) + rowBytes(bytes) + 3 * 16 + 2], data[((5 + 2) * 3 + 1) * 4 + 3]);
  const back = new Uint8Array(data.length);
  gather(memory, address, image, back);
  assert.equal(back, data);
});

// Kernels for float32 would take bytes for floats: what has none for bytes is left to the plain kernels.
test("a plan with values of both formats: bytes take a quarter, and float32's kernels never see them", () => {
  const shape = [2, 5, 3, 4];
  const meaning = (channels: number) => ({ scale: new Float32Array(channels).fill(0.05), zero: 60 });
  const value = (name: string, channels: number, dtype: "f32" | "u7"): Value => ({ name, shape: [2, channels, 3, 4], dtype });
  const x: Value = { name: "x", shape };
  const [small, twice, y] = [value("small", 5, "u7"), value("twice", 10, "u7"), value("y", 10, "f32")];
  const graph: Graph = {
    inputs: [x], outputs: [y],
    nodes: [
      { operation: { kind: "quantise", to: meaning(5), factor: new Float32Array(5).fill(20) }, inputs: [x], output: small },
      { operation: { kind: "concat" }, inputs: [small, small], output: twice },
      { operation: { kind: "dequantise", from: meaning(10) }, inputs: [twice], output: y },
    ],
  };
  const input = draw(shape, 3);
  const answers = (["wasm", "plain"] as const).map((kernels) => {
    const session = compileSync({ ...fixedNetwork(graph), sessions: byteSessions }, { kernels });
    assert.match(session.kernels, new RegExp(`^${kernels}`));
    if (kernels === "wasm") assert.match(session.plan, /concat .* plain, between conversions/);
    return session.run(input);
  });
  assert.equal(bits(answers[0]), bits(answers[1]));
  const expected = Tensor.zeros(y.shape);
  for (let n = 0; n < 2; n++) {
    for (let i = 0; i < 120; i++) {
      const q = Math.max(0, Math.min(127, Math.round(input.data[n * 60 + (i % 60)] * 20 + 60)));
      expected.data[n * 120 + i] = Math.fround(0.05) * (q - 60);
    }
  }
  answers[0].data.forEach((got, i) => assert.ok(Math.abs(got - expected.data[i]) <= 0.051, `${i}: ${got}, wanted ${expected.data[i]}`));
});

test.run();
