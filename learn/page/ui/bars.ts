/**
 * A row of bars, one a number: point at one, or go from one to the next with the arrow keys. Where values can be set, drag a bar, or take
 * the keys up and down.
 */
import { make, number } from "./page.ts";

const space = "http://www.w3.org/2000/svg";

function svg(tag: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const made = document.createElementNS(space, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

export interface BarsOptions {
  /** What the numbers are, for the title and for screen readers. */
  readonly title: string;
  /** What one of them is called. */
  readonly each: string;
  /** Ends of the scale, where they are known. */
  readonly low?: number;
  readonly high?: number;
  readonly pick?: (index: number) => void;
  /** Where values can be set. */
  readonly drag?: (index: number, value: number) => void;
}

export class Bars {
  readonly #options: BarsOptions;
  readonly #host: HTMLElement;
  readonly #figure = svg("svg", { preserveAspectRatio: "none", "aria-hidden": "true", focusable: "false" });
  readonly #bars = svg("path", { class: "bars" });
  readonly #ghost = svg("path", { class: "ghost" });
  readonly #zero = svg("path", { class: "zero" });
  readonly #mark = svg("rect", { class: "mark" });
  readonly #hands = svg("path", { class: "hands" });
  readonly #area: HTMLElement;
  readonly #text = make("span", { className: "value" });
  readonly #title: HTMLElement;
  #each: string;
  readonly #ends = [make("span"), make("span")] as const;
  #values: Float32Array = new Float32Array(0);
  #scale = { low: 0, high: 1 };
  #selected = 0;

  constructor(host: HTMLElement, options: BarsOptions) {
    this.#host = host;
    [this.#options, this.#each] = [options, options.each];
    this.#title = make("span", { className: "title" }, options.title);
    this.#figure.append(this.#mark, this.#bars, this.#ghost, this.#zero, this.#hands);
    this.#area = make("div", { className: "area", tabIndex: 0, role: "slider", ariaLabel: options.title });
    this.#area.append(this.#figure);
    host.replaceChildren(
      make("div", { className: "head" }, this.#title, this.#text), this.#area,
      make("div", { className: "ends", ariaHidden: "true" }, ...this.#ends));
    host.classList.add("chart");
    this.#area.addEventListener("pointermove", (event) => this.#point(event));
    this.#area.addEventListener("pointerdown", (event) => {
      if (options.drag !== undefined) this.#area.setPointerCapture(event.pointerId);
      this.#point(event, true);
    });
    this.#area.addEventListener("keydown", (event) => this.#key(event));
    if (options.drag !== undefined) this.#area.classList.add("drags");
  }

  /** What the numbers are from now on. */
  call(title: string, each: string): void {
    this.#each = each;
    this.#title.textContent = title;
    this.#area.setAttribute("aria-label", title);
  }

  set hidden(hidden: boolean) {
    this.#host.hidden = hidden;
  }

  /**
   * @param selected the one that is pointed at @param ghost other values, as lines @param byHand marks those that were set
   */
  update(
    values: Float32Array, selected: number,
    { ghost, byHand }: { readonly ghost?: Float32Array; readonly byHand?: (i: number) => boolean } = {},
  ): void {
    const { low = Math.min(0, ...values), high = Math.max(0, ...values) } = this.#options;
    const most = high > low ? high : low + 1;
    [this.#values, this.#selected, this.#scale] = [values, Math.min(selected, values.length - 1), { low, high: most }];
    const y = (value: number): number => 100 - (100 * (Math.max(low, Math.min(most, value)) - low)) / (most - low);
    const [ground, gap] = [y(0), values.length > 128 ? 0 : 0.15];
    let [bars, lines, hands] = ["", "", ""];
    for (let i = 0; i < values.length; i++) {
      const top = y(values[i]);
      bars += `M${i + gap} ${ground}V${top}H${i + 1 - gap}V${ground}Z`;
      if (ghost !== undefined) lines += `M${i} ${y(ghost[i])}H${i + 1}`;
      if (byHand?.(i) === true) hands += `M${i} 0H${i + 1}V5H${i}Z`;
    }
    this.#figure.setAttribute("viewBox", `0 0 ${values.length} 100`);
    this.#bars.setAttribute("d", bars);
    this.#ghost.setAttribute("d", lines);
    this.#hands.setAttribute("d", hands);
    this.#zero.setAttribute("d", `M0 ${ground}H${values.length}`);
    const mark = { x: this.#selected, y: 0, width: 1, height: 100 };
    for (const [name, value] of Object.entries(mark)) this.#mark.setAttribute(name, String(value));
    const said = `${this.#each} ${this.#selected}: ${number(values[this.#selected])}`;
    this.#text.textContent = said;
    this.#ends[0].textContent = `0 … ${values.length - 1}`;
    this.#ends[1].textContent = `${number(low)} … ${number(most)}`;
    const more = byHand?.(this.#selected) === true ? ", set by hand" : "";
    for (const [name, value] of Object.entries({
      valuemin: 0, valuemax: values.length - 1, valuenow: this.#selected, valuetext: `${said}${more}` })) {
      this.#area.setAttribute(`aria-${name}`, String(value));
    }
  }

  /** At once: the next key or stroke is meant for it, though the page may answer later. */
  #choose(index: number): void {
    if (index === this.#selected) return;
    this.#selected = index;
    this.#mark.setAttribute("x", String(index));
    this.#options.pick?.(index);
  }

  #point(event: PointerEvent, pressed: boolean = (event.buttons & 1) === 1): void {
    const { left, top, width, height } = this.#area.getBoundingClientRect();
    const at = Math.floor(((event.clientX - left) / width) * this.#values.length);
    const dragging = pressed && this.#options.drag !== undefined;
    // Who drags keeps the bar that was taken hold of only as far as the pointer stays on it: a stroke across sets many.
    const index = Math.max(0, Math.min(this.#values.length - 1, at));
    this.#choose(index);
    if (!dragging) return;
    const { low, high } = this.#scale;
    const share = 1 - Math.max(0, Math.min(1, (event.clientY - top) / height));
    this.#options.drag?.(index, low + share * (high - low));
  }

  #key(event: KeyboardEvent): void {
    const { drag } = this.#options;
    const last = this.#values.length - 1;
    const places: Record<string, number> = {
      ArrowLeft: this.#selected - 1, ArrowRight: this.#selected + 1, PageDown: this.#selected - 10, PageUp: this.#selected + 10,
      Home: 0, End: last };
    const place = places[event.key];
    const turn = event.key === "ArrowUp" ? 0.02 : event.key === "ArrowDown" ? -0.02 : 0;
    if (place !== undefined) this.#choose(Math.max(0, Math.min(last, place)));
    else if (turn !== 0 && drag !== undefined) {
      const { low, high } = this.#scale;
      drag(this.#selected, Math.max(low, Math.min(high, this.#values[this.#selected] + turn * (high - low))));
    } else return;
    event.preventDefault();
  }
}
