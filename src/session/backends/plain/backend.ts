/** The plain kernels, or the textbook's: on every host, and on this thread. */
import type { BackendKind } from "../kind.ts";
import { PlainConstants, plainProgram } from "./program.ts";

export const plainKind: BackendKind = {
  name: "plain",
  missing: () => undefined,
  *make({ operations }, why) {
    const constants = new PlainConstants();
    return {
      name: "plain",
      reason: why,
      *program(request) {
        return plainProgram({ ...request, operations, constants });
      },
      refresh: () => constants.refresh(),
      release: () => undefined,
    };
  },
};
