/** Where one contender runs one network: in a process of its own (node/child.ts), or in a page (browser/page.ts). */
import { mulberry32 } from "../../test/fixtures/recipe.ts";
import type { Host, Job, Runner } from "./contender.ts";
import { contenders } from "./contenders.ts";

export interface Loaded {
  readonly ms: number;
}

export interface Ran {
  readonly ms: number;
  readonly output: Float32Array;
}

/** The image of a round, the same for every contender: noise of mean 0 and deviation 1, as normalised images have. */
export function image([batch, channels, height, width]: readonly number[], layout: Runner["layout"], round: number): Float32Array {
  const [pixels, uniform] = [height * width, mulberry32(round + 1)];
  const x = new Float32Array(batch * channels * pixels);
  for (let i = 0; i < x.length; i++) {
    const [n, c, p] = [Math.floor(i / (channels * pixels)), Math.floor(i / pixels) % channels, i % pixels];
    x[layout === "nchw" ? i : (n * pixels + p) * channels + c] = (2 * uniform() - 1) * Math.sqrt(3);
  }
  return x;
}

export class Stage {
  readonly #host: Host;
  #job: Job | undefined;
  #runner: Runner | undefined;

  constructor(host: Host) {
    this.#host = host;
  }

  async load(contender: string, job: Job): Promise<Loaded> {
    const start = performance.now();
    this.#job = job;
    this.#runner = await contenders.find(({ name }) => name === contender)!.load(job, this.#host);
    return { ms: performance.now() - start };
  }

  async run(round: number): Promise<Ran> {
    const x = image(this.#job!.input, this.#runner!.layout, round);
    const start = performance.now();
    const output = await this.#runner!.run(x);
    return { ms: performance.now() - start, output: output.slice() };
  }
}
