/** Convolutions of bytes on WebAssembly: the reference's bits, by relaxed dots and by 16-bit ones, on awkward sizes and at the ends. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { conv2d } from "../../../kernels/reference/quantised/index.ts";
import { Random } from "../../../kernels/random.ts";
import { paddedChannels } from "../../../kernels/wasm/quantised/bytes.ts";
import { byteConvKernel } from "../../../kernels/wasm/quantised/conv.ts";
import { byteDepthwiseKernel } from "../../../kernels/wasm/quantised/depthwise.ts";
import type { Dots } from "../../../kernels/wasm/quantised/conv.ts";
import {
  numbersBytes, numbersShape, packDepthwise, packNumbers, packWeights, packedBytes,
} from "../../../kernels/wasm/quantised/panels.ts";
import { probe } from "../../../kernels/wasm/probe/probe.ts";
import { imageBytes } from "../../../kernels/wasm/shared/layout.ts";
import type { Layout } from "../../../kernels/wasm/shared/layout.ts";
import { bytes, convCases, epilogueOf, floats, shapeOf, weights } from "../../kernels/quantised/support.ts";
import { ByteMachine } from "./support.ts";

const kinds: readonly Dots[] = probe().relaxedSimd ? ["relaxed", "wide"] : ["wide"];

test("a panel has no biases that are all 0, and no offset that all channels share", () => {
  const epilogue = epilogueOf(32, 9, new Random(1));
  const bytesOf = (bias: number, offset: (o: number) => number): number =>
    numbersBytes(32, numbersShape(new Int32Array(32).fill(bias), { ...epilogue, offset: epilogue.offset.map((_, o) => offset(o)) }));
  assert.equal([bytesOf(1, (o) => o), bytesOf(0, (o) => o), bytesOf(1, () => 7), bytesOf(0, () => 7)], [384, 256, 256, 128]);
});

for (const dots of kinds) {
  for (const each of convCases) {
    test(`${dots}: ${each.name}`, () => {
      const shape = shapeOf(each);
      const { batch, inChannels, inHeight, inWidth, outChannels, outHeight, outWidth, kernelHeight, kernelWidth, groups } = shape;
      const places = kernelHeight * kernelWidth;
      const [inputs, taps] = [inChannels / groups, (inChannels / groups) * places];
      const panel = { outputs: outChannels, inputs, places, groups };
      const halo = Math.max(shape.paddingTop, shape.paddingLeft, shape.paddingBottom, shape.paddingRight);
      for (const extreme of [false, true]) {
        for (const more of [{}, { least: 20, most: 100 }, { residualMultiplier: Math.fround(0.4) }, { swish: true }]) {
          const random = new Random(3);
          const zero = 37;
          const input: Layout = {
            channels: inChannels, height: inHeight, width: inWidth, halo, format: "u7", border: zero,
            pixel: inChannels <= 4 && groups === 1 ? 4 : paddedChannels(inChannels),
          };
          const outHalo = each.name.length % 2;
          const output: Layout = {
            channels: outChannels, height: outHeight, width: outWidth, halo: outHalo, format: "u7", border: 5,
            pixel: paddedChannels(outChannels),
          };
          const added = "residualMultiplier" in more;
          const residual: Layout | undefined = added ? { ...output, halo: 1 } : undefined;
          const hardSwish = "swish" in more ? { factor: floats(outChannels, random, 0.1, 1), zero: 12 } : undefined;
          const { swish: _swish, ...plain } = { swish: false, ...more };
          const epilogue = epilogueOf(outChannels, taps, random, { ...plain, hardSwish });
          if (outHalo === 1) epilogue.offset.fill(epilogue.offset[0]);
          const depthwise = groups > 1 && groups === inChannels && outChannels === groups;
          const bias = Int32Array.from({ length: outChannels }, () => (extreme && added ? 0 : Math.floor(20000 * random.normal())));
          const { noBias, sameOffset } = numbersShape(bias, epilogue);
          const given = {
            input, output, residual, kernel: [kernelHeight, kernelWidth], stride: [shape.strideHeight, shape.strideWidth],
            padding: [shape.paddingTop, shape.paddingLeft], dilation: [shape.dilationHeight, shape.dilationWidth], groups, dots,
            epilogue: {
              ...epilogue, gate: added, hardSwish: hardSwish && { zero: hardSwish.zero }, noBias,
              offset: sameOffset ? epilogue.offset[0] : undefined,
            },
          } as const;
          const kernel = depthwise ? byteDepthwiseKernel(given) : byteConvKernel(given);
          assert.ok(kernel);
          const machine = new ByteMachine([kernel]);
          const x = bytes(batch * inChannels * inHeight * inWidth, random, extreme);
          const weight = weights(outChannels * taps, taps, random, extreme);
          const size = batch * outChannels * outHeight * outWidth;
          const gate = added ? floats(batch * outChannels, random, 0.3, 1) : null;
          const rest = added ? bytes(size, random) : null;
          const expected = new Uint8Array(size);
          conv2d(expected, x, { weight, bias, zero }, shape, epilogue, gate, rest);
          const pitch = paddedChannels(inChannels);
          const packed = new Int8Array(depthwise ? pitch * places : packedBytes(panel));
          if (depthwise) packDepthwise(packed, weight, places, pitch);
          else packWeights(packed, weight, panel);
          const numbers = new Uint8Array(numbersBytes(outChannels, { noBias, sameOffset, hardSwish: hardSwish !== undefined }));
          packNumbers(numbers, bias, epilogue);
          const [w, q] = [machine.store(packed), machine.store(numbers)];
          const [from, to] = [machine.image(input, batch, x), machine.image(output, batch)];
          const over = residual === undefined ? 0 : machine.image(residual, batch, rest!);
          // Gates of an image's panels lie beside each other.
          const gates = new Float32Array(batch * paddedChannels(outChannels));
          gate?.forEach((value, i) => (gates[Math.floor(i / outChannels) * paddedChannels(outChannels) + (i % outChannels)] = value));
          const by = machine.store(gates);
          const work = kernel.scratch === 0 ? [] : [machine.take(kernel.scratch)];
          for (let n = 0; n < batch; n++) {
            const addresses = [
              to + n * imageBytes(output), from + n * imageBytes(input), w, q, residual === undefined ? 0 : over + n * imageBytes(residual),
              by + 4 * n * paddedChannels(outChannels),
            ];
            // In two parts each way.
            const [row, cut] = [Math.floor(kernel.rows / 2), Math.floor(kernel.panels / 2)];
            for (const [begin, end] of [[0, row], [row, kernel.rows]]) {
              for (const [first, last] of [[0, cut], [cut, kernel.panels]]) {
                machine.run(kernel.name, ...addresses, begin, end, first, last, ...work);
              }
            }
          }
          assert.equal(machine.read(output, batch, to), expected, JSON.stringify({ extreme, more }));
          assert.ok(machine.guarded, "guards");
          // The halo of the output is not written to.
          assert.is(machine.bytes[to - 1], outHalo === 0 ? 99 : 5);
        }
      }
    });
  }
}

test.run();
