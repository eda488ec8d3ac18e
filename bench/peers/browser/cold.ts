/**
 * The time to the first answer: a browser with an empty profile opens a page that loads an engine and a network and computes one image.
 * From the begin of the navigation; files come from this machine, so that no network's speed is in it.
 */
import { createModel } from "../../../models/index.ts";
import { table, thousands } from "../../../src/cli/terminal.ts";
import { Tensor } from "../../../src/tensor.ts";
import { loadWeights } from "../../../src/weights/weights.ts";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Job } from "../contender.ts";
import { bundleText } from "../bundle.ts";
import { launch } from "./chromium.ts";
import type { FileServer } from "./serve.ts";

/** Modules of a page, as a user would write them for this network: senet with the one family that it needs. */
const families: Readonly<Record<string, readonly [file: string, call: string]>> = {
  bundled: ["models/residual/resnet.ts", "smallResnet as build"],
  seresnet50: ["models/residual/resnet.ts", "resnet as build"],
  mobilenet_v3_large: ["models/mobile/mobilenet-v3.ts", "mobilenetV3 as build"],
};
const leading: Readonly<Record<string, string>> = { bundled: "20, true, ", seresnet50: "50, true, ", mobilenet_v3_large: `"large", ` };

/** What is answered: the same numbers for everybody, exact in every engine. */
const input = `Float32Array.from({ length: size }, (_, i) => ((i * 2654435761) % 4096) / 2048 - 1)`;

function prelude({ input: shape }: Job, file: string): string {
  const [, channels, height, width] = shape;
  return `
    const file = fetch(${JSON.stringify(file)}).then((answer) => answer.arrayBuffer());
    const [size, channels, pixels] = [${shape.reduce((a, b) => a * b, 1)}, ${channels}, ${height * width}];
    const x = ${input};
    const nhwc = () => Float32Array.from(x, (_, i) => x[(i % channels) * pixels + Math.floor(i / channels)]);
    const done = (answer) => { globalThis.first = { ms: performance.now(), answer: [...answer] }; };`;
}

export interface ColdContender {
  readonly name: string;
  module(job: Job): string | undefined;
}

export const coldContenders: readonly ColdContender[] = [
  {
    name: "senet (senet/session/lean)",
    module: (job) => {
      const family = families[job.model];
      return family === undefined ? undefined : `
        import { ${family[1]} } from "../../${family[0]}";
        import { compile } from "../../src/session/lean.ts";
        import { loadWeights } from "../../src/weights/lean.ts";
        import { Tensor } from "../../src/tensor.ts";
        ${prelude(job, job.files.weights)}
        const model = build(${JSON.stringify(job.network[0])}, ${leading[job.model]}${JSON.stringify(job.network[1])});
        loadWeights(model, await file);
        const session = await compile(model, { input: ${JSON.stringify(job.input)}, threads: 1 });
        done(session.run(new Tensor(x, ${JSON.stringify(job.input)})).data);`;
    },
  },
  {
    name: "the same, compiled while the weights load",
    module: (job) => {
      const family = families[job.model];
      return family === undefined ? undefined : `
        import { ${family[1]} } from "../../${family[0]}";
        import { compile } from "../../src/session/lean.ts";
        import { loadWeights } from "../../src/weights/lean.ts";
        import { Tensor } from "../../src/tensor.ts";
        ${prelude(job, job.files.weights)}
        const model = build(${JSON.stringify(job.network[0])}, ${leading[job.model]}${JSON.stringify(job.network[1])});
        const session = await compile(model, { input: ${JSON.stringify(job.input)}, threads: 1 });
        loadWeights(model, await file);
        session.refresh();
        done(session.run(new Tensor(x, ${JSON.stringify(job.input)})).data);`;
    },
  },
  {
    name: "onnxruntime-web",
    module: (job) => `
      import * as ort from "/packages/onnxruntime-web/dist/ort.wasm.min.mjs";
      ${prelude(job, job.files.onnx)}
      ort.env.wasm.numThreads = 1;
      const session = await ort.InferenceSession.create(new Uint8Array(await file), { executionProviders: ["wasm"] });
      const { output } = await session.run({ input: new ort.Tensor("float32", x, ${JSON.stringify(job.input)}) });
      done(output.data);`,
  },
  {
    name: "LiteRT.js",
    module: (job) => (job.files.converted?.nhwc === undefined ? undefined : `
      import { Tensor, loadAndCompile, loadLiteRt } from "@litertjs/core";
      ${prelude(job, job.files.converted.nhwc)}
      await loadLiteRt("/packages/@litertjs/core/wasm/");
      const model = await loadAndCompile(new Uint8Array(await file), { accelerator: "wasm" });
      const [output] = await model.run([new Tensor(nhwc(), [1, ${[...job.input.slice(2), job.input[1]].join()}])]);
      done(output.toTypedArray());`),
  },
];

