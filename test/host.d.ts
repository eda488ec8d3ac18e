/** The few names of the host that tests use; Node, Deno and Bun all have them. */
interface ImportMeta {
  readonly url: string;
}

declare var URL: { new (url: string, base?: string): { readonly href: string } };

declare module "node:fs" {
  export function readFileSync(path: string | { readonly href: string }): Uint8Array;
  export function readFileSync(path: string | { readonly href: string }, encoding: "utf8"): string;
  export function writeFileSync(path: string | { readonly href: string }, data: Uint8Array | string): void;
}
