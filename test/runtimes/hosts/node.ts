/** Node, of several years, and without a compiler of machine code. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { here } from "../build.ts";
import { inModule, pathOf, reportIn, run, withThreads, withoutWasm } from "../host.ts";
import type { Host, Place } from "../host.ts";

function node(year: number, folder: string): Host {
  return {
    name: `Node ${year}`,
    quick: true,
    async find({ folder: work }) {
      const path = pathOf("(cd test/runtimes && npm install)", join(here, "node_modules", folder, "bin/node"));
      const main = join(work, "main.mjs");
      writeFileSync(main, inModule);
      const place = (name: string, kernels: RegExp, ...flags: string[]): Place => ({
        name, kernels, run: async () => reportIn(await run(path, [...flags, main])),
      });
      return {
        version: (await run(path, ["--version"])).output.trim().slice(1),
        places: year < 26 ? [place("", withThreads)] : [place("", withThreads), place("--jitless", withoutWasm, "--jitless")],
      };
    },
  };
}

export const nodes: readonly Host[] = [node(20, "node20"), node(22, "node22"), node(24, "node24"), node(26, "node")];
