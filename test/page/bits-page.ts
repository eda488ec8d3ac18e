/** In the page: quantised networks that are measured, compiled and run there. */
import { int8Logits } from "../quantise/int8-logits.ts";
import type { Runs } from "../quantise/int8-logits.ts";

const page = globalThis as unknown as {
  fetch(address: string): Promise<{ arrayBuffer(): Promise<ArrayBuffer> }>;
  int8(name: string, runs: Runs): Promise<{ readonly bytes: readonly number[]; readonly kernels: string }>;
};
const file = page.fetch("fashion-mnist.safetensors").then((answer) => answer.arrayBuffer());

page.int8 = async (name, runs) => {
  const { bytes, kernels } = await int8Logits(name, runs, new Uint8Array(await file));
  return { bytes: [...bytes], kernels };
};
