/** Gives files out on this machine as a good server does: with types, compressed beforehand, isolated so that pages may have threads. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const kinds: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8", mjs: "text/javascript; charset=utf-8", wasm: "application/wasm",
};

const isolation = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

interface File {
  readonly kind: string;
  readonly zipped: boolean;
  readonly bytes: Uint8Array;
}

export class FileServer {
  readonly #folders: Readonly<Record<string, string>>;
  readonly #pages = new Map<string, string>();
  readonly #files = new Map<string, File>();
  /** Bytes of code that went over the wire since the last reset: what is no network. */
  codeBytes = 0;
  readonly #server = createServer((request, answer) => {
    const path = decodeURIComponent((request.url ?? "/").split("?")[0]);
    try {
      const { kind, zipped, bytes } = this.#find(path);
      answer.writeHead(200, {
        "content-type": kind, "content-length": String(bytes.length), "cross-origin-resource-policy": "same-origin", ...isolation,
        ...(zipped ? { "content-encoding": "gzip" } : {}),
      });
      if (zipped) this.codeBytes += bytes.length;
      answer.end(bytes);
    } catch {
      answer.writeHead(404, { "content-type": "text/plain", ...isolation });
      answer.end("not found");
    }
  });

  /** @param folders by the first name of a path, without slashes */
  constructor(folders: Readonly<Record<string, string>>) {
    this.#folders = folders;
  }

  /** @returns its address, which ends with a slash */
  listen(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#server.on("error", reject);
      this.#server.listen(0, "127.0.0.1", () => resolve(`http://localhost:${this.#server.address().port}/`));
    });
  }

  /** A page that is no file. */
  page(name: string, html: string): void {
    this.#pages.set(`/${name}`, html);
  }

  resetCount(): void {
    this.codeBytes = 0;
  }

  /** What it holds in memory, and reads again when asked: files may have changed. */
  forget(): void {
    this.#files.clear();
  }

  close(): void {
    this.#server.close();
  }

  /** Text and code are compressed once, before anybody's time is taken; weights, which hardly shrink, are not. */
  #find(path: string): File {
    const page = this.#pages.get(path);
    if (page !== undefined) return { kind: kinds.html, zipped: false, bytes: new TextEncoder!().encode(page) };
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const [first, ...rest] = path.split("/").filter((part) => part !== "");
    if (this.#folders[first] === undefined || rest.includes("..")) throw new Error("outside");
    const bytes = readFileSync(join(this.#folders[first], ...rest));
    const kind = kinds[path.slice(path.lastIndexOf(".") + 1)];
    const file: File = kind === undefined ? { kind: "application/octet-stream", zipped: false, bytes }
      : { kind, zipped: true, bytes: gzipSync(bytes, { level: 9 }) };
    this.#files.set(path, file);
    return file;
  }
}
