/**
 * All that workers do, as one script for a file of its own (setWorkers): published as senet/worker, written by `senet worker`. It runs as a
 * module and as a classic script, in Web Workers and in those of worker_threads.
 */
import { version } from "../../version.ts";
import { copiesBody } from "./copies.ts";
import { digest } from "./spawn.ts";
import { poolBody, sourcesOf } from "./worker-source.ts";

const role = (body: string): string => `${JSON.stringify(digest(sourcesOf(body).web))}: (port) => {${body}},`;

export function workerFile(): string {
  return `// senet ${version}: what its workers run (docs/hosts/pages.md). Made by senet; not to be edited.
(() => {
const roles = {
${role(poolBody)}
${role(copiesBody)}
};
const host = typeof process === "undefined" ? undefined : process;
const port = host?.getBuiltinModule?.("worker_threads")?.parentPort ?? self;
port.onmessage = (first) => {
  const { made, begin, number } = first.data;
  if (Object.hasOwn(roles, made)) {
    roles[made](port);
    port.onmessage(first);
  } else {
    const failure = "the script of its workers is of senet ${version}, and what started it of another version";
    port.postMessage({ index: begin?.index, number, failure, values: [] });
  }
};
})();
`;
}
