/** The page: what is looked at, with which gates; and who shows it. */
import type { Look, Opened, Preparation, Selection } from "../messages.ts";
import { Answer } from "./answer.ts";
import { begun, bundledName } from "./begin.ts";
import { BlockView } from "./block.ts";
import { Code } from "./code.ts";
import { Drawing } from "./drawing.ts";
import { Engine } from "./engine.ts";
import { Flow } from "./flow.ts";
import type { Kind } from "./lines.ts";
import { button, element } from "./page.ts";
import { Camera, bundledSamples, pictureOf, showSamples } from "./pictures.ts";
import type { Sample } from "./pictures.ts";
import { textureSamples } from "./textures.ts";
import { Training } from "./training.ts";

/** How far the gates go in a step against the gradient: the one that would change most. */
const longestStep = 0.15;

/** What may be chosen of how pictures are prepared. */
const preparations = ["levels", "order", "part"] as const;

class Page {
  readonly #status = element("status", HTMLParagraphElement);
  readonly #problem = element("problem", HTMLParagraphElement);
  readonly #se = element("se", HTMLSelectElement);
  readonly #reset = button("reset");
  readonly #engine = new Engine((message) => this.#complain(`The worker failed: ${message}. Load the page anew.`));
  readonly #drawing = new Drawing(() => this.#changed(true));
  readonly #code = new Code();
  readonly #flow = new Flow((block, channel) => this.#select(block, channel));
  readonly #block = new BlockView({
    point: (change, kind) => this.#point(change, kind),
    setGate: (channel, value) => this.#setGate(channel, value),
    ownGate: (channel) => this.#setGate(channel, NaN),
  });
  readonly #answer = new Answer({
    wish: (target) => {
      if (target !== undefined) this.#code.turn("backward");
      this.#changed(false);
    },
    follow: () => this.#follow(),
    select: (block, gate) => this.#selectGate(block, gate),
  });
  readonly #camera = new Camera(this.#drawing, {
    failed: (why) => this.#complain(why), ready: () => !this.#busy, size: () => Math.max(112, this.#opened?.input.height ?? 0) });
  #opened: Opened | undefined;
  #overrides = new Map<number, Float32Array>();
  #selection: Selection = { block: 0, channel: 0, hidden: 0, pixel: 0 };
  #kind: Kind = "gate";
  #latest: Look | undefined;
  #busy = false;
  #again = false;
  #fresh = false;
  /** Has the picture changed since the worker was given it? */
  #unseen = true;

  constructor() {
    new Training((weights) => void this.#openNetwork(weights, "trained here", Promise.resolve(textureSamples())));
    this.#se.addEventListener("change", () => this.#allGates(this.#se.value));
    this.#reset.addEventListener("click", () => this.#allGates("own"));
    const file = element("file", HTMLInputElement);
    file.addEventListener("change", () => {
      const [given] = file.files ?? [];
      if (given !== undefined) void this.#take(given);
      file.value = "";
    });
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      const [given] = event.dataTransfer?.files ?? [];
      if (given !== undefined) void this.#take(given);
    });
    button("save").addEventListener("click", () => this.#save());
    performance.mark("drawing");
    for (const id of preparations) element(id, HTMLSelectElement).addEventListener("change", () => void this.#prepare());
  }

  async start(): Promise<void> {
    const samples = bundledSamples();
    const network = await begun().network;
    performance.mark("page has the weights");
    await this.#openNetwork(new Uint8Array(network), bundledName, samples);
  }

  async #prepare(): Promise<void> {
    const [levels, order, part] = preparations.map((id) => element(id, HTMLSelectElement).value);
    await this.#engine.prepare({ levels, order, part } as Preparation);
    this.#changed(true);
  }

  #complain(why: string): void {
    this.#problem.textContent = why;
    this.#problem.hidden = why === "";
  }

  /** A file of the user's: a picture, or a network. */
  async #take(file: File): Promise<void> {
    this.#complain("");
    this.#camera.stop();
    if (!file.type.startsWith("image/")) return this.#openNetwork(new Uint8Array(await file.arrayBuffer()), file.name, undefined);
    try {
      this.#drawing.show(await pictureOf(file));
    } catch {
      this.#complain(`${file.name}: the browser cannot read this picture. It takes PNG, JPEG, WebP, GIF and the like.`);
    }
  }

  /** @param samples of the page's own network, to choose from; undefined for one of the user's, which keeps those that there are */
  async #openNetwork(bytes: Uint8Array, name: string, samples: Promise<readonly Sample[]> | undefined): Promise<void> {
    this.#complain("");
    this.#status.textContent = `Opening ${name} …`;
    try {
      this.#opened = await this.#engine.open({ bytes, name, own: samples !== undefined });
    } catch (error) {
      this.#complain(`${name}: ${(error as Error).message}`);
      this.#showStatus();
      return;
    }
    for (const [name, time] of this.#opened.steps) performance.mark(name, { startTime: Math.max(0, time - performance.timeOrigin) });
    performance.mark("open");
    this.#overrides = new Map();
    this.#selection = { block: 0, channel: 0, hidden: 0, pixel: 0 };
    this.#latest = undefined;
    for (const id of preparations) element(id, HTMLSelectElement).value = "file";
    element("order", HTMLSelectElement).disabled = this.#opened.input.gray;
    this.#answer.open(this.#opened.classes, this.#opened.pixels);
    this.#flow.open(this.#opened.blocks);
    this.#showStatus();
    if (samples !== undefined) {
      const given = await samples;
      showSamples(given, (sample) => {
        this.#camera.stop();
        this.#drawing.show(sample.picture);
      });
      this.#drawing.show(given[0].picture);
    } else this.#changed(true);
  }

  #showStatus(): void {
    const opened = this.#opened;
    if (opened === undefined) return;
    const { title, blocks, kernels, notes, took } = opened;
    this.#status.textContent = [
      `${title}: ${blocks.length} SE ${blocks.length === 1 ? "block" : "blocks"}, open after ${took.toFixed(0)} ms.`,
      `Kernels: ${kernels}.`,
      ...notes.map((note) => `Note: ${note}.`)].join(" ");
  }

  /** After the first answer. */
  async #settle(opened: Opened): Promise<void> {
    performance.mark("answer");
    const kernels = await this.#engine.settle(undefined);
    if (this.#opened !== opened) return;
    this.#opened = { ...opened, kernels };
    this.#showStatus();
  }

  /** Something is to be looked at anew: at once, or when the look that is under way has come. */
  #changed(fresh: boolean): void {
    this.#fresh ||= fresh;
    this.#unseen ||= fresh;
    if (this.#busy) this.#again = true;
    else void this.#look();
  }

  async #look(): Promise<void> {
    if (this.#opened === undefined) return;
    const opened = this.#opened;
    this.#busy = true;
    try {
      do {
        this.#again = false;
        const picture = this.#unseen ? this.#drawing.picture() : undefined;
        this.#unseen = false;
        const look = await this.#engine.look({
          picture, overrides: this.#overrides, selection: this.#selection, target: this.#answer.target });
        // Another network may have been opened meanwhile.
        if (opened !== this.#opened) continue;
        const first = this.#latest === undefined;
        this.#latest = look;
        this.#draw();
        if (first) void this.#settle(opened);
      } while (this.#again);
    } catch (error) {
      this.#complain((error as Error).message);
      this.#unseen = true;
    } finally {
      this.#busy = false;
      if (opened !== this.#opened) this.#changed(true);
    }
  }

  #draw(): void {
    const [look, opened] = [this.#latest, this.#opened];
    if (look === undefined || opened === undefined) return;
    const { block, channel, hidden, pixel } = look.detail.selection;
    const info = opened.blocks[block];
    const gates = look.blocks.map((each) => each.gates);
    this.#answer.show(look, opened.blocks, gates, this.#drawing.canvas);
    this.#flow.show(look, block, this.#overrides, this.#fresh);
    this.#fresh = false;
    this.#block.show(look, info, this.#overrides, this.#selection);
    this.#code.show(look.detail, gates[block], this.#kind, info);
    const where: Record<Kind, string> = {
      squeeze: `the squeeze of ${info.by} ${info.by === "pixel" ? pixel : channel}`, hidden: `hidden number ${hidden}`,
      gate: `the gate of ${info.by} ${info.by === "pixel" ? pixel : channel}`,
      map: `channel ${channel}, row ${Math.floor(pixel / info.width)}, column ${pixel % info.width}`,
    };
    element("pointed", HTMLSpanElement).textContent = `${info.name}, ${where[this.#kind]}.`;
    this.#reset.disabled = this.#overrides.size === 0;
    if (this.#overrides.size === 0) this.#se.value = "own";
  }

  /** A gate of a block. */
  #selectGate(block: number, gate: number): void {
    if (this.#opened?.blocks[block].by !== "pixel") this.#select(block, gate);
    else {
      this.#selection = { ...this.#selection, block, channel: block === this.#selection.block ? this.#selection.channel : 0, pixel: gate };
      this.#point({}, "gate");
    }
  }

  /** @param channel the one that was looked at, where it is the same block; else the first */
  #select(block: number, channel: number = block === this.#selection.block ? this.#selection.channel : 0): void {
    if (block === this.#selection.block && channel === this.#selection.channel) return;
    this.#selection = { block, channel, hidden: 0, pixel: 0 };
    this.#kind = "gate";
    this.#changed(false);
  }

  #point(change: Partial<Selection>, kind: Kind): void {
    this.#selection = { ...this.#selection, ...change };
    this.#kind = kind;
    this.#changed(false);
  }

  /** NaN gives the gate back to the block. */
  #setGate(gate: number, value: number): void {
    const { block } = this.#selection;
    const { by, count } = this.#opened!.blocks[block];
    const gates = this.#overrides.get(block)?.slice() ?? new Float32Array(count).fill(NaN);
    gates[gate] = value;
    if (gates.every(Number.isNaN)) this.#overrides.delete(block);
    else this.#overrides.set(block, gates);
    this.#selection = { ...this.#selection, ...(by === "pixel" ? { pixel: gate } : { channel: gate }) };
    this.#kind = "gate";
    this.#se.value = "hand";
    this.#changed(false);
  }

  #allGates(choice: string): void {
    this.#overrides = new Map();
    if (choice !== "own" && choice !== "hand") {
      this.#latest?.blocks.forEach(({ own }, block) => {
        const mean = own.reduce((sum, gate) => sum + gate, 0) / own.length;
        this.#overrides.set(block, new Float32Array(own.length).fill(choice === "one" ? 1 : mean));
      });
    }
    this.#se.value = choice;
    this.#changed(false);
  }

  /** All gates a step against the gradient, each within 0 and 1. */
  #follow(): void {
    const { gradients, blocks } = this.#latest ?? {};
    if (gradients === undefined || blocks === undefined) return;
    const largest = gradients.reduce((most, values) => values.reduce((m, value) => Math.max(m, Math.abs(value)), most), 0);
    if (largest === 0) return;
    gradients.forEach((values, block) => {
      const { gates } = blocks[block];
      this.#overrides.set(block, gates.map((gate, c) => Math.max(0, Math.min(1, gate - (longestStep * values[c]) / largest))));
    });
    this.#se.value = "hand";
    this.#changed(false);
  }

  #save(): void {
    this.#drawing.canvas.toBlob((blob) => {
      if (blob === null) return;
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = "drawn.png";
      link.click();
      URL.revokeObjectURL(link.href);
    });
  }
}

new Page().start().catch((error: Error) => {
  const problem = element("problem", HTMLParagraphElement);
  problem.hidden = false;
  problem.textContent = `The page could not start: ${error.message}`;
});
