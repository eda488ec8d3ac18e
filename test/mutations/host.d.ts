/** The names of the host that only the mutation test uses. */
declare module "node:fs" {
  export function cpSync(from: string, to: string, options: { recursive: true }): void;
  export function rmSync(path: string, options: { recursive: true; force: true }): void;
}

declare module "node:url" {
  export function pathToFileURL(path: string): { readonly href: string };
}
