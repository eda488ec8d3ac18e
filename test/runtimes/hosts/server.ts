/** Gives the pages of the browsers' hosts out: a folder's files under several beginnings of the path, each with its headers. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

export interface Policy {
  /** As docs/hosts.md has it. */
  readonly name: string;
  readonly policy: string;
  /** What senet does without under it. */
  readonly costs: "nothing" | "threads" | "WebAssembly";
}

/** The content security policies of docs/hosts.md. */
export const policies: readonly Policy[] = [
  {
    name: "script-src 'wasm-unsafe-eval', worker-src data:",
    policy: "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' data:", costs: "nothing",
  },
  { name: "script-src 'wasm-unsafe-eval'", policy: "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'", costs: "threads" },
  { name: "default-src 'self'", policy: "default-src 'self'", costs: "WebAssembly" },
];

const isolation = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

const headersOf: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  bare: {},
  isolated: isolation,
  ...Object.fromEntries(policies.map(({ policy }, i) => [`policy${i}`, { ...isolation, "content-security-policy": policy }])),
};

const kinds: Readonly<Record<string, string>> = { html: "text/html; charset=utf-8", js: "text/javascript", mjs: "text/javascript" };

export function serve(folder: string): Promise<{ readonly address: string; close(): void }> {
  const server = createServer((request, answer) => {
    const [, beginning, name = ""] = /^\/(\w+)\/([\w.-]+)$/.exec(request.url ?? "") ?? [];
    const kind = kinds[name.slice(name.lastIndexOf(".") + 1)];
    const headers = headersOf[beginning ?? ""];
    try {
      if (headers === undefined || kind === undefined) throw new Error("no such page");
      const bytes = readFileSync(join(folder, name));
      answer.writeHead(200, { "content-type": kind, "cache-control": "no-store", ...headers });
      answer.end(bytes);
    } catch {
      answer.writeHead(404, { "content-type": "text/plain" });
      answer.end("not found");
    }
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve({
      address: `http://localhost:${server.address().port}/`, close: () => server.close(),
    }));
  });
}
