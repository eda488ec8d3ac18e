/**
 * The others' side of docs/migration, as it stands there: TensorFlow.js and onnxruntime-web in Node, ml5 in Chromium. Writes
 * docs/migration/net.safetensors and answers.json, or with --check says where they are others now. senet's side is
 * test/api/migration.test.ts.
 *
 *   (cd bench/peers/migration && npm install) && npm run build && npx tsx bench/peers/migration/main.ts [--check]
 *
 * Wants Chromium, (cd test/page && npm install), and fetches ml5 by npm pack.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { networkFile, page, pixelOf, sourcesOf, writeFiles } from "../../../test/api/migration-files.ts";
import { run } from "../../../test/runtimes/host.ts";
import { launch, pathOf } from "../../../test/page/browser.ts";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../../..");
const ML5 = "1.4.0";

interface TfModel {
  readonly inputs: unknown;
  readonly outputs: readonly unknown[];
  save(handler: unknown): Promise<unknown>;
}
interface Artifacts {
  readonly modelTopology: object;
  readonly weightSpecs: readonly object[];
  readonly weightData: ArrayBuffer;
}
interface TensorFlow {
  readonly layers: { softmax(): { apply(x: unknown): unknown } };
  readonly io: { withSaveHandler(save: (artifacts: Artifacts) => Promise<object>): unknown };
  model(parts: object): TfModel;
}

const folder = mkdtempSync(join(tmpdir(), "senet-migration-"));
const load = async <T>(file: string): Promise<T> => (await import(pathToFileURL(join(folder, file)).href)) as T;

/** What ml5 answers for the picture, with a folder as Teachable Machine exports it. */
async function ml5(): Promise<unknown> {
  writeFileSync(join(folder, "tf.js"), `export * from "@tensorflow/tfjs";`);
  const tf = await load<TensorFlow>("tf.js");
  const { model } = await load<{ readonly model: TfModel }>("tfjs/model.js");
  const classifier = tf.model({ inputs: model.inputs, outputs: tf.layers.softmax().apply(model.outputs[0]) });
  let saved: Artifacts | undefined;
  await classifier.save(tf.io.withSaveHandler(async (artifacts) => {
    saved = artifacts;
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
  }));
  const { modelTopology, weightSpecs, weightData } = saved!;
  const weightsManifest = [{ paths: ["weights.bin"], weights: weightSpecs }];
  writeFileSync(join(folder, "model.json"), JSON.stringify({ modelTopology, format: "layers-model", weightsManifest }));
  writeFileSync(join(folder, "weights.bin"), new Uint8Array(weightData));
  writeFileSync(join(folder, "metadata.json"), JSON.stringify({ labels: ["cat", "dog", "ship"] }));
  await run("npm", ["pack", "--silent", `ml5@${ML5}`], { cwd: folder });
  await run("tar", ["xzf", `ml5-${ML5}.tgz`, "package/dist/ml5.min.js"], { cwd: folder });
  writeFileSync(join(folder, "index.html"), `<!doctype html><canvas width="224" height="224"></canvas>
<script src="package/dist/ml5.min.js"></script><script>
const bytes = new Uint8ClampedArray(224 * 224 * 4).map(${String(pixelOf)});
document.querySelector("canvas").getContext("2d").putImageData(new ImageData(bytes, 224, 224), 0, 0);
ml5.setBackend("cpu");
</script><script type="module" src="ml5/classify.js"></script>`);
  const types: Readonly<Record<string, string>> = { js: "text/javascript", html: "text/html", json: "application/json" };
  const server = createServer((request, answer) => {
    try {
      const bytes = readFileSync(join(folder, request.url ?? ""));
      answer.writeHead(200, { "content-type": types[request.url!.split(".").at(-1)!] ?? "application/octet-stream" });
      answer.end(bytes);
    } catch {
      answer.writeHead(404, {});
      answer.end("not found");
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const path = pathOf("chrome");
  if (path === undefined) throw new Error("ml5 wants a browser: apt-get install chromium");
  const browser = await launch("chrome", path);
  try {
    const opened = await browser.newPage();
    opened.on("console", (message) => console.log(message.text()));
    opened.on("pageerror", (error) => console.log(String(error)));
    await opened.goto(`http://localhost:${server.address().port}/index.html`);
    await opened.waitForFunction("globalThis.answer !== undefined", { timeout: 40_000 });
    return JSON.parse(String(await opened.evaluate("JSON.stringify(globalThis.answer)")));
  } finally {
    await browser.close();
    server.close();
  }
}

try {
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  for (const name of ["@tensorflow", "onnxruntime-web"]) {
    symlinkSync(join(here, "node_modules", name), join(folder, "node_modules", name));
  }
  symlinkSync(root, join(folder, "node_modules/senet"));
  writeFiles(folder, ["picture.js", ...sourcesOf("tfjs"), ...sourcesOf("onnxruntime-web"), ...sourcesOf("ml5")]);
  writeFileSync(join(folder, "model.onnx"), networkFile());
  process.chdir(folder);
  const { file } = await load<{ readonly file: Uint8Array }>("tfjs/weights.js");
  const { answer } = await load<{ readonly answer: Float32Array }>("tfjs/predict.js");
  const onnx = await load<{ readonly answer: Float32Array }>("onnxruntime-web/predict.js");
  const classified = await ml5();
  // Last: it changes the model.
  const { losses } = await load<{ readonly losses: readonly number[] }>("tfjs/train.js");
  const answers = { tfjs: [...answer], losses, "onnxruntime-web": [...onnx.answer], ml5: classified };
  const text = `${JSON.stringify(answers, null, 2)}\n`;
  console.log(text);
  if (process.argv.includes("--check")) {
    const same = text === readFileSync(join(page, "../answers.json"), "utf8");
    const weights = String(Uint8Array.from(readFileSync(join(page, "../net.safetensors")))) === String(file);
    console.log(same && weights ? "as docs/migration has them" : "docs/migration has others");
    process.exitCode = same && weights ? 0 : 1;
  } else {
    writeFileSync(join(page, "../answers.json"), text);
    writeFileSync(join(page, "../net.safetensors"), file);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(process.exitCode ?? 0);
