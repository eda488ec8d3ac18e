/** A user's project: the files of docs/hosts as they stand there, the packages that they import, and programs that are started in it. */
import { spawn } from "node:child_process";
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { bundledNetwork } from "../../../models/bundled.ts";
import { here, root } from "../build.ts";
import { run } from "../host.ts";
import { commandsOfGuide, guide } from "../recipes.ts";

const binaries = join(here, "node_modules/.bin");

/** Its folder. @throws Error where dist was not built, or a package is not installed */
export function makeProject(): string {
  if (!existsSync(join(root, "dist/src/index.js"))) throw new Error("the recipes are for the package: npm run build");
  const folder = mkdtempSync(join(tmpdir(), "senet-guide-"));
  chmodSync(folder, 0o755);              // servers may have users of their own
  mkdirSync(join(folder, "node_modules/.bin"), { recursive: true });
  for (const part of ["dist", "models/pretrained", "package.json"]) {
    cpSync(join(root, part), join(folder, "node_modules/senet", part), { recursive: true });
  }
  const command = join(folder, "node_modules/.bin/senet");
  writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${join(root, "dist/src/cli/main.js")}" "$@"\n`);
  chmodSync(command, 0o755);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  copyFileSync(fileURLToPath(bundledNetwork), join(folder, "boots.safetensors"));
  for (const { file, text } of guide()) {
    if (file === undefined) continue;
    if (existsSync(join(folder, file))) throw new Error(`docs/hosts has two files of the name ${file}`);
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  return folder;
}

const paths = (folder: string): string => `${join(folder, "node_modules/.bin")}:${binaries}:${process.env.PATH ?? ""}`;

/** What stands under a heading for a shell, as written: npx finds what is installed. @throws Error with what failed */
export async function runCommands(folder: string, heading: string): Promise<void> {
  const script = join(folder, "commands.sh");
  writeFileSync(script, `set -e\nPATH="${paths(folder)}"\nnpx() { "$@"; }\n${commandsOfGuide(heading)}`);
  await run("sh", [script], { cwd: folder, seconds: 120 });
}

/** A port of this machine that is free at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A file of the project with another port and another folder than the page has, written anew. */
export function adapt(folder: string, file: string, port: number): string {
  const path = join(folder, file);
  writeFileSync(path, readFileSync(path, "utf8").replaceAll("8080", String(port)).replaceAll("/srv/site", join(folder, "site")));
  return path;
}

export interface Server {
  readonly address: string;
  stop(): Promise<void>;
}

/** Starts a program that listens on a port, and waits until it answers. @throws Error with what it said, where it ends before */
export async function startServer(folder: string, port: number, program: string, args: readonly string[]): Promise<Server> {
  const env = { ...process.env, PATH: paths(folder), HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder, NO_COLOR: "1" };
  const child = spawn(program, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  let ended = false;
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += String(text)));
  const over = new Promise<void>((resolve) => {
    child.on("error", (error) => { said += String(error); ended = true; resolve(); });
    child.on("exit", () => { ended = true; resolve(); });
  });
  const stop = async (): Promise<void> => {
    if (!ended) child.kill("SIGTERM");
    await over;
  };
  const address = `http://localhost:${port}/`;
  for (let i = 0; i < 600; i++) {
    if (ended) throw new Error(`${program} ended: ${said.slice(-2000)}`);
    const answered = await fetch(address).then((answer) => answer.arrayBuffer().then(() => true), () => false);
    if (answered) return { address, stop };
    await new Promise<void>((resolve) => void setTimeout(resolve, 50));
  }
  await stop();
  throw new Error(`${program} does not answer: ${said.slice(-2000)}`);
}
