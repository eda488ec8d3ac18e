/** What the suite knows of a host, and how programs are started. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import type { Programs } from "./build.ts";
import type { Report } from "./smoke/program.ts";

/** One way to run the program in a host, such as a browser's service worker. */
export interface Place {
  readonly name: string;
  /** What `Report.kernels` has to say. */
  readonly kernels: RegExp;
  run(): Promise<Report>;
}

/** A host that is there. */
export interface Found {
  readonly version: string;
  readonly places: readonly Place[];
  /** Ends what was begun. */
  close?(): Promise<void> | void;
}

/** A file of hosts/ gives one, or several of a kind. */
export interface Host {
  readonly name: string;
  /** Does it install within seconds? Those run on each change, the others on request. */
  readonly quick: boolean;
  /** @throws Missing where this machine has none, with why and how to get it */
  find(programs: Programs): Promise<Found>;
}

/** A host is not on this machine: says how to get it. */
export class Missing extends Error {}

export interface Said {
  readonly output: string;
  readonly errors: string;
}

export interface Started {
  readonly cwd?: string;
  readonly seconds?: number;
}

/** @throws Error with all that the program said, where it fails */
export function run(program: string, args: readonly string[], { cwd, seconds = 300 }: Started = {}): Promise<Said> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" };
    const options = { maxBuffer: 1 << 26, timeout: 1000 * seconds, env, ...(cwd === undefined ? {} : { cwd }) };
    execFile(program, args, options, (error, output, errors) => {
      if (error === null) resolve({ output, errors });
      else reject(new Error(`${(error as unknown as Error).message}\n${output.slice(-2000)}${errors.slice(-2000)}`));
    });
  });
}

/** The program as senet's users would write it, where a module may wait. */
export const inModule: string = `import { smoke } from "./smoke.mjs";\nconsole.log("SENET " + JSON.stringify(await smoke()));\n`;

/** For shells that have `print` and no more. */
export const inShell: string = `senetSmoke.smoke().then(
  function (report) { print("SENET " + JSON.stringify(report)); },
  function (error) { print("FAILED " + error + "\\n" + error.stack); });\n`;

/** @throws Error where the program has failed, with what it said */
export function reportIn({ output, errors }: Said): Report {
  const line = output.split("\n").find((each) => each.startsWith("SENET "));
  if (line === undefined) throw new Error(`no report: ${output.slice(-2000)}${errors.slice(-2000)}`);
  return JSON.parse(line.slice("SENET ".length)) as Report;
}

/** The first of these paths that is there. @throws Missing */
export function pathOf(how: string, ...places: readonly string[]): string {
  const path = places.find((each) => existsSync(each));
  if (path === undefined) throw new Missing(how);
  return path;
}

export const withoutWasm: RegExp = /^plain: WebAssembly is not available here/;
export const simd: RegExp = /^wasm: simd/;
export const withThreads: RegExp = /^wasm: simd.*, [234] threads$/;
