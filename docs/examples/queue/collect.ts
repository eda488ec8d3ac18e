/**
 * `node collect.ts OUT.jsonl`: shows how far it is, and when every picture has its answer writes one line for each, sorted by path. Can be
 * stopped and started again at any time, on any machine.
 */
import { renameSync, writeFileSync } from "node:fs";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { answers, asked, connect } from "./shared.ts";

const [, , out] = process.argv;
if (out === undefined) throw new Error("node collect.ts OUT.jsonl: a file to write is wanted");
const redis = connect();
for (let shown = -1; ;) {
  const [wanted, done] = [await redis.scard(asked), await redis.hlen(answers)];
  if (done !== shown) console.log(`${done} of ${wanted}`);
  shown = done;
  if (done >= wanted) break;
  await setTimeout(1000);
}
const lines: string[] = [];
for await (const batch of redis.hscanStream(answers, { count: 1000 }) as AsyncIterable<string[]>) {
  for (let at = 0; at < batch.length; at += 2) lines.push(JSON.stringify({ path: batch[at], ...JSON.parse(batch[at + 1]) as object }));
}
// A scan may give an entry twice while the hash grows; equal lines are one answer.
const unique = [...new Set(lines)].sort();
writeFileSync(`${out}.part`, unique.map((line) => `${line}\n`).join(""));
renameSync(`${out}.part`, out);
console.log(`${unique.length} answers in ${out}`);
redis.disconnect();
