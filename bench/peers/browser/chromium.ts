/** Chromium of this machine, driven by puppeteer-core of bench/peers. */
import { readFileSync, readdirSync } from "node:fs";
import type { Page } from "../../../test/page/browser.ts";

export interface Chromium {
  newPage(): Promise<Page & { close(): Promise<void>; bringToFront(): Promise<void> }>;
  version(): Promise<string>;
  process(): { readonly pid?: number } | null;
  close(): Promise<void>;
}

/** With a profile of its own, which is empty: nothing is cached. */
export async function launch(executablePath: string): Promise<Chromium> {
  const name = "puppeteer-core";
  const { default: driver } = (await import(name)) as { readonly default: { launch(options: object): Promise<Chromium> } };
  // Containers have no sandbox. Ten minutes for one call: a network of 100 MB under load.
  return driver.launch({ executablePath, args: ["--no-sandbox"], headless: true, protocolTimeout: 600_000 });
}

/** Processor time of a process and all that it started so far, ms, where Linux tells it. */
export function processorTime(root: number): number {
  const processes = new Map<number, { readonly parent: number; readonly ticks: number }>();
  try {
    for (const { name } of readdirSync("/proc", { withFileTypes: true })) {
      if (!/^\d+$/.test(name)) continue;
      try {
        const text = readFileSync(`/proc/${name}/stat`, "utf8");
        const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
        processes.set(Number(name), { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) });
      } catch {
        // It has ended.
      }
    }
  } catch {
    return 0;
  }
  const belongs = (id: number): boolean => id === root || (processes.has(id) && belongs(processes.get(id)!.parent));
  let ticks = 0;
  for (const [id, each] of processes) if (belongs(id)) ticks += each.ticks;
  // Linux counts hundredths of a second.
  return 10 * ticks;
}
