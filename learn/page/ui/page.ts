/** Small things that every part of the page uses. */
import type { Sheet } from "../messages.ts";

/** The element of this id. @throws Error where there is none of this kind: the page and its program do not belong together */
export function element<E extends HTMLElement>(id: string, kind: new () => E): E {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} "${id}"`);
  return found;
}

export const button = (id: string): HTMLButtonElement => element(id, HTMLButtonElement);

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K, properties: Partial<HTMLElementTagNameMap[K]> = {}, ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** Four places for what is about 1, and powers of ten for what is tiny or large. */
export function number(value: number): string {
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size < 0.0005 || size >= 1e5) return value.toExponential(2).replace("-", "−").replace("e−", "e−");
  return value.toFixed(size >= 100 ? 1 : size >= 10 ? 2 : 3).replace("-", "−");
}

export function percent(value: number): string {
  const share = 100 * value;
  return share > 0 && share < 0.1 ? "< 0.1 %" : `${share.toFixed(1)} %`;
}

/** The place of the largest; of equal ones the first. */
export function best(values: ArrayLike<number>): number {
  let found = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[found]) found = i;
  return found;
}

export function drawSheet(canvas: HTMLCanvasElement, { width, height, pixels }: Sheet): void {
  drawGrey(canvas, width, height, pixels);
}

export function drawGrey(canvas: HTMLCanvasElement, width: number, height: number, pixels: Uint8ClampedArray): void {
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const image = new ImageData(width, height);
  pixels.forEach((grey, i) => image.data.set([grey, grey, grey, 255], 4 * i));
  canvas.getContext("2d")!.putImageData(image, 0, 0);
}

/** Grey from `low` (black) to `high` (white), one pixel a value. */
export function drawValues(
  canvas: HTMLCanvasElement, values: Float32Array, height: number, width: number, low: number, high: number,
): void {
  const pixels = new Uint8ClampedArray(values.length);
  const range = high - low || 1;
  values.forEach((value, i) => (pixels[i] = (255 * (value - low)) / range));
  drawGrey(canvas, width, height, pixels);
}

export function range(values: Float32Array): { readonly low: number; readonly high: number } {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { low, high };
}
