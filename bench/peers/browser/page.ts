/** In the page: a contender's place, told by the driver (page-remote.ts) what to load and when to run. */
import type { Job } from "../contender.ts";
import { Stage } from "../stage.ts";
import type { Loaded } from "../stage.ts";

/** What the driver calls. Numbers of an answer go over as an array. */
export interface Race {
  load(contender: string, job: Job): Promise<Loaded>;
  run(round: number): Promise<{ readonly ms: number; readonly output: number[] }>;
}

const page = globalThis as unknown as {
  fetch(address: string): Promise<{ readonly ok: boolean; readonly status: number; arrayBuffer(): Promise<ArrayBuffer> }>;
  race: Race;
};

const stage = new Stage({
  name: "page",
  async read(file) {
    const answer = await page.fetch(file);
    if (!answer.ok) throw new Error(`${file}: ${answer.status}`);
    return new Uint8Array(await answer.arrayBuffer());
  },
  address: (ofPackage) => `/packages/${ofPackage}`,
  likePage: () => undefined,
});

page.race = {
  load: (contender, job) => stage.load(contender, job),
  async run(round) {
    const { ms, output } = await stage.run(round);
    return { ms, output: [...output] };
  },
};
