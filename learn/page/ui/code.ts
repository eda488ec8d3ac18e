/** The panel with the very lines of the reference kernel, and their numbers. */
import type { Detail } from "../messages.ts";
import { backwardNotes, bodyOf, forwardNotes, numbersOf } from "./lines.ts";
import type { Kind, Note } from "./lines.ts";
import { button, element, make } from "./page.ts";

interface Line {
  readonly row: HTMLElement;
  readonly mark: HTMLElement;
  readonly value: HTMLElement;
  readonly note: Note | undefined;
}

type Direction = "forward" | "backward";

export class Code {
  readonly #panel = element("code", HTMLDivElement);
  readonly #tabs = { forward: button("tab-forward"), backward: button("tab-backward") };
  #lines: Readonly<Record<Direction, readonly Line[]>> | undefined;
  #direction: Direction = "forward";
  #shown: { readonly detail: Detail; readonly gates: Float32Array; readonly kind: Kind; readonly differs: string } | undefined;

  constructor() {
    for (const direction of ["forward", "backward"] as const) {
      this.#tabs[direction].addEventListener("click", () => this.turn(direction));
      this.#tabs[direction].addEventListener("keydown", (event) => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
        const other = direction === "forward" ? "backward" : "forward";
        this.turn(other);
        this.#tabs[other].focus();
      });
    }
  }

  /** @param source of kernels/reference/squeeze-excite.ts */
  read(source: string): void {
    const linesOf = (name: string, notes: readonly Note[]): readonly Line[] => {
      const { lines, first } = bodyOf(source, name);
      return lines.map((text, i) => {
        const [mark, value] = [make("span", { className: "mark" }), make("span", { className: "numbers" })];
        const note = notes.find(({ find }) => text.includes(find));
        const at = make("span", { className: "at" }, String(first + i));
        const row = make("div", { className: "line" }, at, mark, make("code", {}, text), value);
        return { row, mark, value, note };
      });
    };
    this.#lines = {
      forward: linesOf("squeezeExciteForward", forwardNotes), backward: linesOf("squeezeExciteBackward", backwardNotes) };
    this.turn(this.#direction);
  }

  turn(direction: Direction): void {
    this.#direction = direction;
    for (const each of ["forward", "backward"] as const) {
      this.#tabs[each].setAttribute("aria-selected", String(each === direction));
      this.#tabs[each].tabIndex = each === direction ? 0 : -1;
    }
    this.#panel.setAttribute("aria-labelledby", `tab-${direction}`);
    this.#draw();
  }

  /** @param differs why this block is another than the reference's; empty where it is not */
  show(detail: Detail, gates: Float32Array, kind: Kind, differs: string): void {
    this.#shown = { detail, gates, kind, differs };
    this.#draw();
  }

  #draw(): void {
    if (this.#lines === undefined) return;
    const lines = this.#lines[this.#direction];
    const numbers = this.#shown === undefined ? undefined : numbersOf(this.#shown.detail, this.#shown.gates);
    const asked = this.#direction === "forward" || this.#shown?.detail.backward !== undefined;
    const why = this.#shown?.differs !== undefined && this.#shown.differs !== ""
      ? `This block is a relative of the one on the page: ${this.#shown.differs}. Here are the lines without its numbers.`
      : asked ? "" : "Choose a class among the answers: its loss goes backward through these lines.";
    for (const { row, mark, value, note } of lines) {
      const here = note !== undefined && note.kind === this.#shown?.kind;
      row.classList.toggle("here", here);
      mark.textContent = here ? "▸" : "";
      const text = note === undefined || numbers === undefined ? "" : note.text(numbers);
      value.textContent = text === "" ? "" : `→ ${text}`;
    }
    this.#panel.replaceChildren(...(why === "" ? [] : [make("p", { className: "hint" }, why)]), ...lines.map(({ row }) => row));
  }
}
