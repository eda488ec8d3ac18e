/** What the network answers, and what it would have to change to answer otherwise. */
import type { BlockInfo, Look } from "../messages.ts";
import { best, button, element, make, number, percent } from "./page.ts";

/** More classes than this are shown from the likeliest down. */
const most = 12;
const changes = 6;

interface Row {
  readonly button: HTMLButtonElement;
  readonly name: HTMLElement;
  readonly bar: HTMLElement;
  readonly share: HTMLElement;
  index: number;
}

/** The picture where it found something, stripes where it did not: they are told apart without colour too. */
function drawMask(canvas: HTMLCanvasElement, { height, width, data }: NonNullable<Look["mask"]>, picture: CanvasImageSource): void {
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(picture, 0, 0, width, height);
  const image = context.getImageData(0, 0, width, height);
  data.forEach((share, p) => {
    const ground = ((p % width) + Math.floor(p / width)) % 8 < 4 ? 235 : 195;
    for (let c = 0; c < 3; c++) image.data[4 * p + c] = share * image.data[4 * p + c] + (1 - share) * ground;
  });
  context.putImageData(image, 0, 0);
}

export interface AnswerEvents {
  /** A class was chosen, or chosen no more. */
  readonly wish: (target: number | undefined) => void;
  readonly follow: () => void;
  /** A gate of a block. */
  readonly select: (block: number, gate: number) => void;
}

export class Answer {
  readonly #events: AnswerEvents;
  readonly #verdict = element("verdict", HTMLParagraphElement);
  #rows: readonly Row[] = [];
  #classes: readonly string[] = [];
  #target: number | undefined;
  #said = "";
  #pixels = false;
  /** How often it has answered: who waits for an answer watches this. */
  #looks = 0;

  constructor(events: AnswerEvents) {
    this.#events = events;
    button("follow").addEventListener("click", () => events.follow());
    button("forget").addEventListener("click", () => this.#wish(undefined));
  }

  get target(): number | undefined {
    return this.#target;
  }

  /** @param pixels are its answers shares of pixels, and is there a mask? */
  open(classes: readonly string[], pixels: boolean): void {
    this.#classes = classes;
    this.#pixels = pixels;
    element("mask", HTMLCanvasElement).hidden = !pixels;
    element("ask", HTMLParagraphElement).hidden = pixels;
    this.#target = undefined;
    element("wishes", HTMLDivElement).hidden = true;
    this.#rows = Array.from({ length: Math.min(most, classes.length) }, (_, index) => {
      const [name, bar, share] = ["name", "bar", "share"].map((className) => make("span", { className }));
      const track = make("span", { className: "track" }, bar);
      const row = { index, name, bar, share, button: make("button", { type: "button", className: "class" }, name, track, share) };
      row.button.addEventListener("click", () => this.#wish(row.index === this.#target ? undefined : row.index));
      return row;
    });
    element("classes", HTMLDivElement).replaceChildren(...this.#rows.map((row) => row.button));
  }

  #wish(target: number | undefined): void {
    this.#target = target;
    this.#events.wish(target);
  }

  /** @param picture what it looked at, for the mask */
  show(look: Look, blocks: readonly BlockInfo[], gates: readonly Float32Array[], picture: CanvasImageSource): void {
    const { probabilities } = look;
    const winner = best(probabilities);
    const order = probabilities.length <= most
      ? Array.from(probabilities, (_, i) => i)
      : [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]).slice(0, most);
    this.#rows.forEach((row, i) => {
      row.index = order[i];
      const probability = probabilities[row.index];
      row.name.textContent = this.#classes[row.index] ?? `class ${row.index}`;
      row.bar.style.width = `${100 * probability}%`;
      row.share.textContent = percent(probability);
      row.button.dataset.probability = String(probability);
      row.button.classList.toggle("best", row.index === winner);
      row.button.setAttribute("aria-pressed", String(row.index === this.#target));
    });
    element("classes", HTMLDivElement).dataset.looks = String(++this.#looks);
    const verdict = this.#classes[winner] ?? `class ${winner}`;
    // A live region speaks at every change: so it names the class alone, and the share is beside it.
    if (verdict !== this.#said) this.#verdict.textContent = `${this.#pixels ? "Most pixels" : "It says"}: ${verdict}`;
    if (look.mask !== undefined) drawMask(element("mask", HTMLCanvasElement), look.mask, picture);
    this.#said = verdict;
    this.#wishes(blocks, gates, look);
  }

  #wishes(
    blocks: readonly BlockInfo[], gates: readonly Float32Array[], { gradients, noGradients, loss }: Look,
  ): void {
    const box = element("wishes", HTMLDivElement);
    box.hidden = this.#target === undefined;
    if (this.#target === undefined) return;
    element("wished", HTMLSpanElement).textContent = this.#classes[this.#target] ?? `class ${this.#target}`;
    const list = element("changes", HTMLOListElement);
    button("follow").disabled = gradients === undefined;
    if (gradients === undefined) {
      list.replaceChildren(make("li", {}, noGradients === undefined ? "…" : `There is no gradient: ${noGradients}`));
      return;
    }
    const all = gradients.flatMap((values, block) => Array.from(values, (value, channel) => ({ block, channel, value })));
    all.sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
    list.replaceChildren(...all.slice(0, changes).map(({ block, channel, value }) => {
      const to = make("button", { type: "button", className: "link" }, `${blocks[block].name}, ${blocks[block].by} ${channel}`);
      to.addEventListener("click", () => this.#events.select(block, channel));
      const way = value < 0 ? "open" : "close";
      return make("li", {}, to, `: gate ${number(gates[block][channel])}, ${way} it (gradient ${number(value)})`);
    }), make("li", { className: "hint" }, `Loss of this answer: ${number(loss ?? 0)}`));
  }
}
