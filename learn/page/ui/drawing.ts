/** What is looked at: a canvas to draw on, with pointer or keys, that can also show any picture. */
import type { Picture } from "../messages.ts";
import { button, element } from "./page.ts";

/** A canvas as it is drawn on has so many pixels a side: as many as a test picture. */
const usualSide = 28;

export class Drawing {
  readonly canvas: HTMLCanvasElement = element("drawing", HTMLCanvasElement);
  readonly #context = this.canvas.getContext("2d", { willReadFrequently: true })!;
  readonly #cursor = element("cursor", HTMLDivElement);
  readonly #erase = button("erase");
  readonly #changed: () => void;
  /** Where the pen was, in pixels of the canvas. */
  #pen: readonly [number, number] | undefined;
  #keys = { x: usualSide / 2, y: usualSide / 2, down: false };

  /** @param changed is told after every stroke and every new picture */
  constructor(changed: () => void) {
    this.#changed = changed;
    this.#blank();
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#cursor.hidden = true;
      this.#pen = undefined;
      this.#to(...this.#place(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (this.#pen === undefined) return;
      for (const each of event.getCoalescedEvents?.() ?? [event]) this.#to(...this.#place(each));
    });
    for (const end of ["pointerup", "pointercancel"] as const) canvas.addEventListener(end, () => (this.#pen = undefined));
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("blur", () => this.#showCursor(false));
    this.#erase.addEventListener("click", () => this.#erase.setAttribute("aria-pressed", String(!this.#erasing)));
    button("clear").addEventListener("click", () => this.clear());
    button("invert").addEventListener("click", () => this.invert());
  }

  get #erasing(): boolean {
    return this.#erase.getAttribute("aria-pressed") === "true";
  }

  picture(): Picture {
    const { width, height } = this.canvas;
    const { data } = this.#context.getImageData(0, 0, width, height);
    return { width, height, data };
  }

  /** Shows a picture in its own size. */
  show({ width, height, data }: Picture): void {
    this.#resize(width, height);
    const image = new ImageData(width, height);
    image.data.set(data);
    this.#context.putImageData(image, 0, 0);
    this.#changed();
  }

  /** The middle square of a frame of a film, in this size. */
  frame(source: CanvasImageSource, width: number, height: number, size: number): void {
    this.#resize(size, size);
    const side = Math.min(width, height);
    this.#context.drawImage(source, (width - side) / 2, (height - side) / 2, side, side, 0, 0, size, size);
    this.#changed();
  }

  clear(): void {
    this.#blank();
    this.#changed();
  }

  #blank(): void {
    this.#resize(usualSide, usualSide);
    this.#context.fillStyle = "#000";
    this.#context.fillRect(0, 0, usualSide, usualSide);
  }

  invert(): void {
    const picture = this.picture();
    picture.data.forEach((value, i) => { if (i % 4 !== 3) picture.data[i] = 255 - value; });
    this.show(picture);
  }

  #resize(width: number, height: number): void {
    if (this.canvas.width !== width || this.canvas.height !== height) {
      [this.canvas.width, this.canvas.height] = [width, height];
      this.#keys = { x: width / 2, y: height / 2, down: false };
    }
    this.canvas.style.aspectRatio = `${width} / ${height}`;
  }

  #place({ clientX, clientY }: PointerEvent): readonly [number, number] {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    return [((clientX - left) * this.canvas.width) / width, ((clientY - top) * this.canvas.height) / height];
  }

  /** Draws from where the pen was to here. */
  #to(x: number, y: number): void {
    const context = this.#context;
    const [fromX, fromY] = this.#pen ?? [x, y];
    context.strokeStyle = this.#erasing ? "#000" : "#fff";
    context.lineWidth = (this.canvas.width * (this.#erasing ? 3.5 : 2.5)) / usualSide;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    context.moveTo(fromX, fromY);
    context.lineTo(x + 0.001, y);
    context.stroke();
    this.#pen = [x, y];
    this.#changed();
  }

  #key(event: KeyboardEvent): void {
    const step = (this.canvas.width / usualSide) * (event.shiftKey ? 4 : 1);
    const moves: Record<string, readonly [number, number]> = {
      ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const move = moves[event.key];
    const keys = this.#keys;
    if (move !== undefined) {
      keys.x = Math.max(0, Math.min(this.canvas.width, keys.x + move[0]));
      keys.y = Math.max(0, Math.min(this.canvas.height, keys.y + move[1]));
      if (keys.down) this.#to(keys.x, keys.y);
    } else if (event.key === " ") {
      keys.down = !keys.down;
      this.#pen = undefined;
      if (keys.down) this.#to(keys.x, keys.y);
    } else if (event.key === "Delete") this.clear();
    else return;
    event.preventDefault();
    this.#showCursor(true);
  }

  #showCursor(on: boolean): void {
    const { x, y, down } = this.#keys;
    this.#cursor.hidden = !on;
    if (!on) this.#pen = undefined;
    this.#cursor.style.left = `${(100 * x) / this.canvas.width}%`;
    this.#cursor.style.top = `${(100 * y) / this.canvas.height}%`;
    this.#cursor.classList.toggle("down", down);
  }
}
