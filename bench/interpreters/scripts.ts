/** The two scripts that are compared: the bundled network as one file, and the same graph on kernels/plain, as sessions run it. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { plainInference } from "../../kernels/plain/inference.ts";
import { bundle } from "../../src/bundle/bundle.ts";
import { dense, readers } from "../../src/bundle/text.ts";
import { computations } from "../../src/operations/index.ts";
import { openNetwork } from "../../src/weights/open-network.ts";
import { networkOf, sessionGraph } from "../../src/session/optimise/session-graph.ts";
import { PlainConstants, plainProgram } from "../../src/session/backends/plain/program.ts";
import { bundledNetwork } from "../../models/bundled.ts";
import type { Module } from "../../src/nn/module.ts";

interface Esbuild {
  build(options: Readonly<Record<string, unknown>>): Promise<{ readonly outputFiles: readonly { readonly text: string }[] }>;
}

const input = [1, 1, 28, 28];
const root = fileURLToPath(new URL("../..", import.meta.url));

/** Runs what `answer` computes, and prints milliseconds: the first and the best, and a sum of the answers. */
const timed = (answer: string): string => `
var say = typeof print === "function" ? print : console.log, x = new Float32Array(784), first, best = 1e9, y;
for (var i = 0; i < 784; i++) x[i] = (i * 7 % 31) / 31 - 0.4;
for (var run = 0; run < (typeof RUNS === "number" ? RUNS : 5); run++) {
  var start = Date.now();
  y = ${answer};
  var took = Date.now() - start;
  if (run === 0) first = took; else best = Math.min(best, took);
}
say("first " + first + " best " + best + " answer " + Array.prototype.join.call(y, ","));
`;

/** All calls of plain kernels in one run, with the arrays that they are given. */
function callsOf(model: Module): string {
  const { graph, kept } = sessionGraph(networkOf(model), { input });
  const calls: string[] = [];
  const arrays = new Map<unknown, string>();
  let recording = false;
  const shown = (value: unknown): string => {
    if (!ArrayBuffer.isView(value)) return JSON.stringify(value);
    if (!arrays.has(value)) arrays.set(value, `a${arrays.size}`);
    return arrays.get(value)!;
  };
  const kernels = Object.fromEntries(Object.entries(plainInference).map(([name, compute]) => [name, (...args: unknown[]) => {
    if (recording) calls.push(`K.${name}(${args.map(shown).join(", ")});`);
    return (compute as (...given: unknown[]) => unknown)(...args);
  }])) as unknown as typeof plainInference;
  const program = plainProgram({
    graph, kept, overrides: new Map(), constants: new PlainConstants(),
    operations: { kernels: { ...kernels, conv2dScratch: plainInference.conv2dScratch }, computations },
  });
  recording = true;
  program.run();
  const views = [...arrays] as [Float32Array | Float64Array, string][];
  const buffers = [...new Set(views.map(([view]) => view.buffer))];
  const weights = buffers.map((buffer) => dense(new Uint8Array(buffer as ArrayBuffer)));
  const lines = [
    readers.symbol, readers.dense,
    `var buffers = [${weights.map((text, i) => `unpacked("${text}", ${buffers[i].byteLength}).buffer`).join(", ")}];`,
    ...views.map(([view, name]) =>
      `var ${name} = new ${view.constructor.name}(buffers[${buffers.indexOf(view.buffer)}], ${view.byteOffset}, ${view.length});`),
  ];
  const operands = (call: string): readonly string[] => /^K\.\w+\((a\d+), (a\d+)/.exec(call)!.slice(1);
  const [[, x], [pooled], [y, features]] = [calls[0], calls[calls.length - 2], calls[calls.length - 1]].map(operands);
  // What flattens is no kernel.
  calls.splice(-1, 0, `${features}.set(${pooled});`);
  return `${lines.join("\n")}\nfunction answer(x) {\n${x}.set(x);\n${calls.join("\n")}\nreturn ${y};\n}\n`;
}

/** Writes "plain.js" and "bundle.js". @returns their paths */
export async function writeScripts(folder: string): Promise<readonly [plain: string, bundled: string]> {
  const name = "esbuild";
  const { build } = (await import(name)) as Esbuild;
  const { model } = openNetwork(readFileSync(new URL(bundledNetwork)));
  const { outputFiles: [{ text }] } = await build({
    stdin: { contents: `export { plainInference } from "./kernels/plain/inference.ts";`, resolveDir: root, loader: "ts" }, write: false,
    bundle: true, minify: true, format: "iife", globalName: "plain", target: "es2017", logLevel: "error",
  });
  const paths = [join(folder, "plain.js"), join(folder, "bundle.js")] as const;
  writeFileSync(paths[0], `${text}var K = plain.plainInference;\n${callsOf(model)}${timed("answer(x)")}`);
  writeFileSync(paths[1], `${bundle(model, { input, target: "plain", syntax: "script" }).code}${timed("network.predict(x)")}`);
  return paths;
}
