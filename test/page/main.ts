/**
 * The page of learn/page in Chromium and Firefox, as far as this machine has them: what it asks the network for, what it answers beside the
 * command line, with other gates, files of the user's, training, keys, the camera, and what axe-core finds. Wants (cd test/page && npm
 * install). With --shots DIR it leaves pictures of the page there. Closes with `N passed, N failed`.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { buildPage, pageBytes, sizes } from "../../learn/page/build.ts";
import { servePage } from "../../learn/page/serve.ts";
import { person } from "../../learn/selfie/pictures.ts";
import { createModel } from "../../models/index.ts";
import { encodePng } from "../../src/io/images/png.ts";
import { writeOnnx } from "../../src/io/onnx/write.ts";
import { lower } from "../../src/nn/lower.ts";
import { saveWeights } from "../../src/weights.ts";
import { runFile } from "../support/runtime.ts";
import { launch, pathOf, watch } from "./browser.ts";
import type { BrowserName, Page } from "./browser.ts";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");
const selfie = join(root, "test/peers/node_modules/@mediapipe/selfie_segmentation/selfie_segmentation.tflite");
const work = mkdtempSync(join(tmpdir(), "senet-page-"));
let [passed, failed] = [0, 0];

/** Counts one expectation; the rest goes on after a failure. */
async function expect(what: string, test: () => Promise<string | void>): Promise<void> {
  try {
    const said = await test();
    passed++;
    console.log(`ok   ${what}${said === undefined ? "" : `: ${said}`}`);
  } catch (error) {
    failed++;
    console.log(`FAIL ${what}\n${(error as Error).message}`);
  }
}

function sure(holds: boolean, why: string): void {
  if (!holds) throw new Error(why);
}

/** What the command line says of a picture, by class. */
async function commandLine(image: string, ...more: string[]): Promise<ReadonlyMap<string, number>> {
  const { code, output, errors } = await runFile(join(root, "src/cli/main.ts"), ["classify", image, "--json", "--top", "10", ...more], 120);
  sure(code === 0, errors);
  const [{ guesses }] = JSON.parse(output) as [{ readonly guesses: readonly { readonly class: string; readonly probability: number }[] }];
  return new Map(guesses.map((guess) => [guess.class, guess.probability]));
}

const answer = `Object.fromEntries([...document.querySelectorAll(".class")].map((row) =>
  [row.querySelector(".name").textContent, Number(row.dataset.probability)]))`;
const looks = `Number(document.querySelector("#classes").dataset.looks ?? 0)`;
/** Lets the page answer for what was done, and come to rest. */
const rest = `new Promise((done) => { const host = document.querySelector("#classes"); let timer = setTimeout(done, 400);
  new MutationObserver(() => { clearTimeout(timer); timer = setTimeout(done, 250); }).observe(host, { attributes: true }); })`;

/** @throws Error unless the page says what the command line says */
function compare(page: Readonly<Record<string, number>>, wanted: ReadonlyMap<string, number>): number {
  let most = 0;
  for (const [name, probability] of wanted) {
    sure(name in page, `the page has no class ${name}: ${Object.keys(page).join()}`);
    most = Math.max(most, Math.abs(page[name] - probability));
  }
  sure(most <= 1e-6, `probabilities differ by ${most}: ${JSON.stringify(page)} and ${JSON.stringify([...wanted])}`);
  return most;
}

async function look(page: Page): Promise<Readonly<Record<string, number>>> {
  await page.evaluate(rest);
  return (await page.evaluate(answer)) as Record<string, number>;
}

/** The drawing as a file. */
async function drawn(page: Page, name: string): Promise<string> {
  const { width, height, data } = (await page.evaluate(`(() => { const canvas = document.querySelector("#drawing");
    const { width, height } = canvas;
    return { width, height, data: [...canvas.getContext("2d").getImageData(0, 0, width, height).data] }; })()`
  )) as { readonly width: number; readonly height: number; readonly data: number[] };
  const file = join(work, name);
  const png = await encodePng({ width, height, data: Uint8ClampedArray.from(data) });
  writeFileSync(file, png);
  return file;
}

async function give(page: Page, file: string): Promise<void> {
  await (await page.$("#file"))!.uploadFile(file);
}

