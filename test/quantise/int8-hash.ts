/**
 * The logits of quantised networks as one hash each, which is published in test/fixtures/hashes-int8.json: the same for wasm and plain
 * kernels, every number of threads and every runtime. `npx tsx test/quantise/int8-hash.ts` prints what the file holds.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import process from "node:process";
import { hashedNames, int8Logits } from "./int8-logits.ts";
import type { Runs } from "./int8-logits.ts";

const file = new URL("../../models/pretrained/fashion-mnist.safetensors", import.meta.url);

/** SHA-256 of the bits. */
export async function int8Hash(name: string, runs: Runs): Promise<string> {
  return createHash("sha256").update((await int8Logits(name, runs, readFileSync(file))).bytes).digest("hex");
}

if (process.argv[1]?.endsWith("int8-hash.ts") === true) {
  const hashes: Record<string, string> = {};
  for (const name of hashedNames) hashes[name] = await int8Hash(name, { kernels: "wasm", threads: 1 });
  console.log(JSON.stringify(hashes, null, 2));
}
