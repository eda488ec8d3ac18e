/** The few names of the host that benchmarks use beyond those of the command line and the tests. */
declare module "node:child_process" {
  export interface Child {
    readonly pid?: number;
    send(message: unknown): boolean;
    kill(): boolean;
    on(event: "message", listener: (message: unknown) => void): void;
    on(event: "exit", listener: (code: number | null, signal: string | null) => void): void;
  }
  /** `serialization: "advanced"` sends typed arrays as they are. */
  export function fork(
    file: string, args: readonly string[], options: { execArgv: readonly string[]; serialization: "advanced"; stdio: readonly string[] },
  ): Child & { readonly stderr: { on(event: "data", listener: (text: Uint8Array) => void): void } };
  /** A program that is told, and answers, line by line. */
  export function spawn(file: string, args: readonly string[], options: { readonly stdio: readonly ["pipe", "pipe", "inherit"] }): {
    readonly stdin: { write(text: string): boolean; on(event: "error", listener: () => void): void };
    readonly stdout: { on(event: "data", listener: (text: Uint8Array) => void): void };
    on(event: "error" | "close", listener: () => void): void;
    kill(): boolean;
  };
  /** What the program prints. */
  export function execFileSync(file: string, args: readonly string[]): Uint8Array;
}

declare module "node:os" {
  type Times = Readonly<Record<"user" | "nice" | "sys" | "idle" | "irq", number>>;
  export function cpus(): readonly { readonly model: string; readonly times: Times }[];
  export function loadavg(): readonly number[];
}

declare module "node:fs" {
  export function realpathSync(path: string): string;
}

declare module "node:timers/promises" {
  export function setTimeout(milliseconds: number): Promise<void>;
}

declare module "node:vm" {
  export function runInThisContext(code: string): unknown;
}

declare module "node:zlib" {
  export function gzipSync(data: Uint8Array, options: { level: number }): Uint8Array;
}

declare module "node:process" {
  export interface Process {
    send?(message: unknown): boolean;
    on(event: "message", listener: (message: unknown) => void): void;
    on(event: "disconnect" | "exit", listener: () => void): void;
    kill(pid: number, signal: 0): boolean;
    cpuUsage(): { readonly user: number; readonly system: number };
    resourceUsage(): { readonly maxRSS: number };
    readonly hrtime: { bigint(): bigint };
  }
}

declare module "node:v8" {
  export function setFlagsFromString(flags: string): void;
  const v8: { setFlagsFromString(flags: string): void };
  export default v8;
}

declare module "node:module" {
  export function createRequire(from: string): (name: string) => unknown;
}