const problem = `document.querySelector("#problem").hidden ? "" : document.querySelector("#problem").textContent`;
const status = `document.querySelector("#status").textContent`;

/** Files of a user's: a network that describes itself, the same as ONNX, and wrong ones. */
async function userFiles(): Promise<{ readonly weights: string; readonly onnx: string; readonly wrong: readonly [string, RegExp][] }> {
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
    onnx: write("mine.onnx", writeOnnx(lower(model, [1, 1, 28, 28]))),
    wrong: [
      [write("notes.txt", "Dear diary, today I trained a network."), /this is no network that the page reads/],
      [write("half.safetensors", bytes.slice(0, bytes.length >> 1)), /half\.safetensors: .*(truncated|ends|bytes)/i],
      [write("plain.safetensors", saveWeights(plain, { preprocessing })), /no gates/],
      [write("broken.png", bytes.slice(0, 100)), /cannot read this picture/],
    ],
  };
}

async function drive(name: BrowserName, page: Page, address: string): Promise<void> {
  const watched = watch(page);
  const test = (what: string, run: () => Promise<string | void>): Promise<void> => expect(`${name}: ${what}`, run);
  const files = await userFiles();

  await test("opens, and answers for a test picture", async () => {
    const began = performance.now();
    await page.goto(address);
    await page.waitForFunction(`${looks} > 0`, { timeout: 60_000 });
    return `first answer after ${(performance.now() - began).toFixed(0)} ms; ${String(await page.evaluate(status))}`;
  });
  await test("is isolated and has threads", async () => {
    sure(/threads|1 thread/.test(String(await page.evaluate(status))), "the status does not say how many threads");
    sure((await page.evaluate("crossOriginIsolated")) === true, "it is not isolated");
  });
  for (const sample of ["shirt-0004", "bag-0018", "ankle-boot-0000"]) {
    await test(`classifies ${sample} as the command line does`, async () => {
      await page.click(`.sample[aria-label="${sample.replace(/-\d+$/, "").replaceAll("-", " ")}"]`);
      const most = compare(await look(page), await commandLine(join(root, `models/pretrained/samples/${sample}.png`)));
      return `largest difference ${most}`;
    });
  }
  await test("classifies what is drawn with the pointer as the command line does", async () => {
    await page.click("#clear");
    const box = (await page.evaluate(`(() => { const { left, top, width } = document.querySelector("#drawing").getBoundingClientRect();
      return { left, top, width }; })()`)) as { readonly left: number; readonly top: number; readonly width: number };
    const at = (x: number, y: number): [number, number] => [box.left + x * box.width, box.top + y * box.width];
    const strokes: [number, number][][] = [
      [[0.3, 0.15], [0.3, 0.9]], [[0.7, 0.15], [0.7, 0.9]], [[0.3, 0.15], [0.7, 0.15]], [[0.35, 0.3], [0.65, 0.3]]];
    for (const [from, ...rest] of strokes) {
      await page.mouse.move(...at(...from));
      await page.mouse.down();
      for (const to of rest) await page.mouse.move(...at(...to), { steps: 8 });
      await page.mouse.up();
    }
    const most = compare(await look(page), await commandLine(await drawn(page, `${name}-drawn.png`)));
    return `largest difference ${most}`;
  });
  await test("draws with keys alone", async () => {
    const before = readFileSync(await drawn(page, "before.png"));
    await page.focus("#drawing");
    for (const key of [" ", "ArrowDown", "ArrowDown", "ArrowRight", " "]) await page.keyboard.press(key);
    const most = compare(await look(page), await commandLine(await drawn(page, `${name}-keys.png`)));
    sure(String(before) !== String(readFileSync(join(work, `${name}-keys.png`))), "nothing was drawn");
    return `largest difference ${most}`;
  });
  await test("reacts to a changed gate", async () => {
    await page.click('.sample[aria-label="shirt"]');
    const own = await look(page);
    await page.click("#flow li:nth-child(6) button");
    await page.evaluate(rest);
    const times = (await page.evaluate(`(async () => {
      const [gate, host, times] = [document.querySelector("#gate"), document.querySelector("#classes"), []];
      for (let i = 0; i < 50; i++) {
        const answered = new Promise((done) =>
          new MutationObserver((_, watcher) => { watcher.disconnect(); done(); }).observe(host, { attributes: true }));
        const began = performance.now();
        gate.value = String(((i * 37) % 101) / 100);
        gate.dispatchEvent(new Event("input"));
        await answered;
        times.push(performance.now() - began);
        await new Promise(requestAnimationFrame);
      }
      return times.sort((a, b) => a - b);
    })()`)) as number[];
    sure(times[25] < 250, `median ${times[25]} ms`);
    const set = await look(page);
    sure(Object.keys(own).some((key) => own[key] !== set[key]), "the answer did not change");
    await page.click("#reset");
    const again = await look(page);
    sure(Object.keys(own).every((key) => own[key] === again[key]), "its own gates do not give its own answer again");
    return `median of 50: ${times[25].toFixed(1)} ms, slowest ${times[49].toFixed(1)} ms`;
  });
  await test("looks at the channel that the mouse points at, in a stage and in a chart, and drags its gate", async () => {
    await page.evaluate(`document.querySelector("#flow").scrollIntoView()`);
    const place = async (selector: string, x: number, y: number): Promise<[number, number]> => {
      const [left, top, width, height] = (await page.evaluate(`(() => { const { left, top, width, height } =
        document.querySelector("${selector}").getBoundingClientRect(); return [left, top, width, height]; })()`)) as number[];
      return [left + x * width, top + y * height];
    };
    const channel = (): Promise<unknown> => page.evaluate(`document.querySelector("#channel-name").textContent`);
    await page.mouse.move(...(await place("#flow li:nth-child(2) canvas", 0.9, 0.9)));
    await page.evaluate(rest);
    sure((await channel()) === "15 of 16", `in the stage it is ${String(await channel())}`);
    await page.evaluate(`document.querySelector("#chart-gates").scrollIntoView({ block: "center" })`);
    await page.mouse.move(...(await place("#chart-gates .area", 5.5 / 16, 0.5)));
    await page.evaluate(rest);
    sure((await channel()) === "5 of 16", `in the chart it is ${String(await channel())}`);
    await page.mouse.down();
    await page.mouse.move(...(await place("#chart-gates .area", 5.5 / 16, 0.1)), { steps: 4 });
    await page.mouse.up();
    await page.evaluate(rest);
    const gate = String(await page.evaluate(`document.querySelector("#gate-value").textContent`));
    sure(/^0\.(8|9)\d* ✎$/.test(gate), `its gate is ${gate}`);
    await page.focus("#chart-gates .area");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowUp");
    await page.evaluate(rest);
    const said = String(await page.evaluate(`document.querySelector("#chart-gates .area").getAttribute("aria-valuetext")`));
    sure(/^gate 6: .*set by hand$/.test(said), said);
    await page.click("#reset");
    await page.evaluate(rest);
    return `${gate}; by keys ${said}`;
  });
  await test("switches SE off as `senet` does with gates at 1", async () => {
    await page.evaluate(`(() => { const se = document.querySelector("#se"); se.value = "one"; se.dispatchEvent(new Event("change")); })()`);
    const off = await look(page);
    await page.click("#reset");
    const own = await look(page);
    sure(Object.keys(own).some((key) => Math.abs(own[key] - off[key]) > 0.01), "nothing changed");
  });
  await test("sends the loss of a wrong class backward", async () => {
    await page.click(".class:nth-child(3)");
    await page.waitForFunction(`/gradient/.test(document.querySelector("#changes").textContent)`, { timeout: 60_000 });
    const before = await look(page);
    sure(/ds\[\d+\] = /.test(String(await page.evaluate(`document.querySelector("#code").textContent`))), "the lines have no numbers");
    for (let i = 0; i < 3; i++) {
      await page.click("#follow");
      await page.evaluate(rest);
    }
    const after = await look(page);
    sure(after.Pullover > before.Pullover, `three steps against the gradient took Pullover from ${before.Pullover} to ${after.Pullover}`);
    await page.click("#forget");
    await page.click("#reset");
    return `Pullover from ${before.Pullover.toFixed(3)} to ${after.Pullover.toFixed(3)} in three steps of the gates`;
  });
  await test("opens a network of the user's", async () => {
    await give(page, files.weights);
    await page.waitForFunction(`/mine\\.safetensors/.test(${status}) && !/Opening/.test(${status})`, { timeout: 60_000 });
    await page.click("#clear");
    const most = compare(await look(page), await commandLine(await drawn(page, "mine.png"), "--weights", files.weights));
    return `largest difference ${most}; ${String(await page.evaluate(status))}`;
  });
  await test("opens ONNX of the user's", async () => {
    await give(page, files.onnx);
    await page.waitForFunction(`/mine\\.onnx/.test(${status}) && !/Opening/.test(${status})`, { timeout: 60_000 });
    const values = Object.values(await look(page));
    sure(values.length === 3 && Math.abs(values.reduce((a, b) => a + b) - 1) < 1e-4, `it answers ${values.join()}`);
  });
  for (const [file, sentence] of files.wrong) {
    await test(`refuses ${file.slice(work.length + 1)}, and keeps what it has`, async () => {
      await give(page, file);
      await page.waitForFunction(`(${problem}) !== ""`, { timeout: 60_000 });
      const said = String(await page.evaluate(problem));
      sure(sentence.test(said), said);
      sure(/mine\.onnx/.test(String(await page.evaluate(status))), "the network before is gone");
      await page.click("#invert");
      sure(Object.keys(await look(page)).length === 3, "it answers no more");
      return said;
    });
  }
  await test("trains in a worker while the page stays lively", async () => {
    const { losses, frames } = (await page.evaluate(`(async () => {
      const [text, losses, frames] = [document.querySelector("#training-text"), [], []];
      new MutationObserver(() => losses.push(Number(text.dataset.loss)))
        .observe(text, { attributes: true, attributeFilter: ["data-loss"] });
      document.querySelector("#train").click();
      let last = performance.now();
      while (document.querySelector("#open-trained").disabled) {
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        frames.push(now - last);
        last = now;
      }
      return { losses, frames };
    })()`)) as { readonly losses: number[]; readonly frames: number[] };
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    const [first, end] = [mean(losses.slice(0, 10)), mean(losses.slice(-10))];
    sure(end < first / 2, `the loss went from ${first} to ${end}`);
    const sorted = [...frames].sort((a, b) => a - b);
    const perSecond = 1000 / mean(frames);
    sure(perSecond > 10, `${perSecond} frames a second`);
    const said = String(await page.evaluate(`document.querySelector("#training-text").textContent`));
    return `loss ${first.toFixed(3)} to ${end.toFixed(3)}; ${perSecond.toFixed(1)} frames a second, ` +
      `19 of 20 within ${sorted[Math.floor(0.95 * sorted.length)].toFixed(0)} ms; ${said}`;
  });
  await test("looks into what it trained", async () => {
    await page.click("#open-trained");
    await page.waitForFunction(`/trained here/.test(${status}) && !/Opening/.test(${status})`, { timeout: 60_000 });
    await page.click('.sample[aria-label="checks"]');
    const values = await look(page);
    sure(values.checks > 0.5, JSON.stringify(values));
  });
  if (existsSync(selfie)) {
    await test("shows MediaPipe's mask and its ten gates, of a picture and of the camera", async () => {
      await give(page, selfie);
      await page.waitForFunction(`/selfie segmentation/.test(${status}) && !/Opening/.test(${status})`, { timeout: 60_000 });
      const file = join(work, "person.png");
      writeFileSync(file, await encodePng(person(1)));
      await give(page, file);
      await page.evaluate(rest);
      const { person: share } = await look(page);
      const { mask, gateMeans } = JSON.parse(readFileSync(join(root, "test/fixtures/trained/selfie.json"), "utf8")) as {
        readonly mask: { readonly share_above_half: number }; readonly gateMeans: Readonly<Record<string, number>>;
      };
      sure(Math.abs(share - mask.share_above_half) < 1e-4, `${share} of the pixels, wanted ${mask.share_above_half}`);
      const texts = (await page.evaluate(
        `[...document.querySelectorAll("#flow button .stage-text")].map((each) => each.textContent)`)) as string[];
      Object.values(gateMeans).forEach((mean, b) => sure(texts[b].includes(`mean ${mean.toFixed(3)}`), `${texts[b]}, wanted ${mean}`));
      const before = Number(await page.evaluate(looks));
      await page.click("#camera");
      const began = performance.now();
      await page.waitForFunction(`${looks} >= ${before + 10}`, { timeout: 60_000 });
      const each = (performance.now() - began) / 10;
      await page.click("#camera");
      return `${(100 * share).toFixed(2)} % of the pixels; ${each.toFixed(0)} ms a frame of the camera`;
    });
  } else console.log(`skipped: MediaPipe's selfie segmentation is not installed ((cd test/peers && npm install))`);
  await test("shows the camera", async () => {
    const before = Number(await page.evaluate(looks));
    await page.click("#camera");
    await page.waitForFunction(`${looks} > ${before + 3}`, { timeout: 30_000 });
    await page.click("#camera");
  });
  await test("axe-core finds nothing serious", async () => {
    await page.evaluate(readFileSync(join(here, "node_modules/axe-core/axe.min.js"), "utf8"));
    const found = (await page.evaluate(`axe.run().then(({ violations }) => violations.map(({ id, impact, nodes }) =>
      impact + " " + id + ": " + nodes.slice(0, 3).map(({ html }) => html.slice(0, 120)).join(" | ")))`)) as string[];
    sure(!found.some((line) => /^(serious|critical)/.test(line)), found.join("\n"));
    return `${found.length} lesser findings${found.length === 0 ? "" : `: ${found.join("; ")}`}`;
  });
  await test("no error in the console, no foreign request", async () => {
    const foreign = watched.addresses.filter((url) => !url.startsWith(address) && !url.startsWith("data:") && !url.startsWith("blob:"));
    sure(foreign.length === 0, `it asked for ${foreign.join()}`);
    sure(watched.errors.length === 0, watched.errors.join("\n"));
    return `${watched.addresses.length} requests, all its own`;
  });
}

