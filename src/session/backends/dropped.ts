/** Sessions that were dropped without `close`: what they had is given back once the collector has found them. */

/** Hosts without it (Hermes) give nothing back before `close`. */
const registry = typeof FinalizationRegistry === "undefined" ? undefined : new FinalizationRegistry<() => void>((release) => release());

/** @param release holds nothing of `owner` @returns to be called when it has been released otherwise */
export function whenDropped(owner: object, release: (() => void) | undefined): () => void {
  if (release === undefined || registry === undefined) return () => undefined;
  registry.register(owner, release, release);
  return () => void registry.unregister(release);
}
