/** The panel that trains a small network: its curve and its gates, as the worker tells them. */
import type { TrainingNews, TrainingOrder } from "../messages.ts";
import { Bars } from "./bars.ts";
import { button, element, make, number, percent } from "./page.ts";

const steps = 300;
const names = ["first block", "second block", "third block"];

export class Training {
  readonly #text = element("training-text", HTMLParagraphElement);
  readonly #begin = button("train");
  readonly #stop = button("stop");
  readonly #open = button("open-trained");
  readonly #curve = element("curve", HTMLDivElement);
  #worker: Worker | undefined;
  #losses: number[] = [];
  #charts: Bars[] = [];
  #weights: Uint8Array | undefined;
  #accuracy: number | undefined;
  #gates: readonly Float32Array[] = [];
  /** Is a frame asked for? */
  #waiting = false;

  /** @param open is given the weights of a network that was trained */
  constructor(open: (weights: Uint8Array) => void) {
    this.#begin.addEventListener("click", () => this.#train());
    this.#stop.addEventListener("click", () => this.#order({ order: "stop" }));
    this.#open.addEventListener("click", () => this.#weights !== undefined && open(this.#weights));
    this.#draw();
  }

  #order(order: TrainingOrder): void {
    this.#worker?.postMessage(order);
  }

  #train(): void {
    this.#worker?.terminate();
    this.#worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<TrainingNews>) => this.#hear(data);
    this.#worker.onerror = (event) => this.#hear({ news: "failure", message: event.message });
    [this.#losses, this.#accuracy] = [[], undefined];
    this.#busy(true);
    this.#text.textContent = "The kernels are assembled and checked …";
    const value = (id: string): number => Number(element(id, HTMLInputElement).value);
    this.#order({ order: "begin", steps, seed: value("seed"), rate: Number(element("rate", HTMLSelectElement).value) });
  }

  #busy(busy: boolean): void {
    [this.#begin.disabled, this.#stop.disabled] = [busy, !busy];
    this.#open.disabled = busy || this.#weights === undefined;
  }

  #hear(news: TrainingNews): void {
    if (news.news === "failure") {
      this.#text.textContent = `Training failed: ${news.message}`;
      this.#busy(false);
    } else if (news.news === "end") {
      this.#weights = news.weights;
      this.#busy(false);
      const seconds = news.milliseconds / 1000;
      this.#text.textContent = `${this.#losses.length} steps in ${seconds.toFixed(1)} s, ` +
        `${percent(news.accuracy)} of 256 new pictures right (by chance: 25 %). Kernels: ${news.kernels}.`;
    } else {
      this.#losses.push(...news.losses);
      this.#accuracy = news.accuracy ?? this.#accuracy;
      const right = this.#accuracy === undefined ? "" : `; ${percent(this.#accuracy)} of new pictures right`;
      this.#text.dataset.loss = String(this.#losses[this.#losses.length - 1]);
      this.#text.textContent = `Step ${news.step} of ${steps}: loss ${number(this.#losses[this.#losses.length - 1])}${right}`;
      this.#gates = news.gates;
      this.#soon();
    }
  }

  /** In the next frame, once, however much news comes until then. */
  #soon(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    requestAnimationFrame(() => {
      this.#waiting = false;
      this.#draw();
      this.#drawGates(this.#gates);
    });
  }

  #drawGates(gates: readonly Float32Array[]): void {
    const host = element("training-gates", HTMLDivElement);
    if (this.#charts.length !== gates.length) {
      const hosts = gates.map(() => make("div"));
      host.replaceChildren(...hosts);
      this.#charts = hosts.map((each, i) => new Bars(each, { title: `Gates of its ${names[i]}`, each: "gate", low: 0, high: 1 }));
    }
    gates.forEach((values, i) => this.#charts[i].update(values, 0));
  }

  /** The loss of every step, and the mean of the last twenty as a thicker line. */
  #draw(): void {
    const losses = this.#losses;
    const high = Math.max(1.6, ...losses.slice(0, 40));
    const place = (value: number, i: number): string =>
      `${((300 * i) / steps).toFixed(1)},${(100 - (100 * Math.min(value, high)) / high).toFixed(1)}`;
    let sum = 0;
    const means = losses.map((loss, i) => {
      sum += loss - (i >= 20 ? losses[i - 20] : 0);
      return sum / Math.min(i + 1, 20);
    });
    const chance = 100 - (100 * Math.log(4)) / high;
    const space = "http://www.w3.org/2000/svg";
    const line = (tag: string, attributes: Readonly<Record<string, string>>): SVGElement => {
      const made = document.createElementNS(space, tag);
      for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
      return made;
    };
    const picture = line("svg", {
      viewBox: "0 0 300 100", preserveAspectRatio: "none", role: "img", "aria-label": `Loss by step, ${losses.length} steps so far` });
    picture.append(
      line("path", { class: "zero", d: `M0 ${chance}H300`, "stroke-dasharray": "4 4" }),
      line("polyline", { class: "each", points: losses.map(place).join(" ") }),
      line("polyline", { class: "mean", points: means.map(place).join(" ") }));
    this.#curve.replaceChildren(
      make(
        "div", { className: "head" }, make("span", { className: "title" }, "Loss by step"),
        make("span", { className: "value" }, "dashed: a guess, log 4 = 1.386")),
      make("div", { className: "area" }),
      make("div", { className: "ends" }, make("span", {}, `0 … ${steps}`), make("span", {}, `0 … ${number(high)}`)));
    this.#curve.classList.add("chart");
    this.#curve.querySelector(".area")!.append(picture);
  }
}
