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
  const server = createServer((request, answer) => {
    const path = decodeURIComponent((request.url ?? "/").split("?")[0]);
    const name = path.endsWith("/") ? `${path}index.html` : path;
    // No path leads out of the folder.
    const parts = name.split("/").filter((part) => part !== "");
    try {
      if (parts.some((part) => part === ".." || part.includes("\\"))) throw new Error("outside");
      const bytes = readFileSync(join(folder, ...parts));
      const kind = kinds[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream";
      const zipped = /text|json|svg/.test(kind);
      answer.writeHead(200, { "content-type": kind, ...(isolated ? headers : {}), ...(zipped ? { "content-encoding": "gzip" } : {}) });
      answer.end(zipped ? gzipSync(bytes, { level: 6 }) : bytes);
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
