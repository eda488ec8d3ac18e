/** Where pictures come from: test pictures, files, the camera. */
import type { Picture } from "../messages.ts";
import type { Drawing } from "./drawing.ts";
import { button, element, make } from "./page.ts";

/** Bytes of a picture's file as the browser reads them: no colours converted, no alpha multiplied in. @throws Error where it is none */
export async function pictureOf(file: Blob): Promise<Picture> {
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const { width, height } = bitmap;
  const canvas = make("canvas", { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return { width, height, data: context.getImageData(0, 0, width, height).data };
}

export interface Sample {
  readonly name: string;
  readonly picture: Picture;
}

/** The bundled pictures, beside the page. */
export async function bundledSamples(): Promise<Sample[]> {
  const names = (await (await fetch("samples.json")).json()) as string[];
  return Promise.all(names.map(async (file) => ({
    name: file.replace(/-\d+\.png$/, "").replaceAll("-", " "), picture: await pictureOf(await (await fetch(`samples/${file}`)).blob()) })));
}

export function showSamples(samples: readonly Sample[], chosen: (sample: Sample) => void): void {
  element("samples", HTMLDivElement).replaceChildren(...samples.map((sample) => {
    const { picture: { width, height, data }, name } = sample;
    const canvas = make("canvas", { width, height });
    const image = new ImageData(width, height);
    image.data.set(data);
    canvas.getContext("2d")!.putImageData(image, 0, 0);
    canvas.setAttribute("aria-hidden", "true");
    const made = make("button", { type: "button", className: "sample", title: name }, canvas);
    made.setAttribute("aria-label", name);
    made.addEventListener("click", () => chosen(sample));
    return made;
  }));
}

/** The camera's frames on the drawing, as fast as they are looked at. */
export class Camera {
  readonly #button = button("camera");
  readonly #video = make("video", { muted: true, playsInline: true });
  readonly #drawing: Drawing;
  readonly #failed: (why: string) => void;
  readonly #size: () => number;
  /** Is the last frame answered? */
  readonly #ready: () => boolean;
  #stream: MediaStream | undefined;

  constructor(
    drawing: Drawing, parts: { readonly failed: (why: string) => void; readonly size: () => number; readonly ready: () => boolean },
  ) {
    [this.#drawing, this.#failed, this.#size, this.#ready] = [drawing, parts.failed, parts.size, parts.ready];
    this.#button.addEventListener("click", () => void (this.#stream === undefined ? this.#start() : this.stop()));
  }

  async #start(): Promise<void> {
    try {
      if (navigator.mediaDevices === undefined) throw new Error("it wants https, or localhost");
      this.#stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 } } });
    } catch (error) {
      this.#failed(`The camera cannot be had: ${(error as Error).message}`);
      return;
    }
    this.#video.srcObject = this.#stream;
    await this.#video.play();
    this.#button.setAttribute("aria-pressed", "true");
    const next = (): void => {
      if (this.#stream === undefined) return;
      const { videoWidth, videoHeight } = this.#video;
      if (videoWidth > 0 && this.#ready()) this.#drawing.frame(this.#video, videoWidth, videoHeight, this.#size());
      requestAnimationFrame(next);
    };
    next();
  }

  stop(): void {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = undefined;
    this.#video.srcObject = null;
    this.#button.setAttribute("aria-pressed", "false");
  }
}
