/**
 * The page of learn/page in Chromium and Firefox, as far as this machine has them: what it asks the network for, what it answers beside the
 * command line, with other gates, files of the user's, training, keys, the camera, and what axe-core finds; and the bits of networks of
 * bytes. Wants (cd test/page && npm
 * install). With --shots DIR it leaves pictures of the page there. Closes with `N passed, N failed`.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { buildPage, pageBytes, sizes } from "../../learn/page/build.ts";
import { servePage } from "../../learn/page/serve.ts";
import { looks, status } from "./asking.ts";
import { sameBits } from "./bits.ts";
import { launch, pathOf } from "./browser.ts";
import type { Page } from "./browser.ts";
import { count, expect, sure, work } from "./counted.ts";
import { drive } from "./drive.ts";

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
    await plain.waitForFunction(`${looks} > 0 && /Kernels: wasm/.test(${status})`, { timeout: 60_000 });
    const said = String(await plain.evaluate(status));
    sure(/1 thread/.test(said), said);
    return said;
  });
  await sameBits(name, browser);
  if (name === "chrome" && at >= 0) await shots(await browser.newPage(), served.address, process.argv[at + 1]);
  await browser.close();
}
served.close();
bare.close();
rmSync(work, { recursive: true, force: true });
console.log(`\n${count.passed} passed, ${count.failed} failed`);
process.exit(count.failed === 0 ? 0 : 1);
