/** The names of the host that only this test uses. */
declare module "node:fs" {
  export function cpSync(from: string, to: string, options: { recursive: true; filter?: (path: string) => boolean }): void;
  export function copyFileSync(from: string, to: string): void;
  export function rmSync(path: string, options: { recursive: true; force: true }): void;
}
