/** Gives a folder of static files out on this machine, with the headers that let a page have threads. */
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const kinds: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8", json: "application/json",
  txt: "text/plain; charset=utf-8", svg: "image/svg+xml", png: "image/png",
};

/** Isolated, so that memory may be shared. */
const headers = {
  "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp", "cache-control": "no-cache",
};

export interface Served {
  readonly address: string;
  close(): void;
}

/**
 * @param port 0: any that is free
 * @param isolated false: without those headers, as most hosts of static files give them out
 */
export function servePage(folder: string, port: number, isolated: boolean = true): Promise<Served> {
  // Zipped once: a browser asks for several files at a time, and waits for each.
  const zipped = new Map<string, { readonly of: Uint8Array; readonly zip: Uint8Array }>();
  const zip = (name: string, of: Uint8Array): Uint8Array => {
    const before = zipped.get(name);
    if (before !== undefined && before.of.length === of.length && of.every((byte, i) => byte === before.of[i])) return before.zip;
    const made = { of, zip: gzipSync(of, { level: 6 }) };
    zipped.set(name, made);
    return made.zip;
  };
  const server = createServer((request, answer) => {
    const path = decodeURIComponent((request.url ?? "/").split("?")[0]);
    const name = path.endsWith("/") ? `${path}index.html` : path;
    // No path leads out of the folder.
    const parts = name.split("/").filter((part) => part !== "");
    try {
      if (parts.some((part) => part === ".." || part.includes("\\"))) throw new Error("outside");
      const bytes = readFileSync(join(folder, ...parts));
      const kind = kinds[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream";
      const text = /text|json|svg/.test(kind);
      // A part's name changes with what is in it.
      const lasting = /^part-/.test(parts[0] ?? "") ? { "cache-control": "max-age=31536000, immutable" } : {};
      answer.writeHead(200, {
        "content-type": kind, ...(isolated ? headers : {}), ...lasting, ...(text ? { "content-encoding": "gzip" } : {}) });
      answer.end(text ? zip(name, bytes) : bytes);
    } catch {
      answer.writeHead(404, { "content-type": "text/plain" });
      answer.end("not found");
    }
  });
  return new Promise((resolve, reject) => {
    server.on("error", (error) => reject(
      error.code === "EADDRINUSE" ? new Error(`port ${port} is taken by another program: --serve ${port + 1} takes another`) : error));
    server.listen(port, "127.0.0.1", () => resolve({ address: `http://localhost:${server.address().port}/`, close: () => server.close() }));
  });
}
