/** The names of the host that the command line uses. Node, Deno and Bun all have them. */
interface ImportMeta {
  readonly url: string;
}

declare module "node:fs" {
  export function readFileSync(path: string): Uint8Array;
  export function existsSync(path: string): boolean;
  export function mkdirSync(path: string, options: { recursive: boolean }): void;
  export function readdirSync(path: string): string[];
  export function writeFileSync(path: string, data: Uint8Array | string): void;
  export function appendFileSync(path: string, data: string): void;
  export function renameSync(from: string, to: string): void;
  export function rmSync(path: string, options: { force: boolean; recursive?: boolean }): void;
  export function statSync(path: string): { isDirectory(): boolean; readonly size: number };
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
}
declare module "node:url" {
  export function fileURLToPath(url: string | { readonly href: string }): string;
  export function pathToFileURL(path: string): { readonly href: string };
}
declare module "node:util" {
  export function parseArgs(config: {
    args: readonly string[];
    options: Record<string, { type: "string" | "boolean" }>;
    allowPositionals: boolean;
    strict: boolean;
  }): { values: Record<string, string | boolean | undefined>; positionals: string[] };
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
    readonly stdout: Terminal;
    readonly stderr: Terminal;
    exitCode: number | undefined;
    on(event: "SIGINT" | "SIGTERM", listener: () => void): void;
    off(event: "SIGINT" | "SIGTERM", listener: () => void): void;
    exit(code?: number): never;
    cwd(): string;
    memoryUsage(): { readonly rss: number };
  }
  const process: Process;
  export default process;
}
declare function btoa(text: string): string;
