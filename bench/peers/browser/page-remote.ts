/** The driver's end of a contender's page: one question at a time. */
import type { Job } from "../contender.ts";
import type { State } from "../node/child.ts";
import type { Remote } from "../remote.ts";
import type { Loaded, Ran } from "../stage.ts";
import { processorTime } from "./chromium.ts";
import type { Chromium } from "./chromium.ts";

type Page = Awaited<ReturnType<Chromium["newPage"]>>;

export class PageRemote implements Remote {
  readonly #page: Page;
  /** Processor time of the whole browser; of one of its pages only, for it is added up. */
  readonly #browser: number | undefined;

  private constructor(page: Page, browser: number | undefined) {
    this.#page = page;
    this.#browser = browser;
  }

  static async open(chromium: Chromium, address: string, first: boolean): Promise<PageRemote> {
    const page = await chromium.newPage();
    await page.goto(address);
    await page.waitForFunction("globalThis.race !== undefined && crossOriginIsolated", { timeout: 60_000 });
    return new PageRemote(page, first ? chromium.process()?.pid : undefined);
  }

  async load(contender: string, job: Job): Promise<Loaded> {
    return (await this.#page.evaluate(`race.load(${JSON.stringify(contender)}, ${JSON.stringify(job)})`)) as Loaded;
  }

  async run(round: number): Promise<Ran> {
    await this.#page.bringToFront();
    const { ms, output } = (await this.#page.evaluate(`race.run(${round})`)) as { readonly ms: number; readonly output: number[] };
    return { ms, output: Float32Array.from(output) };
  }

  state(): Promise<State> {
    return Promise.resolve({ peakBytes: NaN, processorMs: this.#browser === undefined ? 0 : processorTime(this.#browser) });
  }

  end(): void {
    void this.#page.close().catch(() => undefined);
  }
}
