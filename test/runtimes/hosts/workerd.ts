/**
 * workerd, Cloudflare's Workers. Handlers may not compile WebAssembly there: a module of `senet compile` is part of the Worker, or kernels
 * are compiled while the Worker's own module is loaded, which compatibility dates from 2025-06-02 on allow.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { here } from "../build.ts";
import { pathOf, reportIn, run } from "../host.ts";
import type { Host, Place } from "../host.ts";

const config = (date: string, modules: string): string => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = .worker)]);
const worker :Workerd.Worker = (
  modules = [
    (name = "worker", esModule = embed "worker.mjs"),
    (name = "smoke.mjs", esModule = embed "../smoke.mjs"),
${modules}  ],
  compatibilityDate = "${date}",
);
`;

const worker = (imports: string, given: string): string => `${imports}
export default {
  async test() {
    const report = await smoke(${given});
    console.log("SENET " + JSON.stringify(report));
  },
};
`;

export const workerd: Host = {
  name: "workerd",
  quick: true,
  async find({ folder, module }) {
    const path = pathOf("(cd test/runtimes && npm install)", join(here, "node_modules/.bin/workerd"));
    const { moduleOfNetwork } = (await import(pathToFileURL(module).href)) as { moduleOfNetwork(): Uint8Array };
    const place = (name: string, date: string, imports: string, given: string, wasm: boolean): Place => ({
      name,
      kernels: /^plain: /,
      async run() {
        const own = join(folder, name.replace(/\W+/g, "-"));
        mkdirSync(own, { recursive: true });
        writeFileSync(join(own, "worker.mjs"), worker(imports, given));
        writeFileSync(join(own, "net.wasm"), moduleOfNetwork());
        writeFileSync(join(own, "config.capnp"), config(date, wasm ? `    (name = "net.wasm", wasm = embed "net.wasm"),\n` : ""));
        const { output, errors } = await run(path, ["test", join(own, "config.capnp"), "--verbose"]);
        const line = `${output}\n${errors}`.split("\n").find((each) => each.includes("SENET ")) ?? "";
        return reportIn({ output: line.slice(Math.max(0, line.indexOf("SENET "))), errors: output + errors });
      },
    });
    const usual = 'import { smoke } from "smoke.mjs";';
    return {
      version: (await run(path, ["--version"])).output.trim().replace(/^workerd /, ""),
      places: [
        place("module of senet compile", "2025-01-01", `${usual}\nimport module from "net.wasm";`, "{ module }", true),
        place("compiled while the Worker loads", "2025-06-02",
          'import { sessionOfNetwork, smoke } from "smoke.mjs";\nconst session = sessionOfNetwork();', "{ session }", false),
      ],
    };
  },
};
