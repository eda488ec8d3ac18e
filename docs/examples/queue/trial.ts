/**
 * `node trial.ts [--pictures 10000]`: the queue with a redis-server of its own (Debian's) and three workers, one of them killed, the server
 * restarted once: as many answers as pictures, none twice, the bits that one process gives. Closes with `N passed, N failed`.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Redis } from "ioredis";
import { compileSync, decodeImageSync, openNetwork, preprocess, softmax } from "senet";
import { bundledNetwork } from "senet/models/bundled";
import { answers } from "./shared.ts";

const { values } = parseArgs({ options: { pictures: { type: "string", default: "10000" } } });
const count = Number(values.pictures);
const folder = mkdtempSync(join(tmpdir(), "senet-queue-"));
const free = createServer();
await new Promise<void>((resolve) => free.listen(0, resolve));
const { port } = free.address() as AddressInfo;
await new Promise((resolve) => free.close(resolve));
const children = new Set<ChildProcess>();

let passed = 0;
let failed = 0;
function expect(what: string, holds: boolean, seen: unknown = ""): void {
  if (holds) passed += 1;
  else failed += 1;
  console.log(`${holds ? "ok  " : "FAIL"} ${what} ${holds ? "" : JSON.stringify(seen)}`);
}

function start(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { env: { ...process.env, REDIS: `redis://localhost:${port}` }, stdio: "ignore" });
  children.add(child);
  child.on("exit", () => children.delete(child));
  return child;
}
const ended = (child: ChildProcess): Promise<unknown> => new Promise((resolve) => child.on("exit", resolve));
const node = (file: string, ...args: string[]): ChildProcess =>
  start(process.execPath, [fileURLToPath(new URL(file, import.meta.url)), ...args]);
/** What it has accepted is on the disk before it says so: a restart loses nothing. */
const server = (): ChildProcess => start("redis-server", [
  "--port", String(port), "--dir", folder, "--appendonly", "yes", "--appendfsync", "always", "--save", "",
]);

// Small grey pictures (PGM), each different: a blot on noise, from a counter alone.
const pictures = join(folder, "pictures");
mkdirSync(pictures);
const paths: string[] = [];
for (let number = 0; number < count; number += 1) {
  const pixels = Uint8Array.from({ length: 784 }, (_, at) => {
    const [x, y] = [at % 28, Math.floor(at / 28)];
    const inside = x > number % 9 && x < 27 - number % 7 && y > number % 5 && y < 27 - number % 11;
    return inside ? 96 + (at * 31 + number * 17) % 128 : 0;
  });
  const path = join(pictures, `${String(number).padStart(5, "0")}.pgm`);
  writeFileSync(path, Buffer.concat([Buffer.from("P5 28 28 255\n"), pixels]));
  paths.push(path);
}

try {
  let redis = server();
  const watch = new Redis(port, { maxRetriesPerRequest: null });
  watch.on("error", () => {});
  const reached = async (share: number): Promise<void> => {
    while (await watch.hlen(answers) < share * count) await setTimeout(50);
  };
  await ended(node("enqueue.ts", pictures));
  const workers = [node("work.ts"), node("work.ts"), node("work.ts")];
  const out = join(folder, "answers.jsonl");
  const collected = ended(node("collect.ts", out));

  await reached(0.3);
  workers[0].kill("SIGKILL");
  await reached(0.6);
  const before = await watch.hlen(answers);
  redis.kill("SIGTERM");
  await ended(redis);
  redis = server();
  await collected;
  expect(`a worker was killed at 30 %, redis restarted at ${Math.round(100 * before / count)} %`, before < count, before);
  await ended(node("enqueue.ts", pictures));
  expect("asking again asks for nothing", await watch.hlen(answers) === count);

  type Line = { readonly path: string; readonly probability: number; readonly class: string };
  const lines = readFileSync(out, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line) as Line);
  expect(`${count} answers`, lines.length === count, lines.length);
  expect("none twice", new Set(lines.map(({ path }) => path)).size === count);

  const { model, classes, preprocessing } = openNetwork(readFileSync(new URL(bundledNetwork)));
  const session = compileSync(model, { input: [1, 1, 28, 28], numerics: "exact" });
  const other = lines.filter(({ path, class: name, probability }) => {
    const { data } = softmax(session.run(preprocess(decodeImageSync(readFileSync(path)), preprocessing)));
    const best = Math.max(...data);
    return best !== probability || classes?.[data.indexOf(best)] !== name;
  });
  expect("the bits that one process gives", other.length === 0, other.slice(0, 3));
  for (const worker of workers.slice(1)) {
    const end = ended(worker);
    worker.kill("SIGTERM");
    await end;
  }
  watch.disconnect();
} finally {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
