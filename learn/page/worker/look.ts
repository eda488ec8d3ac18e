/** A worker that looks: it opens networks and answers for pictures, one request after the other. */
import type { Actions, LookRequest, OpenRequest, Preparation } from "../messages.ts";
import { Inspection } from "./inspect.ts";
import { openSource } from "./open.ts";
import { step } from "./steps.ts";

step("worker loaded");

let inspection: Inspection | undefined;

/** @throws Error before a network was opened */
function open(): Inspection {
  if (inspection === undefined) throw new Error("no network is open");
  return inspection;
}

const actions: Actions = {
  async open({ bytes, name, own }: OpenRequest) {
    const began = performance.now();
    step("worker has the weights");
    // The one before stays open until this one is known to be good.
    const next = await Inspection.open(await openSource(bytes, name, own), own);
    inspection?.close();
    inspection = next;
    return next.opened(performance.now() - began);
  },
  async look(request: LookRequest) {
    return open().look(request);
  },
  async settle() {
    return open().settle();
  },
  async prepare(preparation: Preparation) {
    open().prepare(preparation);
  },
};

let before: Promise<unknown> = Promise.resolve();

/** What the page asks: answered under the same number. */
export interface Asked {
  readonly id: number;
  readonly action: keyof Actions;
  readonly request: never;
}

export function hearAsked({ id, action, request }: Asked): void {
  before = before.then(async () => {
    try {
      self.postMessage({ id, result: await actions[action](request) });
    } catch (error) {
      self.postMessage({ id, failure: (error as Error).message });
    }
  });
}
