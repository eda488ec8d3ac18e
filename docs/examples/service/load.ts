/**
 * Loads the service on this machine's loopback, in whatever runtime runs this file (`node load.ts`, `deno run --allow-all load.ts`,
 * `bun load.ts`; `--requests 20000`): every answer is the one of the picture that was sent, memory stays flat, a killed worker is
 * replaced, more than may wait is answered 503, and the end is graceful. Closes with `N passed, N failed`.
 */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bundledNetwork } from "senet/models/bundled";
import { listen } from "./listen.ts";
import { Pool } from "./pool.ts";
import { largest, respond } from "./service.ts";
import type { Sent, Told } from "./client.ts";

const { values } = parseArgs({ options: { requests: { type: "string", default: "20000" } } });
const requests = Number(values.requests);
const samples = new URL("pretrained/samples/", bundledNetwork.replace(/[^/]*\/[^/]*$/, ""));
const pictures = readdirSync(samples).filter((name) => name.endsWith(".png"))
  .map((name) => fileURLToPath(new URL(name, samples)));

let passed = 0;
let failed = 0;
function expect(what: string, holds: boolean, seen: unknown = ""): void {
  if (holds) passed += 1;
  else failed += 1;
  console.log(`${holds ? "ok  " : "FAIL"} ${what} ${holds ? "" : JSON.stringify(seen)}`);
}

/** autocannon in a process of its own (Node's): sends the pictures in turn, and counts what came. */
function load(sent: Sent): Promise<Told> {
  return new Promise((resolve, reject) => {
    const child = spawn("node", [fileURLToPath(new URL("client.ts", import.meta.url))], { stdio: ["pipe", "pipe", "inherit"] });
    let text = "";
    child.stdout.on("data", (part: Uint8Array) => text += new TextDecoder().decode(part));
    child.on("exit", (code: number | null) => {
      if (code === 0) resolve(JSON.parse(text) as Told);
      else reject(new Error(`client ended with ${code}`));
    });
    child.stdin.end(JSON.stringify(sent));
  });
}

const pool = new Pool({ weights: bundledNetwork, workers: 2, queue: 32 });
const server = await listen(0, (request) => respond(request, pool));
const address = `http://localhost:${server.port}`;
const post = (body: BodyInit): Promise<Response> => fetch(`${address}/classify`, { method: "POST", body });

// One at a time: what the pictures' answers are.
const expected: string[] = [];
for (const picture of pictures) expected.push(await (await post(readFileSync(picture))).text());
const different = new Set(expected).size;
expect(`${pictures.length} pictures have ${different} different answers`, different === pictures.length, expected);

// Bad requests get one sentence, and lose nothing.
const text = await post("not a picture");
expect("no picture: 400", text.status === 400 && /PNG|picture|image/.test(await text.text()), text.status);
const large = await post(new Uint8Array(largest + 1));
expect("too large: 413", large.status === 413, large.status);
expect("GET: 405", (await fetch(`${address}/classify`)).status === 405);
expect("another path: 404", (await fetch(`${address}/`)).status === 404);

// A tenth first, so that compilers and memories have settled; in the rest workers are killed.
const few = Math.ceil(requests / 10);
const first = await load({ address, pictures, expected, connections: 8, amount: few });
const settled = process.memoryUsage().rss;
// Rarely enough that no picture meets two deaths, however slow the machine.
let next = pool.counts.answered + requests / 20;
const killer = setInterval(() => {
  if (pool.counts.answered < next) return;
  next = pool.counts.answered + requests / 8;
  void pool.workers[0]?.terminate();
}, 10);
const rest = await load({ address, pictures, expected, connections: 8, amount: requests - few });
clearInterval(killer);
const grown = process.memoryUsage().rss / settled;
expect(`${requests} answers, each its picture's`, first.right + rest.right === requests, { first, rest });
expect(`workers were killed and replaced: ${pool.counts.replaced}`, pool.counts.replaced > 0 && pool.workers.length === 2, pool.counts);
expect(`memory after all over memory after a tenth: ${grown.toFixed(2)}`, grown < 1.3, grown);

// More than may wait: 503, and everybody else is answered.
const over = await load({ address, pictures, expected, connections: 100, amount: 2000 });
expect(`overload: ${over.right} answered, ${over.overloaded} told to come again`,
  over.overloaded > 0 && over.right > 0 && over.right + over.overloaded === 2000, over);

// The end: what was taken is answered, what comes later is refused in words.
const last = pictures.map(async (picture) => (await post(readFileSync(picture))).text());
await new Promise((resolve) => setTimeout(resolve, 20));
const end = pool.close();
expect("after the end has begun: 503", (await post(readFileSync(pictures[0]))).status === 503);
const answers = await Promise.all(last);
await end;
await server.close();
expect("a graceful end: all that was asked is answered", answers.every((answer, at) => answer === expected[at]), answers);

// The command itself: says where it listens, answers, and ends by a signal with 0.
const command = "Deno" in globalThis ? ["run", "--allow-all", "--quiet"] : [];
const service = spawn(process.execPath, [...command, fileURLToPath(new URL("main.ts", import.meta.url))], {
  env: { ...process.env, PORT: "0", WORKERS: "1" }, stdio: ["ignore", "pipe", "inherit"],
});
const ended = new Promise((resolve) => service.on("close", resolve));
let said = "";
const port = await new Promise<string>((resolve) => service.stdout.on("data", (part: Uint8Array) => {
  said += new TextDecoder().decode(part);
  const [, found] = /listening on (\d+)\n/.exec(said) ?? [];
  if (found !== undefined) resolve(found);
}));
const once = await fetch(`http://localhost:${port}/classify`, { method: "POST", body: readFileSync(pictures[0]) });
expect("the command answers", await once.text() === expected[0]);
service.kill("SIGTERM");
await ended;
expect("by SIGTERM the command ends when it has said its counts", said.includes('"answered":1'), said);

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
