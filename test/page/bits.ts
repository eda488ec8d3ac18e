/** Networks of bytes have the published bits in browsers too, where these have other instructions for dot products than Node. */
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundler } from "../../learn/page/build.ts";
import { servePage } from "../../learn/page/serve.ts";
import { hashedNames } from "../quantise/int8-logits.ts";
import type { Runs } from "../quantise/int8-logits.ts";
import type { Browser, BrowserName } from "./browser.ts";
import { expect, root, sure, work } from "./counted.ts";

const ways: readonly Runs[] = [{ kernels: "wasm", threads: 1 }, { kernels: "wasm", threads: 2 }, { kernels: "plain", threads: 1 }];

interface Answer {
  readonly bytes: readonly number[];
  readonly kernels: string;
}

async function built(): Promise<string> {
  const out = join(work, "bits");
  mkdirSync(out, { recursive: true });
  const entryPoints = { bits: join(root, "test/page/bits-page.ts") };
  await bundler().build({ entryPoints, outdir: out, bundle: true, minify: true, format: "esm", target: "es2022", logLevel: "error" });
  copyFileSync(join(root, "models/pretrained/fashion-mnist.safetensors"), join(out, "fashion-mnist.safetensors"));
  writeFileSync(join(out, "index.html"), `<!doctype html><meta charset="utf-8"><script type="module" src="bits.js"></script>`);
  return out;
}

/** Each network on each kind of kernels, against test/fixtures/hashes-int8.json. */
export async function sameBits(name: BrowserName, browser: Browser): Promise<void> {
  const published = JSON.parse(readFileSync(join(root, "test/fixtures/hashes-int8.json"), "utf8")) as Readonly<Record<string, string>>;
  const served = await servePage(await built(), 0);
  const page = await browser.newPage();
  await page.goto(served.address);
  await page.waitForFunction("globalThis.int8 !== undefined", { timeout: 60_000 });
  for (const { kernels, threads } of ways) {
    await expect(`${name}: networks of bytes have the published bits, ${kernels} kernels, ${threads} thread(s)`, async () => {
      let said = "";
      for (const network of hashedNames) {
        const runs = JSON.stringify({ kernels, threads });
        const got = (await page.evaluate(`int8(${JSON.stringify(network)}, ${runs})`)) as Answer;
        const hash = createHash("sha256").update(Uint8Array.from(got.bytes)).digest("hex");
        sure(hash === published[network], `${network}: ${hash}, published ${published[network]}`);
        said = got.kernels;
      }
      return said;
    });
  }
  served.close();
}