/** Pictures of the page for who looks at it: light, dark, as narrow as a telephone, and with forced colours. */
async function shots(page: Page, address: string, folder: string): Promise<void> {
  await page.goto(address);
  await page.waitForFunction(`${looks} > 0`);
  await page.click('.sample[aria-label="shirt"]');
  await page.click(".class:nth-child(3)");
  await page.waitForFunction(`/gradient/.test(document.querySelector("#changes").textContent)`, { timeout: 60_000 });
  await page.click("#train");
  await page.waitForFunction(`!document.querySelector("#open-trained").disabled`, { timeout: 60_000 });
  const session = await page.createCDPSession();
  const ways: [string, number, string, string][] = [
    ["light", 1280, "light", "none"], ["dark", 1280, "dark", "none"], ["narrow", 390, "light", "none"], ["forced", 1280, "dark", "active"]];
  for (const [name, width, scheme, forced] of ways) {
    await page.setViewport({ width, height: 900 });
    await session.send("Emulation.setEmulatedMedia", {
      features: [{ name: "prefers-color-scheme", value: scheme }, { name: "forced-colors", value: forced }] });
    await page.evaluate("scrollTo(0, 0); new Promise((done) => setTimeout(done, 900))");
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  }
}

const out = join(work, "page");
const built = await buildPage(out);
await expect("the page has at most 200 KB after gzip", async () => {
  sure(pageBytes(built).page <= 200 * 1024, sizes(built));
  return sizes(built);
});
const served = await servePage(out, 0);
const bare = await servePage(out, 0, false);
const at = process.argv.indexOf("--shots");
for (const name of ["chrome", "firefox"] as const) {
  const path = pathOf(name);
  if (path === undefined) {
    console.log(`skipped: this machine has no ${name} (apt-get install ${name === "chrome" ? "chromium" : "firefox-esr"})`);
    continue;
  }
  const browser = await launch(name, path);
  console.log(`\n${path}: ${await browser.version()}`);
  const page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 900 });
  await drive(name, page, served.address);
  await expect(`${name}: works where the page is not isolated, and says that it has one thread`, async () => {
    const plain = await browser.newPage();
    await plain.goto(bare.address);
    await plain.waitForFunction(`${looks} > 0`, { timeout: 60_000 });
    const said = String(await plain.evaluate(status));
    sure(/1 thread/.test(said), said);
    return said;
  });
  if (name === "chrome" && at >= 0) await shots(await browser.newPage(), served.address, process.argv[at + 1]);
  await browser.close();
}
served.close();
bare.close();
rmSync(work, { recursive: true, force: true });
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
