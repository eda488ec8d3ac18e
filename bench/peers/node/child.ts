/** A contender's own process: loads one network, then runs it each time it is told to. Bundled, so that no loader stands in the way. */
import { readFileSync } from "node:fs";
import process from "node:process";
import type { Job } from "../contender.ts";
import { nodeHost } from "./host.ts";
import { Stage } from "../stage.ts";
import type { Loaded, Ran } from "../stage.ts";

export type Question =
  | { readonly kind: "load"; readonly contender: string; readonly job: Job }
  | { readonly kind: "run"; readonly round: number }
  | { readonly kind: "state" };

export interface State {
  /** Most memory so far beyond that of the process before loading. */
  readonly peakBytes: number;
  /** Processor time of all threads since the start. */
  readonly processorMs: number;
}

export type Answer = { readonly value: Loaded | Ran | State } | { readonly failure: string };

const startBytes = process.memoryUsage().rss;
const stage = new Stage(nodeHost);

/** Linux hands the parent's peak down in maxRSS; the kernel's mark of this process alone is in /proc. */
function peak(): number {
  try {
    const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))!;
    return Number(kilobytes) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}

function state(): State {
  const { user, system } = process.cpuUsage();
  return { peakBytes: peak() - startBytes, processorMs: (user + system) / 1000 };
}

process.on("disconnect", () => process.exit(0));
process.on("message", async (message) => {
  const question = message as Question;
  try {
    const value = question.kind === "load" ? await stage.load(question.contender, question.job)
      : question.kind === "run" ? await stage.run(question.round)
      : state();
    process.send!({ value } satisfies Answer);
  } catch (error) {
    process.send!({ failure: error instanceof Error ? error.message : String(error) } satisfies Answer);
  }
});
