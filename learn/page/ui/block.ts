/** One block, and one of its channels: squeeze, hidden layer, gates, kernel, the map before and after it is scaled. */
import type { BlockInfo, Look, Overrides, Selection } from "../messages.ts";
import { Bars } from "./bars.ts";
import type { Kind } from "./lines.ts";
import { button, drawGrey, drawValues, element, number, range } from "./page.ts";

export interface BlockEvents {
  readonly point: (change: Partial<Selection>, kind: Kind) => void;
  readonly setGate: (channel: number, value: number) => void;
  readonly ownGate: (channel: number) => void;
}

const mostKernels = 64;

export class BlockView {
  readonly #squeeze: Bars;
  readonly #hidden: Bars;
  readonly #gates: Bars;
  readonly #gradient: Bars;
  readonly #gate = element("gate", HTMLInputElement);
  /** Whose gates the block has, and the one that is looked at. */
  #by: BlockInfo["by"] = "channel";
  #at = 0;

  constructor(events: BlockEvents) {
    const host = (id: string): HTMLElement => element(`chart-${id}`, HTMLDivElement);
    const channel = (kind: Kind) => (index: number): void =>
      events.point(this.#by === "pixel" ? { pixel: index } : { channel: index }, kind);
    this.#squeeze = new Bars(host("squeeze"), { title: "Squeeze: means", each: "channel", pick: channel("squeeze") });
    this.#hidden = new Bars(
      host("hidden"), { title: "Hidden layer", each: "hidden", pick: (hidden) => events.point({ hidden }, "hidden") });
    this.#gates = new Bars(host("gates"), {
      title: "Gates: drag them", each: "gate", low: 0, high: 1, pick: channel("gate"),
      drag: (index, value) => events.setGate(index, value) });
    this.#gradient = new Bars(host("gradient"), { title: "Gradient by each gate", each: "gate", pick: channel("gate") });
    this.#gate.addEventListener("input", () => events.setGate(this.#at, this.#gate.valueAsNumber));
    button("gate-own").addEventListener("click", () => events.ownGate(this.#at));
    for (const id of ["before", "after"]) {
      const canvas = element(id, HTMLCanvasElement);
      canvas.addEventListener("pointermove", (event) => {
        const { left, top, width, height } = canvas.getBoundingClientRect();
        const at = (value: number, size: number, count: number): number =>
          Math.max(0, Math.min(count - 1, Math.floor((value / size) * count)));
        const [row, column] = [at(event.clientY - top, height, canvas.height), at(event.clientX - left, width, canvas.width)];
        events.point({ pixel: row * canvas.width + column }, "map");
      });
    }
  }

  /** @param latest what is pointed at by now, perhaps after this look was asked for */
  show({ blocks, detail, gradients }: Look, info: BlockInfo, overrides: Overrides, latest: Selection): void {
    const { selection: { block, channel, pixel }, map, kernel } = detail;
    const { by } = info;
    const at = by === "pixel" ? pixel : channel;
    const pointed = latest.block === block ? latest : detail.selection;
    const values = blocks[block];
    const set = overrides.get(block);
    const byHand = (c: number): boolean => set !== undefined && !Number.isNaN(set[c]);
    const mark = by === "pixel" ? pointed.pixel : pointed.channel;
    if (by !== this.#by) {
      this.#squeeze.call(by === "pixel" ? "Sums over the channels" : "Squeeze: means", by);
      this.#gates.call(`Gates${by === "pixel" ? " of pixels" : ""}: drag them`, "gate");
    }
    [this.#by, this.#at] = [by, at];
    element("block-name", HTMLSpanElement).textContent = info.name;
    const hidden = by === "pixel" ? "a gate for each pixel, of all channels" :
      info.hidden === 0 ? "no hidden layer" : `hidden layer of ${info.hidden}`;
    element("block-text", HTMLParagraphElement).textContent =
      `${info.channels} channels of ${info.height}×${info.width}; ` +
      `${hidden}; gate: ${info.activation.replaceAll("_", " ")}.`;
    this.#squeeze.update(values.squeeze, mark);
    this.#hidden.hidden = values.hidden.length === 0;
    if (values.hidden.length > 0) this.#hidden.update(values.hidden, pointed.hidden);
    this.#gates.update(values.gates, mark, { ghost: values.own, byHand });
    this.#gradient.hidden = gradients === undefined;
    if (gradients !== undefined) this.#gradient.update(gradients[block], mark);
    const gate = values.gates[at];
    element("channel-name", HTMLSpanElement).textContent = `${channel} of ${info.channels}`;
    this.#gate.value = String(gate);
    this.#gate.setAttribute("aria-valuetext", `${number(gate)}${byHand(at) ? ", set by hand" : ""}`);
    element("gate-value", HTMLOutputElement).textContent = number(gate) + (byHand(at) ? " ✎" : "");
    button("gate-own").disabled = !byHand(at);
    const gates = by === "pixel" ? values.gates : new Float32Array(map.length).fill(gate);
    const mean = map.reduce((sum, value) => sum + value, 0) / map.length;
    this.#maps(map, map.map((value, p) => gates[p] * value), mean, info);
    this.#kernel(kernel);
  }

  #maps(map: Float32Array, after: Float32Array, mean: number, { height, width }: BlockInfo): void {
    const { low, high } = range(map);
    // One scale for both, so that a weaker channel is darker.
    const [black, white] = [Math.min(0, low), Math.max(high, 0)];
    const draw = (id: string, values: Float32Array, text: string): void => {
      const canvas = element(id, HTMLCanvasElement);
      drawValues(canvas, values, height, width, black, white);
      canvas.setAttribute("aria-label", text);
      element(`${id}-text`, HTMLElement).textContent = text;
    };
    draw("before", map, `before: ${number(low)} to ${number(high)}, mean ${number(mean)}`);
    const scaled = range(after);
    draw("after", after, `after: ${number(scaled.low)} to ${number(scaled.high)}`);
  }

  /** Kernels of all inputs side by side; of a 1x1 convolution its weights in a square. */
  #kernel(kernel: Look["detail"]["kernel"]): void {
    const canvas = element("kernel", HTMLCanvasElement);
    const text = element("kernel-text", HTMLElement);
    if (kernel === undefined) {
      drawValues(canvas, new Float32Array(1), 1, 1, 0, 1);
      text.textContent = "no one kernel makes this channel";
      return;
    }
    const { data, shape: [inputs, height, width] } = kernel;
    const { low, high } = range(data);
    const most = Math.max(-low, high) || 1;
    const shown = Math.min(inputs, mostKernels);
    const across = Math.ceil(Math.sqrt(shown));
    const gap = height * width === 1 ? 0 : 1;
    const [wide, tall] = [across * (width + gap) - gap, Math.ceil(shown / across) * (height + gap) - gap];
    const pixels = new Uint8ClampedArray(wide * tall).fill(gap === 0 ? 128 : 0);
    for (let n = 0; n < shown; n++) {
      const [top, left] = [Math.floor(n / across) * (height + gap), (n % across) * (width + gap)];
      for (let i = 0; i < height * width; i++) {
        pixels[(top + Math.floor(i / width)) * wide + left + (i % width)] = 128 + (127 * data[n * height * width + i]) / most;
      }
    }
    drawGrey(canvas, wide, tall, pixels);
    const some = shown < inputs ? `, ${shown} shown` : "";
    text.textContent = `its kernel: ${inputs} of ${height}×${width}${some}, ${number(low)} to ${number(high)}`;
    canvas.setAttribute("aria-label", text.textContent);
  }
}