export interface ColdOptions {
  readonly chromium: string;
  readonly server: FileServer;
  readonly address: string;
  /** Where bundles go; the server gives it out as built. */
  readonly folder: string;
  readonly rounds: number;
  /** On disk, for the judge. */
  readonly weights: string;
  tick(share: number): void;
}

/** Races for the first answer, in turns. @returns a table */
export async function coldRace(job: Job, options: ColdOptions): Promise<string> {
  const { chromium, server, address, folder, rounds, tick } = options;
  const judge = createModel(...job.network, null);
  loadWeights(judge, readFileSync(options.weights));
  const size = job.input.reduce((a, b) => a * b, 1);
  const x = Float32Array.from({ length: size }, (_, i) => ((i * 2654435761) % 4096) / 2048 - 1);
  const expected = judge.forward(new Tensor(x, job.input)).data;
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

  const entries = [];
  for (const [i, { name, module }] of coldContenders.entries()) {
    const text = module(job);
    if (text === undefined) continue;
    const file = `cold-${job.model}-${i}.js`;
    await bundleText(text, join(folder, file));
    server.page(`cold-${job.model}-${i}.html`, `<!doctype html><body><script type="module" src="/built/${file}"></script>`);
    entries.push({ name, page: `${address}cold-${job.model}-${i}.html`, times: [] as number[], bytes: NaN, error: 0 });
  }
  for (let round = 0; round < rounds; round++) {
    for (const [i, entry] of entries.entries()) {
      const browser = await launch(chromium);
      try {
        const page = await browser.newPage();
        server.resetCount();
        await page.goto(entry.page);
        await page.waitForFunction("globalThis.first !== undefined", { timeout: 120_000 });
        const { ms, answer } = (await page.evaluate("globalThis.first")) as { readonly ms: number; readonly answer: number[] };
        entry.times.push(ms);
        entry.bytes = server.codeBytes;
        entry.error = Math.max(entry.error, ...answer.map((value, k) => Math.abs(value - expected[k]) / largest));
        const right = entry.error <= 1e-3 && answer.length === expected.length;
        if (!right) throw new Error(`${entry.name}: wrong answers, off by ${entry.error}`);
      } finally {
        await browser.close();
      }
      tick((round + (i + 1) / entries.length) / rounds);
    }
  }
  const sorted = entries.map(({ times }) => [...times].sort((a, b) => a - b));
  const middle = sorted.map((times) => times[times.length >> 1]);
  const web = entries.findIndex(({ name }) => name === "onnxruntime-web");
  const rows = entries.map(({ name, bytes, error }, i) => [
    name, thousands(bytes / 1000), sorted[i][0].toFixed(0), middle[i].toFixed(0), (sorted[i][0] / sorted[web][0]).toFixed(2),
    (middle[i] / middle[web]).toFixed(2), error.toExponential(1),
  ]);
  const headings = ["first answer", "KB to load", "best ms", "median ms", "over onnxruntime-web", "medians", "error"];
  return table(headings, rows, headings.slice(1));
}
