/** The panel with the very lines of the reference kernel, SE's or a relative's, and their numbers. */
import type { BlockInfo, Detail, LinePage } from "../messages.ts";
import { bodyOf, numbersOf, pages } from "./lines.ts";
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
  readonly #file = element("lines-file", HTMLSpanElement);
  /** Of the pages that were asked for; undefined until one has come. */
  readonly #pages = new Map<LinePage, Readonly<Record<Direction, readonly Line[]>> | undefined>();
  #direction: Direction = "forward";
  #shown: { readonly detail: Detail; readonly gates: Float32Array; readonly kind: Kind; readonly info: BlockInfo } | undefined;

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

  /** The lines of a page: its file is beside this page, and is asked for once. */
  #linesOf(page: LinePage): Readonly<Record<Direction, readonly Line[]>> | undefined {
    if (!this.#pages.has(page)) {
      this.#pages.set(page, undefined);
      void fetch(`${page}.txt`).then((answer) => answer.text()).then((source) => {
        this.#pages.set(page, this.#read(page, source));
        this.#draw();
      }).catch(() => this.#pages.delete(page));
    }
    return this.#pages.get(page);
  }

  #read(page: LinePage, source: string): Readonly<Record<Direction, readonly Line[]>> {
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
    const { names, forward, backward } = pages[page];
    return { forward: linesOf(names.forward, forward), backward: linesOf(names.backward, backward) };
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

  show(detail: Detail, gates: Float32Array, kind: Kind, info: BlockInfo): void {
    this.#shown = { detail, gates, kind, info };
    this.#draw();
  }

  #draw(): void {
    const page = this.#shown?.info.page ?? "squeeze-excite";
    const lines = this.#linesOf(page)?.[this.#direction];
    if (lines === undefined) return;
    this.#file.textContent = `kernels/reference/${pages[page].folder}${page}.ts`;
    const numbers = this.#shown === undefined ? undefined : numbersOf(this.#shown.detail, this.#shown.gates, this.#shown.info);
    const asked = this.#direction === "forward" || this.#shown?.detail.backward !== undefined;
    const differs = this.#shown?.info.differs ?? "";
    const concurrent = this.#shown?.info.concurrent === true
      ? "This block is one half of a concurrent one (scSE): what it scales is added to what gates of the other kind scale, the " +
        "next block or the one before. "
      : "";
    const why = differs !== ""
      ? `This block is another one than those that have a page here: ${differs}. These are SE's lines, without its numbers.`
      : asked ? concurrent : `${concurrent}Choose a class among the answers: its loss goes backward through these lines.`;
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
