/** The few names of the host that tests use; Node, Deno and Bun all have them. */

declare var URL: { new (url: string, base?: string): { readonly href: string } };

declare module "node:fs" {
  export function readFileSync(path: string | { readonly href: string }): Uint8Array;
  export function readFileSync(path: string | { readonly href: string }, encoding: "utf8"): string;
  export function writeFileSync(path: string | { readonly href: string }, data: Uint8Array | string): void;
  export function readdirSync(path: string, options: { withFileTypes: true }): { readonly name: string; isDirectory(): boolean }[];
  export function mkdtempSync(prefix: string): string;
  export function symlinkSync(target: string, path: string): void;
}

declare module "node:path" {
  export function relative(from: string, to: string): string;
  export function normalize(path: string): string;
}

declare module "node:os" {
  export function tmpdir(): string;
}

declare module "node:process" {
  export interface Process {
    readonly execPath: string;
    readonly execArgv: readonly string[];
    kill(pid: number, signal: "SIGINT" | "SIGKILL"): boolean;
    chdir(path: string): void;
    cwd(): string;
    /** Calls who listens, as a signal would, but at once. */
    emit(event: "SIGINT"): boolean;
    on(event: "unhandledRejection", listener: (reason: unknown) => void): void;
    off(event: "unhandledRejection", listener: (reason: unknown) => void): void;
  }
}

declare module "node:child_process" {
  type Environment = Readonly<Record<string, string | undefined>>;
  export function execFile(
    file: string, args: readonly string[], options: { maxBuffer?: number; env?: Environment; cwd?: string; timeout?: number },
    done: (error: { readonly code?: number | null } | null, stdout: string, stderr: string) => void,
  ): { readonly pid: number };
}

declare const console: { log(...values: unknown[]): void };

declare function atob(base64: string): string;

declare function setInterval(run: () => void, milliseconds: number): unknown;
declare function clearInterval(timer: unknown): void;

declare module "node:zlib" {
  export function deflateRawSync(data: Uint8Array, options?: { level?: number; strategy?: number }): Uint8Array;
  export const constants: Readonly<Record<"Z_DEFAULT_STRATEGY" | "Z_FIXED" | "Z_HUFFMAN_ONLY" | "Z_RLE", number>>;
}

declare module "node:vm" {
  export function runInNewContext(code: string, globals: Readonly<Record<string, unknown>>): unknown;
}
