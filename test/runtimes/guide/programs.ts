/** docs/hosts/programs.md: workerd, programs of one file, and Hermes as React Native has it. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { here, root } from "../build.ts";
import { pathOf, run } from "../host.ts";
import { adapt, freePort, runCommands, startServer } from "./project.ts";

const picture = join(root, "models/pretrained/samples/ankle-boot-0000.png");
const how = "(cd test/runtimes && npm install)";

export interface ProgramRecipe {
  /** The heading in the guide. */
  readonly name: string;
  readonly wanted: RegExp;
  /** What it says of the picture. @throws Missing */
  run(folder: string): Promise<string>;
}

/** Started where nothing but a picture lies. */
async function alone(folder: string, program: string): Promise<string> {
  const empty = join(folder, "empty");
  mkdirSync(empty, { recursive: true });
  copyFileSync(picture, join(empty, "boot.png"));
  return (await run(program, ["boot.png"], { cwd: empty })).output.trim();
}

const workerd: ProgramRecipe = {
  name: "workerd (Cloudflare's Workers)",
  wanted: /^\{"answer":"Ankle boot","kernels":"wasm: simd, 1 thread, kernels of the given module"\}$/,
  async run(folder) {
    const program = pathOf(how, join(here, "node_modules/.bin/workerd"));
    await runCommands(folder, this.name);
    const port = await freePort();
    const server = await startServer(folder, port, program, ["serve", adapt(folder, "config.capnp", port)]);
    try {
      return await (await fetch(server.address, { method: "POST", body: readFileSync(picture) })).text();
    } finally {
      await server.stop();
    }
  },
};

const bun: ProgramRecipe = {
  name: "`bun build --compile`",
  wanted: /^Ankle boot wasm: simd.*, 2 threads$/,
  async run(folder) {
    pathOf(how, join(here, "node_modules/.bin/bun"));
    await runCommands(folder, this.name);
    return alone(folder, join(folder, "classify-bun"));
  },
};

const deno: ProgramRecipe = {
  name: "`deno compile`",
  wanted: /^Ankle boot wasm: simd.*, 2 threads( \(by deno run: denort is not to be had here\))?$/,
  async run(folder) {
    const program = pathOf(how, join(here, "node_modules/.bin/deno"));
    try {
      await runCommands(folder, this.name);
    } catch (error) {
      if (!/denort/.test(String(error))) throw error;
      const { output } = await run(program, ["run", "--quiet", "--allow-read", "classify-deno.js", picture], { cwd: folder });
      return `${output.trim()} (by deno run: denort is not to be had here)`;
    }
    return alone(folder, join(folder, "classify-deno"));
  },
};

const hermes: ProgramRecipe = {
  name: "React Native (Hermes)",
  wanted: /^[A-Z][\w/ -]+, plain$/,
  async run(folder) {
    const platform = ({ linux: "linux64-bin", darwin: "osx-bin" } as Readonly<Record<string, string>>)[process.platform] ?? "win64-bin";
    const program = pathOf(how, join(here, "node_modules/hermes-engine-cli", platform, "hermes"));
    await runCommands(folder, this.name);
    const modules = `var module = { exports: {} };\n${readFileSync(join(folder, "net.js"), "utf8")}
function require() { return module.exports; }\n`;
    const path = join(folder, "hermes.js");
    writeFileSync(path, `${modules}${readFileSync(join(folder, "app-native.js"), "utf8")}\nprint(best + ", " + net.kernels());\n`);
    return (await run(program, ["-O", "-w", path], { seconds: 120 })).output.trim();
  },
};

export const programs: readonly ProgramRecipe[] = [workerd, bun, deno, hermes];
