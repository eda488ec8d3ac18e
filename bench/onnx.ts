/**
 * What a network from an ONNX file costs beside the same one made here.
 *
 *     npx tsx bench/onnx.ts [FILE.onnx] [--runs N]
 *
 * 1. Import: time until the graph is made, before compile, and the most memory that the process had beyond one that only starts (a process
 *    of its own, resident), over the size of the file.
 * 2. Speed: sessions of seresnet50 from the file and from createModel in turns, exact and fast, one thread. Without FILE the file is the
 *    one that senet writes of seresnet50 (112 MB); with one, it should hold a seresnet50 (test/peers/onnx-timm.py makes such).
 */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { createModel, lower, writeOnnx } from "../src/index.ts";
import { externalLocations, importOnnx } from "../src/io/onnx/import.ts";
import type { OnnxNetwork } from "../src/io/onnx/import.ts";
import { compileSync } from "../src/session/session.ts";
import { Tensor } from "../src/tensor.ts";
import { machine } from "./peers/machine.ts";

const args = process.argv.slice(2);
const at = args.indexOf("--runs");
const runs = at < 0 ? 20 : Number(args.splice(at, 2)[1]);

/** The bytes as they are read, not a copy. */
const readFile = (path: string): Uint8Array => {
  const { buffer, byteOffset, length } = readFileSync(path) as Uint8Array;
  return new Uint8Array(buffer, byteOffset, length);
};

/** Files that lie beside it have their bytes read too. */
function open(path: string): OnnxNetwork {
  const bytes = readFile(path);
  const beside = externalLocations(bytes).filter((name) => existsSync(join(dirname(path), name)));
  return importOnnx(bytes, { external: Object.fromEntries(beside.map((name) => [name, readFile(join(dirname(path), name))])) });
}

function shapesOf({ inputs }: OnnxNetwork): Record<string, number[]> {
  const usual = [1, 3, 224, 224];
  return Object.fromEntries(inputs.map(
    ({ name, shape = usual }) => [name, shape.map((n, i) => (typeof n === "number" ? n : usual[i]))],
  ));
}

/** Linux counts what the parent had into maxRSS of a process that it starts, but not into VmHWM. */
function peakOfMemory(): number {
  const status = "/proc/self/status";
  const told = existsSync(status) ? /VmHWM:\s*(\d+)/.exec(readFileSync(status, "utf8"))?.[1] : undefined;
  return 1024 * (told === undefined ? process.resourceUsage().maxRSS : Number(told));
}

/** In a process of its own: what it says of itself. */
if (args[0] === "--child") {
  const [, what, path] = args;
  let [imported, lowered] = [0, 0];
  if (what === "import") {
    const bytes = readFile(path);
    const begin = performance.now();
    const network = externalLocations(bytes).length === 0 ? importOnnx(bytes) : open(path);
    imported = performance.now() - begin;
    network.lower(shapesOf(network));
    lowered = performance.now() - begin;
  }
  console.log(JSON.stringify({ imported, lowered, peak: peakOfMemory() }));
  process.exit();
}

interface Told {
  readonly imported: number;
  readonly lowered: number;
  readonly peak: number;
}

function child(what: string, path: string): Promise<Told> {
  const command = [...process.execArgv, fileURLToPath(import.meta.url), "--child", what, path];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, command, {}, (error, out, complaint) => (
      error === null ? resolve(JSON.parse(out) as Told) : reject(new Error(complaint))
    ));
  });
}

async function times<T>(n: number, work: () => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  while (all.length < n) all.push(await work());
  return all;
}

const folder = mkdtempSync(join(tmpdir(), "senet-onnx-"));
try {
  let [path] = args;
  const model = createModel("seresnet50", {}, 1);
  if (path === undefined) {
    path = join(folder, "seresnet50.onnx");
    writeFileSync(path, writeOnnx(lower(model, [1, 3, 224, 224])));
  }
  console.log(`${path}, Node ${process.versions.node}, ${machine()}`);
  const network = open(path);
  const sizes = [path, ...externalLocations(readFile(path)).map((name) => join(dirname(path), name))].map((each) => readFile(each).length);
  const size = sizes.reduce((sum, n) => sum + n, 0);
  const least = Math.min(...(await times(3, () => child("start", path))).map(({ peak }) => peak));
  const told = await times(3, () => child("import", path));
  const best = (of: (each: Told) => number): number => Math.min(...told.map(of));
  console.log(
    `import of ${(size / 1e6).toFixed(0)} MB: ${best((t) => t.imported).toFixed(0)} ms, with the graph ` +
    `${best((t) => t.lowered).toFixed(0)} ms (wanted: 1500); peak of memory ` +
    `${((Math.max(...told.map((t) => t.peak)) - least) / size).toFixed(2)} times the file (wanted: 2)`,
  );

  const shapes = shapesOf(network);
  const [input] = Object.values(shapes);
  const x = new Tensor(Float32Array.from({ length: input.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i)), input);
  for (const numerics of ["exact", "fast"] as const) {
    const sessions = [compileSync(model, { input, numerics }), compileSync(network, { input: shapes, numerics })];
    const calls = sessions.map(({ plan }) => plan.split("\n").length);
    const taken: number[][] = [[], []];
    for (let run = -3; run < runs; run++) {
      sessions.forEach((session, i) => {
        const begin = performance.now();
        session.run(x);
        if (run >= 0) taken[i].push(performance.now() - begin);
      });
    }
    const [own, file] = taken.map((each) => each.sort((a, b) => a - b));
    const middle = (each: readonly number[]): number => each[each.length >> 1];
    console.log(
      `${numerics}: createModel ${own[0].toFixed(1)} ms (median ${middle(own).toFixed(1)}), from ONNX ${file[0].toFixed(1)} ` +
      `(${middle(file).toFixed(1)}): ratio ${(file[0] / own[0]).toFixed(3)}, of medians ${(middle(file) / middle(own)).toFixed(3)} ` +
      `(wanted: 0.98 to 1.02); calls ${calls.join(" and ")}`,
    );
    for (const session of sessions) session.close();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
