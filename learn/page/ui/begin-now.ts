/** The first file that the page runs. */
import { begun } from "./begin.ts";

/** Files that the worker's own file will ask for, by the build. */
declare const workerParts: readonly string[];

begun();
// While the worker's thread begins: so they are in the browser's cache when it asks for them.
for (const name of workerParts) fetch(name).catch(() => {});
