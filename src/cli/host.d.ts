/** The names of the host that the command line uses. Node, Deno and Bun all have them. */
interface ImportMeta {
  readonly url: string;
}

declare module "node:fs" {
  export function readFileSync(path: string): Uint8Array;
  export function existsSync(path: string): boolean;
  export function mkdirSync(path: string, options: { recursive: boolean }): void;
  export function readdirSync(path: string): string[];
  export function writeFileSync(path: string, data: Uint8Array | string, options?: { flag: "wx" }): void;
  export function appendFileSync(path: string, data: string): void;
  export function renameSync(from: string, to: string): void;
  export function rmSync(path: string, options: { force: boolean; recursive?: boolean }): void;
  interface Stats {
    isDirectory(): boolean;
    isFile(): boolean;
    isSymbolicLink(): boolean;
    readonly size: number;
    readonly mtimeMs: number;
    readonly mode: number;
  }
  export function statSync(path: string): Stats;
  export function statSync(path: string, options: { throwIfNoEntry: false }): Stats | undefined;
  export function lstatSync(path: string, options: { throwIfNoEntry: false }): Stats | undefined;
  export function realpathSync(path: string): string;
  export function readlinkSync(path: string): string;
  export function chmodSync(path: string, mode: number): void;
  export function accessSync(path: string, mode: number): void;
  export const constants: { readonly W_OK: number };
  export function openSync(path: string, flags: "r"): number;
  export function readSync(file: number, into: Uint8Array): number;
  export function closeSync(file: number): void;
}
declare module "node:crypto" {
  interface Hash {
    update(data: Uint8Array): Hash;
    digest(encoding: "hex"): string;
  }
  export function createHash(name: "sha256"): Hash;
}
declare module "node:path" {
  export function join(...parts: string[]): string;
  export function dirname(path: string): string;
  export function basename(path: string): string;
  export function resolve(...parts: string[]): string;
  export function relative(from: string, to: string): string;
}
declare module "node:url" {
  export function fileURLToPath(url: string | { readonly href: string }): string;
  export function pathToFileURL(path: string): { readonly href: string };
}
declare module "node:util" {
  interface ParseArgs {
    args: readonly string[];
    options: Record<string, { type: "string" | "boolean" }>;
    allowPositionals: boolean;
    strict: boolean;
  }
  interface ParsedArgs {
    values: Record<string, string | boolean | undefined>;
    positionals: string[];
  }
  type ArgumentToken = { readonly kind: "option"; readonly name: string } | { readonly kind: "positional" | "option-terminator" };
  export function parseArgs(config: ParseArgs & { tokens: true }): ParsedArgs & { tokens: ArgumentToken[] };
  export function parseArgs(config: ParseArgs): ParsedArgs;
}
declare module "node:timers/promises" {
  export function setImmediate(): Promise<void>;
}
declare module "node:process" {
  interface Terminal {
    readonly isTTY?: boolean;
    readonly columns?: number;
    write(text: string): boolean;
    on(event: "error", listener: (error: Error & { readonly code?: string }) => void): void;
  }
  export interface Process {
    readonly argv: readonly string[];
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly pid: number;
    readonly platform: string;
    readonly arch: string;
    readonly versions: Readonly<Record<string, string | undefined>>;
    readonly stdin: AsyncIterable<Uint8Array>;
    readonly stdout: Terminal;
    readonly stderr: Terminal;
    exitCode: number | undefined;
    on(event: "SIGINT" | "SIGTERM" | "exit", listener: () => void): void;
    off(event: "SIGINT" | "SIGTERM" | "exit", listener: () => void): void;
    /** With 0: throws unless the process is there. */
    kill(pid: number, signal: 0): boolean;
    exit(code?: number): never;
    cwd(): string;
    memoryUsage(): { readonly rss: number };
  }
  const process: Process;
  export default process;
}
declare function btoa(text: string): string;
