/** Engines with hardly anything around them: the shell of JavaScriptCore, gjs with SpiderMonkey, Hermes. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { here, lowered } from "../build.ts";
import { inShell, pathOf, reportIn, run, simd, withoutWasm } from "../host.ts";
import type { Host } from "../host.ts";
import { polyfill } from "../recipes.ts";

const jsc: Host = {
  name: "JavaScriptCore (jsc)",
  quick: false,
  async find({ folder, script }) {
    const path = pathOf("apt-get install libjavascriptcoregtk-4.0-bin (Debian 12)", process.env.JSC ?? "/usr/bin/jsc");
    const main = join(folder, "jsc.js");
    writeFileSync(main, inShell);
    // The shell does not say which it is.
    const asked = run("dpkg-query", ["-W", "-f", "${Version}", "libjavascriptcoregtk-4.0-bin"]);
    const { output } = await asked.catch(() => ({ output: "unknown" }));
    return {
      version: output.replace(/[-+~].*/, ""),
      places: [{ name: "", kernels: simd, run: async () => reportIn(await run(path, [script, main])) }],
    };
  },
};

const gjs: Host = {
  name: "gjs (SpiderMonkey)",
  quick: false,
  async find({ folder }) {
    const path = pathOf("apt-get install gjs (Debian 12)", process.env.GJS ?? "/usr/bin/gjs");
    const main = join(folder, "gjs.mjs");
    writeFileSync(main, `import { smoke } from "./smoke.mjs";\nprint("SENET " + JSON.stringify(await smoke()));\n`);
    return {
      version: (await run(path, ["--version"])).output.trim().replace(/^gjs /, ""),
      places: [{ name: "", kernels: simd, run: async () => reportIn(await run(path, ["-m", main])) }],
    };
  },
};

/** It refuses classes, so it gets the program in the language of 2009, as Metro and Babel make it for React Native. */
const hermes: Host = {
  name: "Hermes",
  quick: true,
  async find(programs) {
    const platform = ({ linux: "linux64-bin", darwin: "osx-bin" } as Readonly<Record<string, string>>)[process.platform] ?? "win64-bin";
    const path = pathOf("(cd test/runtimes && npm install)", join(here, "node_modules/hermes-engine-cli", platform, "hermes"));
    const main = join(programs.folder, "hermes.js");
    writeFileSync(main, polyfill() + readFileSync(lowered(programs), "utf8") + inShell);
    return {
      version: /Hermes release version: (\S+)/.exec((await run(path, ["--version"])).output)?.[1] ?? "unknown",
      places: [{
        name: "program lowered to ES5", kernels: withoutWasm,
        run: async () => reportIn(await run(path, ["-O", "-w", main], { seconds: 600 })),
      }],
    };
  },
};

export const shells: readonly Host[] = [jsc, gjs, hermes];
