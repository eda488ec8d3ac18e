/** The tables of hosts in README.md and docs/hosts.md, made of results.json, which main.ts --write writes. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { here, root } from "./build.ts";

/** What was tried, and what came of it. */
export interface Result {
  readonly host: string;
  readonly version: string;
  readonly place: string;
  readonly kernels: string;
  /** Is it tried on each change? */
  readonly quick: boolean;
}

const resultsPath = join(here, "results.json");

export function readResults(): Result[] {
  return JSON.parse(readFileSync(resultsPath, "utf8")) as Result[];
}

/** Which kernels, in few words. */
function family(kernels: string): string {
  if (kernels.startsWith("plain")) return /not available/.test(kernels) ? "plain" : "plain where a policy forbids WebAssembly";
  if (kernels.includes("given module")) return "WebAssembly, one thread";
  return /[2-9]\d* threads/.test(kernels) ? "WebAssembly, threads" : "WebAssembly, one thread";
}

const unique = (words: readonly string[]): string[] => [...new Set(words)];

/** One row a host. */
export function shortTable(results: readonly Result[]): string {
  const rows = unique(results.map(({ host }) => host)).map((host) => {
    const own = results.filter((each) => each.host === host);
    const kernels = unique(own.map((each) => family(each.kernels)));
    const places = own.map(({ place }) => place).filter((place) => place !== "");
    const where = places.length > 3 ? ` (${places.length} ways)` : places.length > 0 ? ` (${places.join("; ")})` : "";
    return `| ${host} | ${own[0].version} | ${kernels.join("; ")}${where} | ${own[0].quick ? "every commit" : "on request"} |`;
  });
  return ["| host | tried | kernels | tried on |", "|---|---|---|---|", ...rows].join("\n");
}

/** One row a way to run in a host, with what the session says, but for the pace, which a measurement of the moment decides. */
export function longTable(results: readonly Result[]): string {
  const said = (kernels: string): string =>
    kernels.replace(/: (WebAssembly\.Module\(\)|call to).*/, "").replace(", paced", "").replaceAll("|", "/");
  const rows = results.map(({ host, version, place, kernels }) =>
    `| ${host}${host.endsWith(` ${version.split(".")[0]}`) ? "" : ` ${version}`} | ${place} | \`${said(kernels)}\` |`);
  return ["| host | where | `session.kernels` |", "|---|---|---|", ...rows].join("\n");
}

/** The files with a table, between two comments, and which. */
const pages: readonly (readonly [string, (results: readonly Result[]) => string])[] = [
  ["README.md", shortTable], ["docs/hosts.md", longTable],
];
const between = /(<!-- hosts: .*? -->\n)[\s\S]*?(<!-- \/hosts -->)/;

/** Pages whose table is not that of the results. */
export function stalePages(results: readonly Result[]): string[] {
  return pages.filter(([page, table]) => {
    const text = readFileSync(join(root, page), "utf8");
    return !between.test(text) || text.replace(between, `$1${table(results)}\n$2`) !== text;
  }).map(([page]) => page);
}

/** @param order hosts, as tables have them @param results the later of two of one host hold */
export function writeTables(order: readonly string[], results: readonly Result[]): void {
  const latest = new Map<string, Result[]>();
  for (const host of order) {
    const own = results.filter((each) => each.host === host);
    const version = own.at(-1)?.version;
    const last = new Map(own.filter((each) => each.version === version).map((each) => [each.place, each]));
    latest.set(host, [...last.values()]);
  }
  const kept = [...latest.values()].flat();
  writeFileSync(resultsPath, `[\n${kept.map((each) => `  ${JSON.stringify(each)}`).join(",\n")}\n]\n`);
  for (const [page, table] of pages) {
    const path = join(root, page);
    writeFileSync(path, readFileSync(path, "utf8").replace(between, `$1${table(kept)}\n$2`));
  }
}
