/** What building and serving the page uses of the host, beyond the command line and the benchmarks. */
declare module "node:fs" {
  export function copyFileSync(from: string, to: string): void;
}

declare module "node:http" {
  interface Answer {
    writeHead(status: number, headers: Readonly<Record<string, string>>): void;
    end(body: string | Uint8Array): void;
  }
  export interface Server {
    listen(port: number, host: string, ready: () => void): void;
    on(event: "error", listener: (error: Error & { readonly code?: string }) => void): void;
    address(): { readonly port: number };
    close(): void;
  }
  export function createServer(listener: (request: { readonly url?: string }, answer: Answer) => void): Server;
}
