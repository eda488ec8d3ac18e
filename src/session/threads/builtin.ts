/** Modules of Node's that cannot be imported, for other hosts have none. Deno and Bun have most of them too. */

/** @returns undefined where the host has no such thing */
export function builtin(name: string): unknown {
  const host = typeof process === "undefined" ? undefined : process;
  const load = host?.getBuiltinModule;
  return typeof load === "function" ? load(name) : undefined;
}
