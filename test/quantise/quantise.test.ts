/** Quantisation of trained networks: what it loses, files of it, what sessions make of it, and what it refuses. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../models/index.ts";
import { overflowingChannel } from "../../kernels/reference/quantised/index.ts";
import { isQuantised, readQuantised, saveQuantised } from "../../src/quantise/file.ts";
import { quantise } from "../../src/quantise/quantise.ts";
import { readSafetensors, writeSafetensors } from "../../src/io/weights/safetensors.ts";
import type { StoredTensor } from "../../src/io/weights/stored.ts";
import { compileSync } from "../../src/session/session.ts";
import { loadWeights } from "../../src/weights/weights.ts";
import { bits } from "../support/compare.ts";
import { draw, draws, stir } from "../support/random.ts";
import { saying } from "../support/errors.ts";

const networks: readonly [string, Readonly<Record<string, unknown>>, readonly number[]][] = [
  ["se_resnet8", { width: 8, reduction: 4 }, [1, 3, 17, 15]],
  ["se_resnet20", { blocks: [1, 1, 1], width: 8, reduction: 4, inChannels: 1 }, [1, 1, 14, 14]],
  ["se_mobilenet_v1", { width: 0.25 }, [1, 3, 32, 32]],
  ["mobilenet_v3_small", {}, [1, 3, 32, 32]],
  ["efficientnet_b0", {}, [1, 3, 32, 32]],
  ["densenet121", { classes: 10 }, [1, 3, 32, 32]],
  ["shufflenet_v1", { classes: 10 }, [1, 3, 32, 32]],
];

function signalToNoise(wanted: ArrayLike<number>, got: ArrayLike<number>): number {
  let [signal, noise] = [0, 0];
  for (let i = 0; i < wanted.length; i++) {
    signal += wanted[i] ** 2;
    noise += (wanted[i] - got[i]) ** 2;
  }
  return 10 * Math.log10(signal / noise);
}

for (const [name, options, shape] of networks) {
  test(`${name}: answers near those of float32, the same bits from a file and in another batch`, () => {
    const model = stir(createModel(name, options, 1)).evaluate();
    const images = draws(shape, 6);
    const { network, report } = quantise(model, images, { reported: 2 });
    const float = compileSync(model, { input: shape });
    const bytes = compileSync(network, { input: shape });
    const x = images[1];
    const y = bytes.run(x);
    // Of random weights one image says little.
    const ratios = images.map((image) => signalToNoise(float.run(image).data, bytes.run(image).data));
    const ratio = ratios.reduce((sum, each) => sum + each, 0) / images.length;
    assert.ok(ratio > 15, `${ratio} dB`);
    assert.ok(report.length > 3 && report.every(({ decibels }) => decibels > 5), JSON.stringify(report));
    const read = readQuantised(createModel(name, options, 5), saveQuantised(network));
    const again = compileSync(read, { input: shape });
    assert.equal(bits(again.run(x)), bits(y));
    const both = draw([2, ...shape.slice(1)]);
    both.data.set(x.data, x.size);
    assert.equal(Array.from(again.run(both).data.subarray(y.size)), Array.from(y.data));
    // No sum can overflow, by bound.
    for (const { operation } of network.lower({ input: shape }).nodes) {
      if (operation.kind === "quantised_conv2d") assert.is(overflowingChannel(operation.weight.data, operation.bias), -1);
    }
  });
}

const small = () => stir(createModel("se_resnet8", { width: 8, reduction: 4 }, 1)).evaluate();
const shape = [1, 3, 17, 15];

test("layers that are kept stay float32, and lose less", () => {
  const model = small();
  const images = draws(shape, 4);
  const all = quantise(model, images);
  const names = all.report.slice(0, -1).map(({ name }) => name);
  const kept = quantise(model, images, { keep: names });
  const worst = ({ report }: typeof all): number => Math.min(...report.map(({ decibels }) => decibels));
  assert.ok(worst(kept) > worst(all), `${worst(kept)} ${worst(all)}`);
  assert.is(kept.network.lower({ input: shape }).nodes.filter(({ operation }) => operation.kind === "quantised_conv2d").length, 0);
  const read = readQuantised(small(), saveQuantised(kept.network));
  assert.equal(bits(compileSync(read, { input: shape }).run(images[0])), bits(compileSync(kept.network, { input: shape }).run(images[0])));
});

test("images that cannot be measured are refused", () => {
  const model = small();
  const infinite = draw(shape);
  infinite.data[7] = Infinity;
  assert.throws(() => quantise(model, []), saying("quantise: images wants at least one image to measure the network on, got none"));
  const two = [draw(shape), draw([1, 3, 17, 16])];
  assert.throws(() => quantise(model, two), saying("images wants images of one size, the first is [3,17,15], another [3,17,16]"));
  assert.throws(() => quantise(model, draw([2, 5])), saying("images wants tensors of Float32Array [N,C,H,W]"));
  assert.throws(() => quantise(model, draw([1, 4, 17, 15])), /4/);
  assert.throws(() => quantise(model, infinite), saying("images holds a number that is not finite"));
  assert.throws(() => quantise(model, 7 as never), saying("images wants a tensor [N,C,H,W], or several, got 7"));
  const wrong = { keep: ["conf1"] };
  assert.throws(
    () => quantise(model, draw(shape), wrong),
    saying('keep names "conf1", which is no layer of this network (did you mean "conv1"?)'),
  );
  const method = "worst" as never;
  assert.throws(() => quantise(model, draw(shape), { method }), saying('method wants one of "best", "ends", "percentile", "squares"'));
  const { network } = quantise(model, draw(shape));
  assert.throws(() => quantise(network, draw(shape)), saying("is quantised already"));
});

/** The bytes of a file with some of its tensors exchanged; undefined: without it. */
function changed(bytes: Uint8Array, change: (name: string, tensor: StoredTensor) => StoredTensor | undefined): Uint8Array {
  const { tensors, metadata } = readSafetensors(bytes);
  const kept = [...tensors].flatMap(([name, tensor]): [string, StoredTensor][] => {
    const other = change(name, tensor);
    return other === undefined ? [] : [[name, other]];
  });
  return writeSafetensors(kept, { metadata });
}

