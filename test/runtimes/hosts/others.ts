/** Deno and Bun. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { here } from "../build.ts";
import { inModule, pathOf, reportIn, run, withThreads } from "../host.ts";
import type { Host } from "../host.ts";

function runtime(name: string, ...args: string[]): Host {
  return {
    name,
    quick: true,
    async find({ folder }) {
      const path = pathOf("(cd test/runtimes && npm install)", join(here, "node_modules/.bin", name.toLowerCase()));
      const main = join(folder, "main.mjs");
      writeFileSync(main, inModule);
      return {
        version: /\d+(\.\d+)+/.exec((await run(path, ["--version"])).output)![0],
        places: [{ name: "", kernels: withThreads, run: async () => reportIn(await run(path, [...args, main])) }],
      };
    },
  };
}

export const others: readonly Host[] = [runtime("Deno", "run", "--quiet"), runtime("Bun", "run")];
