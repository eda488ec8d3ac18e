/**
 * One picture of the bundled network on engines that interpret, as one file (`senet bundle --target plain`) beside kernels/plain, in turns:
 *
 *   npx tsx bench/interpreters/main.ts --quickjs FOLDER --hermes hermes [--rounds 5]
 *
 * FOLDER holds Bellard's C files (`upstream-quickjs` in the source archive of PyPI's `quickjs` 1.19.4); gcc builds them here. Hermes is
 * `hermes` of npm's `hermes-engine-cli` 0.12. This Node with --jitless takes part always, and with its compiler for comparison. Answers are
 * compared to the bit.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { decodeUtf8 } from "../../src/io/bytes/utf8.ts";
import { writeScripts } from "./scripts.ts";

const { values } = parseArgs({
  args: process.argv.slice(2), allowPositionals: false, strict: true,
  options: { quickjs: { type: "string" }, hermes: { type: "string" }, rounds: { type: "string" } },
});
const rounds = Number(values.rounds ?? 5);

interface Run {
  readonly first: number;
  readonly best: number;
  readonly answer: string;
  /** KB of the process, where the host says it. */
  readonly peak: number;
}

type Engine = (script: string) => readonly [program: string, args: readonly string[]];

function run(engine: Engine, script: string): Run {
  const output = decodeUtf8(execFileSync(...engine(script)), script);
  const found = /first (\d+) best (\d+) answer (\S+)/.exec(output);
  if (found === null) throw new Error(`no answer of ${engine(script).flat().join(" ")}: ${output.slice(0, 300)}`);
  return { first: Number(found[1]), best: Number(found[2]), answer: found[3], peak: Number(/peak (\d+) KB/.exec(output)?.[1] ?? NaN) };
}

function quickjs(source: string, folder: string): Engine {
  const host = join(folder, "qjs");
  const files = ["quickjs.c", "libregexp.c", "libunicode.c", "cutils.c", "libbf.c"].map((name) => join(source, name));
  const version = decodeUtf8(readFileSync(join(source, "VERSION")), "VERSION").trim();
  execFileSync("gcc", [
    "-O2", "-w", "-D_GNU_SOURCE", `-DCONFIG_VERSION="${version}"`, "-DCONFIG_BIGNUM", `-I${source}`, "-o", host,
    fileURLToPath(new URL("quickjs.c", import.meta.url)), ...files, "-lm", "-lpthread", "-ldl",
  ]);
  return (script) => [host, [script]];
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

const folder = mkdtempSync(join(tmpdir(), "interpreters-"));
try {
  const [plain, bundled] = await writeScripts(folder);
  const hermes = values.hermes as string | undefined;
  const engines: readonly (readonly [string, Engine])[] = [
    ...(values.quickjs === undefined ? [] : [["QuickJS", quickjs(values.quickjs as string, folder)] as const]),
    ...(hermes === undefined ? [] : [["Hermes", (script: string) => [hermes, ["-O", "-w", script]] as const] as const]),
    ["Node, --jitless", (script) => [process.execPath, ["--no-warnings", "--jitless", script]]],
    ["Node", (script) => [process.execPath, [script]]],
  ];
  console.log("| one picture | kernels/plain, best ms | one file, best ms | best | median | peak, MB |");
  console.log("|---|---|---|---|---|---|");
  for (const [name, engine] of engines) {
    const runs = Array.from({ length: rounds }, () => [run(engine, plain), run(engine, bundled)] as const);
    const [[one]] = runs;
    if (runs.some((pair) => pair.some(({ answer }) => answer !== one.answer))) throw new Error(`${name}: the answers differ`);
    const best = [0, 1].map((i) => Math.min(...runs.map((pair) => pair[i].best)));
    const ratio = median(runs.map(([before, now]) => now.best / before.best));
    const peaks = [0, 1].map((i) => (Math.max(...runs.map((pair) => pair[i].peak)) / 1024).toFixed(1));
    const peak = peaks[0] === "NaN" ? "" : peaks.join(" to ");
    console.log(`| ${name} | ${best.join(" | ")} | ${(best[1] / best[0]).toFixed(2)} | ${ratio.toFixed(2)} | ${peak} |`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
