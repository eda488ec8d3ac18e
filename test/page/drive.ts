/** All that is tried on the page in one browser. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { person } from "../../learn/selfie/pictures.ts";
import { encodePng } from "../../src/io/images/png.ts";
import { axe, commandLine, compare, drawn, give, look, looks, problem, rest, status, userFiles } from "./asking.ts";
import { watch } from "./browser.ts";
import type { BrowserName, Page } from "./browser.ts";
import { expect, root, sure, work } from "./counted.ts";

const selfie = join(root, "test/peers/node_modules/@mediapipe/selfie_segmentation/selfie_segmentation.tflite");

export async function drive(name: BrowserName, page: Page, address: string): Promise<void> {
  const watched = watch(page);
  const test = (what: string, run: () => Promise<string | void>): Promise<void> => expect(`${name}: ${what}`, run);
  const files = await userFiles();

  await test("opens, and answers for a test picture", async () => {
    await page.goto(address);
    await page.waitForFunction(`${looks} > 0`, { timeout: 60_000 });
    const [drawing, first] = (await page.evaluate(
      `["drawing", "answer"].map((name) => performance.getEntriesByName(name)[0].startTime)`)) as [number, number];
    const times = `can be drawn on after ${drawing.toFixed(0)} ms, first answer after ${first.toFixed(0)} ms`;
    await page.waitForFunction(`/Kernels: wasm/.test(${status})`, { timeout: 60_000 });
    return `${times}; ${String(await page.evaluate(status))}`;
  });
  await test("is isolated and has threads", async () => {
    // The first answer is of plain kernels; the others are compiled after it.
    await page.waitForFunction(`/threads|1 thread/.test(${status})`, { timeout: 60_000 });
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
    await page.evaluate(rest);
    await page.mouse.move(...(await place("#chart-gates .area", 5.5 / 16, 0.5)));
    await page.evaluate(rest);
    sure((await channel()) === "5 of 16", `in the chart it is ${String(await channel())}`);
    await page.mouse.down();
    // Pressing sets the gate already: what that changes may move the chart, so its place is asked for after the page rests.
    await page.evaluate(rest);
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
    await axe(page);
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
  await test("shows a relative's own lines with their numbers, and takes gates of pixels by hand", async () => {
    await give(page, files.concurrent);
    await page.waitForFunction(`/concurrent/.test(${status}) && !/Opening/.test(${status})`, { timeout: 60_000 });
    const own = await look(page);
    await page.click("#flow li:nth-child(3) button");
    await page.click("#tab-forward");
    await page.waitForFunction(`/s\\[0\\] = sigmoid/.test(document.querySelector("#code").textContent)`, { timeout: 60_000 });
    const file = String(await page.evaluate(`document.querySelector("#lines-file").textContent`));
    sure(file === "kernels/reference/relatives/spatial-squeeze-excite.ts", file);
    await page.evaluate(
      `(() => { const gate = document.querySelector("#gate"); gate.value = "1"; gate.dispatchEvent(new Event("input")); })()`);
    const set = await look(page);
    sure(Object.keys(own).some((key) => own[key] !== set[key]), "the answer did not change");
    await page.click("#reset");
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
  await test("nothing is cut off and nothing overlaps, from a telephone's width to a desk's", async () => {
    for (const width of [320, 390, 800, 1000, 1280, 1920]) {
      await page.setViewport({ width, height: 900 });
      const wrong = (await page.evaluate(`(async () => {
        await new Promise((done) => setTimeout(done, 200));
        const wrong = [];
        if (document.documentElement.scrollWidth > innerWidth) wrong.push("the page is wider than its window");
        const boxes = [...document.querySelectorAll("section, #flow > li, .channel > *, .charts > *")]
          .filter((each) => each.offsetParent !== null);
        const place = (each) => each.getBoundingClientRect();
        for (const a of boxes) for (const b of boxes) {
          if (a === b || a.contains(b) || b.contains(a)) continue;
          const [p, q] = [place(a), place(b)];
          const over = p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 1 && q.top < p.bottom - 1;
          if (over && !scrolled(a) && !scrolled(b)) {
            wrong.push(a.id + " " + a.className + " lies over " + b.id + " " + b.className);
          }
        }
        function scrolled(each) {
          const list = document.querySelector("#flow");
          return list.contains(each) && list.scrollHeight > list.clientHeight;
        }
        for (const each of document.querySelectorAll("button, label, p, figcaption, h1, h2, h3, li, .head span, .ends span, .line")) {
          if (each.offsetParent === null) continue;
          const outer = each.closest("section, header, footer") ?? document.body;
          if (place(each).right <= place(outer).right + 1) continue;
          wrong.push(each.tagName + " " + each.className + " goes beyond: " + each.textContent.slice(0, 40));
        }
        return wrong;
      })()`)) as string[];
      sure(wrong.length === 0, `at ${width}: ${wrong.slice(0, 5).join("; ")}`);
    }
    await page.setViewport({ width: 1280, height: 900 });
  });
  await test("axe-core finds nothing serious", () => axe(page));
  await test("no error in the console, no foreign request", async () => {
    const foreign = watched.addresses.filter((url) => !url.startsWith(address) && !url.startsWith("data:") && !url.startsWith("blob:"));
    sure(foreign.length === 0, `it asked for ${foreign.join()}`);
    sure(watched.errors.length === 0, watched.errors.join("\n"));
    return `${watched.addresses.length} requests, all its own`;
  });
}
