/**
 * Makes what LiteRT.js and onnxruntime-web's QDQ want of senet's networks (convert.py says which files, and what Python must have), once,
 * below bench/peers/node_modules:
 *
 *     npx tsx bench/peers/browser/convert.ts --python VENV/bin/python [--models NAMES] [--size 224]
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { convertedFolder, workFolder } from "../bundle.ts";
import { bundled, convertedPath, inputOf, writeModelFiles } from "../model-files.ts";

function option(name: string, usual: string): string {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? usual : process.argv[at + 1];
}

const models = option("models", `seresnet50,mobilenet_v3_large,se_mobilenet_v1,efficientnet_b0,${bundled}`).split(",");
const script = join(fileURLToPath(new URL(".", import.meta.url)), "convert.py");
const folder = workFolder();
mkdirSync(convertedFolder, { recursive: true });
for (const name of models) {
  const input = inputOf(name, 1, Number(option("size", "224")));
  const { files } = writeModelFiles(folder, name, input);
  const said = execFileSync(option("python", "python3"), [script, files.onnx, input.join(), convertedPath(convertedFolder, name, input)]);
  console.log(String.fromCharCode(...said).split("\n").filter((line) => / dB$/.test(line)).join("\n"));
}
rmSync(folder, { recursive: true, force: true });
