/** What starting servers and asking them wants of Node. */

declare module "node:child_process" {
  interface Output {
    on(event: "data", heard: (text: Uint8Array) => void): void;
  }
  export function spawn(
    file: string, args: readonly string[],
    options: { readonly cwd: string; readonly env: Environment; readonly stdio: readonly ("ignore" | "pipe")[] },
  ): {
    readonly stdout: Output;
    readonly stderr: Output;
    on(event: "error", heard: (error: Error) => void): void;
    on(event: "exit", heard: () => void): void;
    kill(signal: "SIGTERM"): boolean;
  };
}

declare module "node:net" {
  export function createServer(): {
    listen(port: number, host: string, ready: () => void): void;
    address(): { readonly port: number };
    close(closed: () => void): void;
  };
}

declare function fetch(
  address: string, options?: { readonly method: "POST"; readonly body: Uint8Array },
): Promise<{ text(): Promise<string>; arrayBuffer(): Promise<ArrayBuffer> }>;
