/** Fine-tuning: new labels over old images, a new head over loaded weights, frozen parameters, groups with rates of their own. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { main } from "../../../src/cli/program.ts";
import { freeze, parseGroups, relabelled } from "../../../src/cli/training/fine-tuning.ts";
import { parseSafetensors } from "../../../src/io/weights/safetensors.ts";
import { relabel } from "../../../src/train/data/relabel.ts";
import { saveWeights } from "../../../src/weights/weights.ts";
import type { Dataset } from "../../../src/train/data/dataset.ts";
import { quarters, tinyModel } from "../tiny.ts";

const halves = new Map([["upper", ["upper left", "1"]], ["lower", ["lower left", "lower right"]]]);

test("relabel: classes are joined by name or number, and those that nobody takes are left out", () => {
  const data = quarters(12, 1);
  const joined = relabel(data, halves);
  assert.equal(joined.classes, ["upper", "lower"]);
  assert.equal([...joined.labels], [...data.labels].map((label) => (label < 2 ? 0 : 1)));
  const some = relabel(data, new Map([["a", ["3"]], ["b", ["0"]]]));
  assert.is(some.size, 6);
  assert.equal([...some.labels], [1, 0, 1, 0, 1, 0]);
  assert.equal([...some.images.subarray(0, 144)], [...data.images.subarray(0, 144)]);
});

test("relabel: what makes no label set", () => {
  const data = quarters(8, 1);
  assert.throws(() => relabel(data, new Map([["a", ["0"]]])), /at least two new classes, got 1/);
  assert.throws(
    () => relabel(data, new Map([["a", ["0"]], ["b", ["upper leff"]]])), /"upper leff" \(for b\) is no class of this data set.*upper left/,
  );
  assert.throws(() => relabel(data, new Map([["a", ["0"]], ["b", ["4"]]])), /"4" \(for b\) is no class/);
  assert.throws(() => relabel(data, new Map([["a", ["0"]], ["b", ["upper left"]]])), /taken twice, by a and by b/);
  assert.throws(() => relabelled(data, "a=0;a=1"), /every new name once/);
  assert.throws(() => relabelled(data, "nothing"), /wants NEW=OLD/);
  assert.is(relabelled(data, ""), data);
});

test("groups and frozen names", () => {
  assert.equal(
    parseGroups("conv1, layer1:0.1; layer2:0.3:0.0001"),
    [{ names: ["conv1", "layer1"], rate: 0.1 }, { names: ["layer2"], rate: 0.3, weightDecay: 0.0001 }],
  );
  for (const bad of ["layer1", "layer1:x", ":1", "layer1:-1", "layer1:1:1:1"]) {
    assert.throws(() => parseGroups(bad), /--groups wants NAMES:RATE/);
  }
  const model = tinyModel();
  freeze(model, ["layer1"]);
  const frozen = [...model.namedParameters()].filter(([, parameter]) => parameter.frozen).map(([name]) => name);
  assert.ok(frozen.length > 5 && frozen.every((name) => name.startsWith("layer1.")));
  assert.throws(() => freeze(model, ["layer9"]), /--frozen names "layer9"/);
});

const folder = mkdtempSync(join(tmpdir(), "senet-fine-tuning-"));

function idx(shape: readonly number[], data: Uint8Array): Uint8Array {
  const header = Uint8Array.from([0, 0, 8, shape.length, ...shape.flatMap((n) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255])]);
  return Uint8Array.from([...header, ...data]);
}

function write(data: Dataset, prefix: string): void {
  writeFileSync(join(folder, `${prefix}-images-idx3-ubyte`), idx([data.size, 12, 12], data.images));
  writeFileSync(join(folder, `${prefix}-labels-idx1-ubyte`), idx([data.size], Uint8Array.from(data.labels)));
}

async function senet(...args: string[]): Promise<{ code: number; text: string }> {
  const { stdout, stderr } = process;
  const writes = [stdout.write, stderr.write];
  let text = "";
  for (const stream of [stdout, stderr]) stream.write = (part: string): boolean => ((text += part), true);
  try {
    return { code: await main(args), text };
  } finally {
    [stdout.write, stderr.write] = writes;
  }
}

test("the command: a new head learns, frozen parameters stay, the rest moves", async () => {
  write(quarters(40, 3), "train");
  write(quarters(20, 5), "t10k");
  const start = join(folder, "start.safetensors");
  const model = tinyModel(5);
  writeFileSync(start, saveWeights(model));
  const out = join(folder, "tuned.safetensors");
  const map = "upper=0,1;lower=2,3";
  const tuned = await senet(
    "train", "--from", start, "--relabel", map, "--data", folder, "--epochs", "12", "--batch", "8", "--lr", "0.1", "--frozen",
    "conv1,layer1", "--groups", "layer2:0.1", "--threads", "1", "--out", out,
  );
  assert.is(tuned.code, 0, tuned.text);
  assert.match(tuned.text, /new: fc\.weight, fc\.bias/);
  const { tensors } = parseSafetensors(new Uint8Array(readFileSync(out)));
  for (const [name, { value }] of model.namedParameters()) {
    const now = tensors.get(name)!;
    const same = now.size === value.size && now.data.every((v, i) => v === value.data[i]);
    assert.is(same, name.startsWith("conv1.") || name.startsWith("layer1."), name);
  }
  const measured = await senet("eval", "--weights", out, "--relabel", map, "--data", folder, "--threads", "1", "--json");
  assert.is(measured.code, 0, measured.text);
  assert.ok((JSON.parse(measured.text) as { accuracy: number }).accuracy > 0.8, measured.text);
});

test("the command: frozen statistics stay as the weights had them, with a session's kernels and with the eager ones", async () => {
  const out = join(folder, "still.safetensors");
  const model = tinyModel(5);
  const running = [...model.namedState()].filter(([name]) => name.includes(".running_"));
  for (const kernels of ["wasm", "plain"]) {
    for (const still of [true, false]) {
      const { code, text } = await senet("train", "--from", join(
        folder, "start.safetensors",
      ), "--data", folder, "--epochs", "1", "--batch", "8", "--threads", "1", "--kernels", kernels,
        "--out", out, "--overwrite", ...(still ? ["--frozen-statistics"] : []));
      assert.is(code, 0, text);
      const { tensors } = parseSafetensors(new Uint8Array(readFileSync(out)));
      for (const [name, { value }] of running) {
        assert.is(tensors.get(name)!.data.every((v, i) => v === value.data[i]), still, `${kernels}: ${name}`);
      }
    }
  }
});

test("the command: what cannot be tuned is one clear line and writes nothing", async () => {
  const out = join(folder, "none.safetensors");
  const start = join(folder, "start.safetensors");
  const run = (...more: string[]): Promise<{ code: number; text: string }> => senet(
    "train", "--data", folder, "--epochs", "1", "--batch", "8", "--threads", "1", "--out", out, ...more,
  );
  for (const [args, wanted] of [
    [["--from", join(folder, "absent.safetensors")], /absent/],
    [["--from", start, "--frozen", "layer9"], /names "layer9"/],
    [["--from", start, "--groups", "layer9:1"], /"layer9" names no parameter/],
    [["--from", start, "--relabel", "a=0;b=77"], /"77" \(for b\) is no class/],
    [["vgg11", "--from", start], /./],
  ] as const) {
    const { code, text } = await run(...args);
    assert.ok(code !== 0, args.join(" "));
    assert.match(text, wanted);
    assert.is(text.trim().split("\n").length, 1, text);
    assert.not.ok(existsSync(out));
  }
});

test("the folder is removed", () => {
  rmSync(folder, { recursive: true, force: true });
  assert.not.ok(existsSync(folder));
});

test.run();
