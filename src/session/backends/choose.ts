/** Which kernels a session runs on: the first family that is asked for and that this host has. */
import { Refusal } from "./making.ts";
import type { Backend } from "./backend.ts";
import type { BackendKind } from "./kind.ts";
import type { Making } from "./making.ts";
import type { BackendOptions, Wanted } from "./capabilities.ts";
import { plainKind } from "./plain/backend.ts";
import { wasmKind } from "./wasm/backend.ts";

/** All there are, the best first. */
const kinds: readonly BackendKind[] = [wasmKind, plainKind];

function checkOptions({ threads, numerics, kernels }: BackendOptions): void {
  if (threads !== undefined && !(Number.isSafeInteger(threads) && threads >= 1 && threads <= 32)) {
    throw new RangeError(`compile: threads wants a whole number from 1 to 32, got ${threads}`);
  }
  const choices: [string, string | undefined, string[]][] = [
    ["numerics", numerics, ["exact", "fast", "turbo"]], ["kernels", kernels, ["auto", ...kinds.map(({ name }) => name)]],
  ];
  for (const [name, given, known] of choices) {
    if (given === undefined || known.includes(given)) continue;
    throw new RangeError(`compile: ${name} wants one of ${known.join(", ")}, got ${given}`);
  }
}

/** @throws RangeError for options that make no sense; Error where a family is asked for and not to be had */
export function* chosen(wanted: Wanted): Making<Backend> {
  checkOptions(wanted);
  const { kernels = "auto", module, capabilities } = wanted;
  if (module !== undefined) {
    if (capabilities.modules !== undefined) return yield* capabilities.modules(wanted);
    throw new RangeError("compile: module wants the compile of senet/session/session; that of senet/session/lean takes none");
  }
  let why = "asked for, one thread";
  for (const kind of kinds) {
    if (kernels !== "auto" && kernels !== kind.name) continue;
    const missing = kind.missing();
    try {
      if (missing === undefined) return yield* kind.make(wanted, why);
      why = missing;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      why = error.message;
    }
  }
  throw new Error(`compile: ${why}`);
}
