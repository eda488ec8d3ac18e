/** Asking the page, and the command line: programs for the page are texts. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createModel } from "../../models/index.ts";
import { encodePng } from "../../src/io/images/png.ts";
import { writeOnnx } from "../../src/io/onnx/write.ts";
import { lower } from "../../src/nn/lower.ts";
import { saveWeights } from "../../src/weights/weights.ts";
import { runFile } from "../support/runtime.ts";
import type { Page } from "./browser.ts";
import { root, sure, work } from "./counted.ts";

/** What the command line says of a picture, by class. */
export async function commandLine(image: string, ...more: string[]): Promise<ReadonlyMap<string, number>> {
  const { code, output, errors } = await runFile(join(root, "src/cli/main.ts"), ["classify", image, "--json", "--top", "10", ...more], 120);
  sure(code === 0, errors);
  const [{ guesses }] = JSON.parse(output) as [{ readonly guesses: readonly { readonly class: string; readonly probability: number }[] }];
  return new Map(guesses.map((guess) => [guess.class, guess.probability]));
}

export const answer = `Object.fromEntries([...document.querySelectorAll(".class")].map((row) =>
  [row.querySelector(".name").textContent, Number(row.dataset.probability)]))`;
export const looks = `Number(document.querySelector("#classes").dataset.looks ?? 0)`;
/** Lets the page answer for what was done, and come to rest. */
export const rest = `new Promise((done) => { const host = document.querySelector("#classes"); let timer = setTimeout(done, 400);
  new MutationObserver(() => { clearTimeout(timer); timer = setTimeout(done, 250); }).observe(host, { attributes: true }); })`;

/** @throws Error unless the page says what the command line says */
export function compare(page: Readonly<Record<string, number>>, wanted: ReadonlyMap<string, number>): number {
  let most = 0;
  for (const [name, probability] of wanted) {
    sure(name in page, `the page has no class ${name}: ${Object.keys(page).join()}`);
    most = Math.max(most, Math.abs(page[name] - probability));
  }
  sure(most <= 1e-6, `probabilities differ by ${most}: ${JSON.stringify(page)} and ${JSON.stringify([...wanted])}`);
  return most;
}

export async function look(page: Page): Promise<Readonly<Record<string, number>>> {
  await page.evaluate(rest);
  return (await page.evaluate(answer)) as Record<string, number>;
}

/** The drawing as a file. */
export async function drawn(page: Page, name: string): Promise<string> {
  const { width, height, data } = (await page.evaluate(`(() => { const canvas = document.querySelector("#drawing");
    const { width, height } = canvas;
    return { width, height, data: [...canvas.getContext("2d").getImageData(0, 0, width, height).data] }; })()`
  )) as { readonly width: number; readonly height: number; readonly data: number[] };
  const file = join(work, name);
  const png = await encodePng({ width, height, data: Uint8ClampedArray.from(data) });
  writeFileSync(file, png);
  return file;
}

export async function give(page: Page, file: string): Promise<void> {
  await (await page.$("#file"))!.uploadFile(file);
}

export const problem = `document.querySelector("#problem").hidden ? "" : document.querySelector("#problem").textContent`;
export const status = `document.querySelector("#status").textContent`;

/** Files of a user's: a network that describes itself, the same as ONNX, and wrong ones. */
export async function userFiles(): Promise<{
  readonly weights: string; readonly onnx: string; readonly concurrent: string; readonly wrong: readonly [string, RegExp][];
}> {
  const model = createModel("se_resnet8", { classes: 3, inChannels: 1, width: 4, reduction: 4 }, 5).evaluate();
  const preprocessing = { size: [28, 28], interpolation: "bilinear", channels: "gray", mean: [0.5], std: [0.5] } as const;
  const bytes = saveWeights(model, { classes: ["one", "two", "three"], preprocessing });
  const write = (name: string, data: Uint8Array | string): string => {
    writeFileSync(join(work, name), data);
    return join(work, name);
  };
  const plain = createModel("resnet8", { classes: 3, inChannels: 1, width: 4 }, 5).evaluate();
  return {
    weights: write("mine.safetensors", bytes),
    concurrent: write("concurrent.safetensors", saveWeights(
      createModel("se_resnet8", { classes: 3, inChannels: 1, width: 4, attention: "scse" }, 5).evaluate(),
      { classes: ["one", "two", "three"], preprocessing })),
    onnx: write("mine.onnx", writeOnnx(lower(model, [1, 1, 28, 28]))),
    wrong: [
      [write("notes.txt", "Dear diary, today I trained a network."), /this is no network that the page reads/],
      [write("half.safetensors", bytes.slice(0, bytes.length >> 1)), /half\.safetensors: .*(truncated|ends|bytes)/i],
      [write("plain.safetensors", saveWeights(plain, { preprocessing })), /no gates/],
      [write("broken.png", bytes.slice(0, 100)), /cannot read this picture/],
    ],
  };
}

/** @throws Error with what axe-core finds, where some of it is serious */
export async function axe(page: Page): Promise<string> {
  await page.evaluate(readFileSync(join(root, "test/page/node_modules/axe-core/axe.min.js"), "utf8"));
  const found = (await page.evaluate(`axe.run().then(({ violations }) => violations.map(({ id, impact, nodes }) =>
    impact + " " + id + ": " + nodes.slice(0, 3).map(({ html }) => html.slice(0, 120)).join(" | ")))`)) as string[];
  sure(!found.some((line) => /^(serious|critical)/.test(line)), found.join("\n"));
  return `${found.length} lesser findings${found.length === 0 ? "" : `: ${found.join("; ")}`}`;
}
