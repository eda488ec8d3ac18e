/** The stages from the picture to the answer, as cards that light up when what they show changes. */
import type { BlockInfo, Look, Overrides, Sheet } from "../messages.ts";
import { drawSheet, element, make, number } from "./page.ts";

interface Card {
  readonly item: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  readonly text: HTMLElement;
}

/** The channel under the pointer: a sheet is as large as its canvas allows, in the middle of it. */
function channelAt(canvas: HTMLCanvasElement, sheet: Sheet | undefined, { clientX, clientY }: PointerEvent): number | undefined {
  if (sheet === undefined) return undefined;
  const { left, top, width, height } = canvas.getBoundingClientRect();
  const scale = Math.min(width / sheet.width, height / sheet.height);
  const x = (clientX - left - (width - scale * sheet.width) / 2) / scale;
  const y = (clientY - top - (height - scale * sheet.height) / 2) / scale;
  if (x < 0 || y < 0 || x >= sheet.width || y >= sheet.height) return undefined;
  const channel = Math.floor(y / (sheet.cell[0] + 1)) * sheet.across + Math.floor(x / (sheet.cell[1] + 1));
  return channel < sheet.shown ? channel : undefined;
}

/** Milliseconds between two times that the stages light up: a camera has a new picture in every frame. */
const shortest = 300;

const space = "http://www.w3.org/2000/svg";

export class Flow {
  readonly #list = element("flow", HTMLOListElement);
  readonly #select: (block: number, channel?: number) => void;
  /** When they lit up last. */
  #lit = -Infinity;
  /** What the cards show, for who points at a channel. */
  #sheets: readonly Sheet[] = [];
  #input: Card | undefined;
  #cards: readonly (Card & { readonly button: HTMLButtonElement; readonly gates: SVGElement })[] = [];

  /** @param select a block; a channel of it too, where one is pointed at */
  constructor(select: (block: number, channel?: number) => void) {
    this.#select = select;
  }

  open(blocks: readonly BlockInfo[]): void {
    const input: Card = {
      item: make("li", { className: "stage" }), canvas: make("canvas"), text: make("span", { className: "stage-text" }) };
    input.canvas.setAttribute("aria-hidden", "true");
    input.item.append(make("div", { className: "card" }, make("strong", {}, "input"), input.canvas, input.text));
    this.#input = input;
    this.#cards = blocks.map(({ name, count }, block) => {
      const canvas = make("canvas");
      canvas.setAttribute("aria-hidden", "true");
      const strip = document.createElementNS(space, "svg");
      const attributes = { class: "strip", viewBox: `0 0 ${count} 100`, preserveAspectRatio: "none", "aria-hidden": "true" };
      for (const [key, value] of Object.entries(attributes)) strip.setAttribute(key, value);
      const gates = document.createElementNS(space, "path");
      strip.append(gates);
      const text = make("span", { className: "stage-text" });
      // A long name may go on in the next line behind a dot.
      const title = make("strong", {}, name.replaceAll(".", ".\u200b"));
      const button = make("button", { type: "button", className: "card" }, title, canvas, strip, text);
      button.addEventListener("click", () => this.#select(block));
      canvas.addEventListener("pointermove", (event) => {
        const channel = event.pointerType === "mouse" ? channelAt(canvas, this.#sheets[block], event) : undefined;
        if (channel !== undefined) this.#select(block, channel);
      });
      return { item: make("li", { className: "stage" }, button), button, canvas, text, gates };
    });
    this.#list.replaceChildren(input.item, ...this.#cards.map(({ item }) => item));
  }

  /** @param fresh is the picture a new one? Then the stages light up one after the other */
  show({ input, sheets, blocks }: Look, selected: number, overrides: Overrides, fresh: boolean): void {
    this.#sheets = sheets;
    this.#drawn(this.#input!, input, `${input.channels === 1 ? "grey" : "colour"}`);
    this.#cards.forEach((card, b) => {
      const { gates } = blocks[b];
      const mean = gates.reduce((sum, gate) => sum + gate, 0) / gates.length;
      this.#drawn(card, sheets[b], `${gates.length} gates, mean ${number(mean)}${overrides.has(b) ? " ✎" : ""}`);
      card.button.setAttribute("aria-pressed", String(b === selected));
      const top = (gate: number): number => 100 - 100 * Math.max(0, Math.min(1, gate));
      card.gates.setAttribute("d", [...gates].map((gate, c) => `M${c} 100V${top(gate)}H${c + 1}V100Z`).join(""));
    });
    if (fresh && performance.now() - this.#lit > shortest) this.#lightUp();
  }

  #lightUp(): void {
    this.#lit = performance.now();
    const items = [this.#input!, ...this.#cards].map(({ item }) => item);
    items.forEach((item, i) => {
      item.style.animationDelay = `${Math.min(i * 40, 600)}ms`;
      item.classList.remove("lit");
    });
    // Laid out once without it, so that it begins anew although it may still go on.
    void this.#list.offsetWidth;
    for (const item of items) item.classList.add("lit");
  }

  #drawn(card: Card, sheet: Sheet, text: string): void {
    drawSheet(card.canvas, sheet);
    const some = sheet.shown < sheet.channels ? `; ${sheet.shown} shown` : "";
    card.text.textContent = `${text}${some}`;
  }
}