test("a file of another network, or with numbers that cannot be, is refused in one line", () => {
  const model = small();
  const bytes = saveQuantised(quantise(model, draws(shape, 2), { reported: 0 }).network);
  assert.ok(isQuantised(readSafetensors(bytes)));
  const refuses = (given: Uint8Array, message: RegExp, into = model): void => {
    assert.throws(() => readQuantised(into, given), (error: Error) => {
      assert.match(error.message, message);
      return error.name === "FormatError" && !error.message.includes("\n");
    });
  };
  refuses(bytes, /another network.*has not/, createModel("mobilenet_v3_small", {}, 1));
  const wider = createModel("se_resnet8", { width: 12, reduction: 4 }, 1);
  refuses(bytes, /of another network: "conv1.weight" is \[8,3,3,3\], .* has \[12,3,3,3\]/, wider);
  for (const value of [0, -1, NaN, Infinity]) {
    for (const which of ["conv1.weight/scale", "input/scale"]) {
      const wrong = changed(bytes, (name, tensor) => {
        if (name !== which) return tensor;
        const floats = new Float32Array(tensor.shape[0]).fill(value);
        return { ...tensor, bytes: () => new Uint8Array(floats.buffer) };
      });
      refuses(wrong, new RegExp(`"${which}" wants numbers above 0, got ${value}`));
    }
  }
  for (const name of ["conv1.weight/scale", "conv1.weight/bias", "input/scale", "input/zero_point"]) {
    refuses(changed(bytes, (each, tensor) => (each === name ? undefined : tensor)), new RegExp(`tensor "${name}" is missing`));
  }
  refuses(changed(bytes, (name, tensor) => (/^input\//.test(name) ? undefined : tensor)), /tensor "input\/scale" is missing/);
  const zero200 = (name: string, tensor: StoredTensor): StoredTensor => (
    name === "input/zero_point" ? { ...tensor, bytes: () => Uint8Array.of(200) } : tensor);
  refuses(changed(bytes, zero200), /a byte of 0 to 127, got 200/);
  refuses(changed(bytes, (name, tensor) => (/^conv1.weight/.test(name) ? undefined : tensor)), /"conv1.weight" is missing/);
  refuses(new Uint8Array(3), /safetensors/);
  refuses(writeSafetensors([]), /this is none/);
  assert.throws(() => loadWeights(model, bytes), saying("the file is a quantised network; readQuantised(model, file) reads it"));
});

test.run();
