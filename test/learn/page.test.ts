/**
 * What the page's workers compute, without a browser: test/page drives the page itself. Lines of the reference kernel with their numbers,
 * gates that are set, gradients beside central differences, files of the user's.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../models/index.ts";
import { bodyOf, numbersOf, pages } from "../../learn/page/ui/lines.ts";
import type { LookRequest, Picture } from "../../learn/page/messages.ts";
import { Inspection } from "../../learn/page/worker/inspect.ts";
import { openSource } from "../../learn/page/worker/open.ts";
import { prepared } from "../../learn/page/worker/preparation.ts";
import { sheetOf } from "../../learn/page/worker/sheet.ts";
import { drawTextures } from "../../learn/shared/textures.ts";
import { decodeImage } from "../../src/io/images/decode.ts";
import { writeOnnx } from "../../src/io/onnx/write.ts";
import { lower } from "../../src/nn/lower.ts";
import { saveWeights } from "../../src/weights/weights.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const bytesOf = (path: string): Uint8Array => readFileSync(join(root, path));
const nan = (size: number): Float32Array => new Float32Array(size).fill(NaN);

async function picture(name: string): Promise<Picture> {
  const { width, height, data } = await decodeImage(bytesOf(`models/pretrained/samples/${name}.png`));
  return { width, height, data: new Uint8ClampedArray(data) };
}

const selection = { block: 4, channel: 3, hidden: 1, pixel: 10 };
const shirt: LookRequest = { picture: await picture("shirt-0004"), overrides: new Map(), selection, target: undefined };
const bundled = await Inspection.open(await openSource(bytesOf("models/pretrained/fashion-mnist.safetensors"), "bundled"));
const loss = (probabilities: Float32Array, target: number): number => -Math.log(probabilities[target]);

test("every note belongs to one line of its page of the reference", () => {
  for (const [page, { folder, names, ...notes }] of Object.entries(pages)) {
    const source = readFileSync(join(root, "kernels/reference", folder, `${page}.ts`), "utf8");
    for (const direction of ["forward", "backward"] as const) {
      const { lines, first } = bodyOf(source, names[direction]);
      assert.is(source.split("\n")[first - 1].trim(), lines[0].trim());
      for (const { find } of notes[direction]) {
        assert.is(lines.filter((line) => line.includes(find)).length, 1, `${names[direction]}: ${find}`);
      }
    }
  }
});

test("the lines' numbers are the session's, and their texts hold them", async () => {
  const { detail, blocks } = await bundled.look({ ...shirt, target: 2 });
  const numbers = numbersOf(detail, blocks[4].gates, bundled.opened(0).blocks[4])!;
  const { forward, backward } = numbers;
  for (let c = 0; c < 64; c++) {
    assert.ok(Math.abs(forward.s[c] - blocks[4].gates[c]) < 1e-5, `gate ${c}`);
    assert.ok(Math.abs(forward.z[c] - blocks[4].squeeze[c]) < 1e-5, `squeeze ${c}`);
  }
  forward.h.forEach((value, k) => assert.ok(Math.abs(value - blocks[4].hidden[k]) < 1e-5, `hidden ${k}`));
  assert.ok(backward !== undefined);
  const texts = [...pages["squeeze-excite"].forward, ...pages["squeeze-excite"].backward].map(({ text }) => text(numbers));
  assert.ok(texts.every((text) => text !== "" && !/NaN|undefined/.test(text)), texts.join("\n"));
  assert.match(texts[9], new RegExp(`^s\\[3\\] = sigmoid\\(.*\\) = ${forward.s[3].toFixed(3)}$`));
});

test("the gradient by a gate is how the loss moves with it, also where gates are set", async () => {
  const set = nan(64);
  set[5] = 0.9;
  for (const overrides of [new Map<number, Float32Array>(), new Map([[3, set]])]) {
    const at = await bundled.look({ ...shirt, overrides, target: 2 });
    assert.ok(Math.abs(at.loss! - loss(at.probabilities, 2)) < 1e-4);
    for (const [block, channel] of [[0, 2], [2, 9], [4, 3], [5, 44]]) {
      const moved = async (by: number): Promise<number> => {
        const gates = overrides.get(block)?.slice() ?? nan(at.blocks[block].gates.length);
        gates[channel] = at.blocks[block].gates[channel] + by;
        const { probabilities } = await bundled.look({ ...shirt, overrides: new Map([...overrides, [block, gates]]) });
        return loss(probabilities, 2);
      };
      const difference = (await moved(0.002) - await moved(-0.002)) / 0.004;
      const gradient = at.gradients![block][channel];
      assert.ok(Math.abs(difference - gradient) < 0.02 * Math.abs(gradient) + 2e-3, `${block}.${channel}: ${difference} and ${gradient}`);
    }
  }
});

test("the reference kernel's backward pass gives the same gradient by the gates of the block that is looked at", async () => {
  for (const block of [0, 3]) {
    const { detail, gradients } = await bundled.look({ ...shirt, selection: { block, channel: 1, hidden: 0, pixel: 0 }, target: 6 });
    const { ds } = detail.backward!;
    const most = Math.max(...gradients![block].map(Math.abs));
    ds.forEach((value, c) => assert.ok(Math.abs(value - gradients![block][c]) < 1e-5 * most, `${block}.${c}`));
  }
});

test("a gate that is set stays, the block's others are its own, and later blocks answer what came of it", async () => {
  const own = await bundled.look(shirt);
  const set = nan(32);
  set[7] = 0;
  const { blocks, probabilities } = await bundled.look({ ...shirt, overrides: new Map([[1, set]]) });
  assert.is(blocks[1].gates[7], 0);
  assert.is(blocks[1].own[7], own.blocks[1].gates[7]);
  for (let c = 0; c < 32; c++) if (c !== 7) assert.is(blocks[1].gates[c], own.blocks[1].gates[c]);
  assert.equal(blocks[0].gates, own.blocks[0].gates);
  assert.is.not(blocks[5].gates[0], own.blocks[5].gates[0]);
  assert.equal(blocks[5].own, blocks[5].gates);
  assert.is.not(probabilities[0], own.probabilities[0]);
});

test("opened in haste it answers nearly so, and to the bit once it has settled", async () => {
  const haste = await Inspection.open(await openSource(bytesOf("models/pretrained/fashion-mnist.safetensors"), "haste", true), true);
  assert.match(haste.opened(0).kernels, /^plain/);
  const [first, own] = [await haste.look(shirt), await bundled.look(shirt)];
  first.probabilities.forEach((value, i) => assert.ok(Math.abs(value - own.probabilities[i]) < 1e-4));
  first.blocks.forEach(({ gates }, b) => gates.forEach((gate, c) => assert.ok(Math.abs(gate - own.blocks[b].gates[c]) < 1e-4)));
  assert.is(await haste.settle(), bundled.opened(0).kernels);
  assert.is(await bundled.settle(), bundled.opened(0).kernels);
  const settled = await haste.look(shirt);
  assert.equal(settled.probabilities, own.probabilities);
  assert.equal(settled.blocks, own.blocks);
  haste.close();
});

test("a look without a picture is at the one before; another channel of it runs nothing anew", async () => {
  const first = await bundled.look(shirt);
  const again = await bundled.look({ ...shirt, picture: undefined, selection: { ...selection, channel: 4 } });
  assert.equal(again.probabilities, first.probabilities);
  assert.is(again.blocks[2].gates, first.blocks[2].gates);
  assert.not.equal(again.detail.map, first.detail.map);
  const set = nan(64);
  set[0] = 1;
  const changed = await bundled.look({ ...shirt, picture: undefined, overrides: new Map([[4, set]]) });
  assert.is(changed.sheets[4], first.sheets[4]);
  assert.is.not(changed.sheets[5], first.sheets[5]);
  const other = await Inspection.open(await openSource(bytesOf("models/pretrained/fashion-mnist.safetensors"), "other"));
  const said = await other.look({ ...shirt, picture: undefined }).then(() => "nothing", (error: Error) => error.message);
  assert.match(said, /no picture was given yet/);
  other.close();
});

test("how pictures are prepared can be said otherwise", async () => {
  const own = { size: [8, 4], interpolation: "bilinear", channels: "rgb", mean: [0.1, 0.2, 0.3], std: [1, 2, 3] } as const;
  const file = { levels: "file", order: "file", part: "file" } as const;
  assert.equal(prepared(own, file), own);
  assert.equal(prepared(own, { ...file, order: "bgr" }), { ...own, channels: "bgr", mean: [0.3, 0.2, 0.1], std: [3, 2, 1] });
  assert.equal(prepared(own, { ...file, levels: "signed", order: "bgr", part: "whole" }), {
    ...own, channels: "bgr", range: 1, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], resize: [8, 4] });
  assert.equal(prepared(own, { ...file, levels: "imagenet", order: "bgr" }).mean, [0.406, 0.456, 0.485]);
  const gray = { ...own, channels: "gray", mean: [0.5], std: [0.5] } as const;
  assert.equal(prepared(gray, { levels: "bytes", order: "bgr", part: "middle" }), { ...gray, range: 255, mean: [0], std: [1], resize: 4 });
  const before = await bundled.look(shirt);
  bundled.prepare({ ...file, levels: "one" });
  assert.not.equal((await bundled.look(shirt)).probabilities, before.probabilities);
  bundled.prepare(file);
  assert.equal((await bundled.look(shirt)).probabilities, before.probabilities);
});

test("ONNX of a user's: the same gates and gradients as of the model it was written of", async () => {
  const model = createModel("se_resnet8", { classes: 3, inChannels: 1, width: 4, reduction: 4 }, 5).evaluate();
  const preprocessing = { size: [16, 16], resize: 18, interpolation: "bilinear", channels: "gray", mean: [0.5], std: [0.5] } as const;
  const { images } = drawTextures(1, 3);
  const data = Uint8ClampedArray.from({ length: 1024 }, (_, i) => (i % 4 === 3 ? 255 : 127 + 100 * images[i >> 2]));
  const picture = { width: 16, height: 16, data };
  const request = { picture, overrides: new Map(), selection: { block: 1, channel: 2, hidden: 0, pixel: 3 }, target: 1 };
  const files = [saveWeights(model, { preprocessing }), writeOnnx(lower(model, [1, 1, 16, 16]))];
  const [a, b] = await Promise.all(files.map(async (file, i) => {
    const inspection = await Inspection.open(await openSource(file, ["mine.safetensors", "mine.onnx"][i]));
    const look = await inspection.look(request);
    assert.is(inspection.opened(0).blocks.map(({ differs }) => differs).join(""), "");
    inspection.close();
    return look;
  }));
  a.gradients!.forEach((values, block) => values.forEach((value, c) => {
    assert.ok(Math.abs(value - b.gradients![block][c]) < 1e-4, `gradient ${block}.${c}: ${value} and ${b.gradients![block][c]}`);
    assert.ok(Math.abs(a.blocks[block].gates[c] - b.blocks[block].gates[c]) < 1e-5);
  }));
});

test("relatives have lines and numbers of their own, and the gradients of the session", async () => {
  const of = (network: string, options: object): Uint8Array => saveWeights(createModel(network, { classes: 4, ...options }, 1).evaluate());
  const onnx = writeOnnx(lower(createModel("se_resnet8", { classes: 4, attention: "scse" }, 1).evaluate(), [1, 3, 32, 32]));
  for (const [file, page, gates] of [
    [of("se_resnet8", { gate: "hard_sigmoid" }), "squeeze-excite", "hard_sigmoid"],
    [of("se_resnet8", { attention: "ese" }), "effective-squeeze-excite", "hard_sigmoid"],
    [of("se_resnet8", { attention: "eca" }), "efficient-channel-attention", "sigmoid"],
    [of("se_resnet8", { attention: "sse" }), "spatial-squeeze-excite", "sigmoid"],
    [of("se_resnet8", { attention: "scse" }), "squeeze-excite", "sigmoid"],
    [onnx, "squeeze-excite", "sigmoid"],
  ] as const) {
    const inspection = await Inspection.open(await openSource(file, "relative"));
    const { blocks } = inspection.opened(0);
    assert.equal([blocks[0].page, blocks[0].differs, blocks[0].activation], [page, "", gates]);
    const concurrent = blocks[0].concurrent ? [0, 1] : [0];
    for (const block of concurrent) {
      const look = await inspection.look({ ...shirt, selection: { block, channel: 1, hidden: 0, pixel: 5 }, target: 1 });
      assert.is(look.noGradients, undefined);
      const info = blocks[block];
      const numbers = numbersOf(look.detail, look.blocks[block].gates, info)!;
      const { forward: { s, e }, backward } = numbers;
      assert.is(s.length, info.count);
      s.forEach((gate, i) => assert.ok(Math.abs(gate - look.blocks[block].gates[i]) < 1e-5, `${info.name}, gate ${i}`));
      if (info.by === "pixel") e.forEach((sum, p) => assert.ok(Math.abs(sum - look.blocks[block].squeeze[p]) < 1e-4));
      const most = Math.max(...look.gradients![block].map(Math.abs), 1e-9);
      backward!.ds.forEach((value, i) => assert.ok(Math.abs(value - look.gradients![block][i]) < 1e-4 * most, `${info.name}, ds ${i}`));
      const { forward, backward: back } = pages[info.page!];
      const texts = [...forward, ...back].map((note) => note.text(numbers));
      assert.ok(texts.every((text) => text !== "" && !/NaN|undefined/.test(text)), texts.join("\n"));
      // A gate that is set is used, the others stay.
      const set = nan(info.count);
      set[2] = 0;
      const changed = await inspection.look({ ...shirt, selection: { ...selection, block }, overrides: new Map([[block, set]]) });
      assert.is(changed.blocks[block].gates[2], 0);
      assert.is(changed.blocks[block].gates[3], look.blocks[block].gates[3]);
    }
    assert.is(blocks.some(({ by }) => by === "pixel"), page === "spatial-squeeze-excite" || concurrent.length === 2);
    inspection.close();
  }
});

test("a block that no page has says what it is made of", async () => {
  const model = createModel("se_resnet8", { classes: 4, squeeze: "max" }, 1).evaluate();
  const inspection = await Inspection.open(await openSource(saveWeights(model), "other"));
  const [{ page, differs }] = inspection.opened(0).blocks;
  assert.equal([page, differs], [undefined, "its squeeze is the maximum, not the mean"]);
  const look = await inspection.look({ ...shirt, selection: { block: 0, channel: 0, hidden: 0, pixel: 0 }, target: 1 });
  assert.is(look.detail.forward, undefined);
  assert.ok(look.gradients!.every((values) => values.every(Number.isFinite)));
  inspection.close();
});

test("wrong files are refused in a sentence", async () => {
  const refused = async (bytes: Uint8Array, why: RegExp): Promise<void> => {
    const said = await openSource(bytes, "wrong").then(Inspection.open).then(() => "nothing", (error: Error) => error.message);
    assert.match(said, why);
  };
  await refused(new Uint8Array(0), /this is no network that the page reads/);
  await refused(new Uint8Array(100).fill(65), /this is no network that the page reads/);
  await refused(bytesOf("models/pretrained/fashion-mnist.safetensors").slice(0, 5000), /safetensors/);
  await refused(Uint8Array.of(8, 7, 18, 200), /onnx/i);
  await refused(saveWeights(createModel("resnet8", { classes: 3 }, 5)), /no gates/);
});

test("a sheet shows at most 64 channels, each from dark to light", () => {
  const values = Float32Array.from({ length: 100 * 4 }, (_, i) => i);
  const { width, height, pixels, shown, channels } = sheetOf(values, [100, 2, 2]);
  assert.equal([width, height, shown, channels], [23, 23, 64, 100]);
  assert.is(pixels[0], 0);
  assert.is(pixels[1], 1);
  assert.is(sheetOf(new Float32Array(3 * 112 * 112).fill(2), [3, 112, 112]).pixels[0], 255);
});

test.after(() => bundled.close());
test.run();
