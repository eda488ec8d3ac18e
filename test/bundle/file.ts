/** Files of one network, loaded as a host would load them. */
import type { Bundle } from "../../src/bundle/bundle.ts";

/** What such a file gives. */
export interface NetworkFile {
  predict(...inputs: readonly unknown[]): Float32Array;
  ready(weights?: Uint8Array): Promise<string>;
  readonly classes: readonly string[] | undefined;
  readonly input: readonly number[];
  kernels(): string;
}

/**
 * Loads a script, in a scope where nothing of the host is hidden but what is named.
 * @param hidden names, with what stands in their place
 */
export function load({ code }: Pick<Bundle, "code">, hidden: Readonly<Record<string, unknown>> = {}): NetworkFile {
  const module: { exports: unknown } = { exports: {} };
  new Function("module", ...Object.keys(hidden), code)(module, ...Object.values(hidden));
  return module.exports as NetworkFile;
}
