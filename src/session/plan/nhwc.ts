/** Between NCHW arrays, which users see, and padded NHWC memory, which kernels see. */
import { numberArrays } from "../../../kernels/formats.ts";
import type { Numbers } from "../../../kernels/formats.ts";
import { imagePitch, pixelPitch, rowPitch } from "../../../kernels/wasm/shared/layout.ts";
import type { Image, MemoryView } from "./places.ts";

/** Writes [N,C,H,W] into memory, as its numbers are held there. @param address of pixel (0, 0) of the first image, in bytes */
export function scatter(memory: MemoryView, address: number, image: Image, data: Numbers): void {
  move(memory, address, image, data, true);
}

/** Reads [N,C,H,W] from memory. @param address as of `scatter` */
export function gather(memory: MemoryView, address: number, image: Image, data: Numbers): void {
  move(memory, address, image, data, false);
}

function move({ floats }: MemoryView, address: number, { layout, images }: Image, data: Numbers, inwards: boolean): void {
  const { channels, height, width, format = "f32" } = layout;
  const numbers = new numberArrays[format](floats.buffer);
  const [unit, pixel] = [numbers.BYTES_PER_ELEMENT, pixelPitch(layout)];
  let i = 0;
  for (let n = 0; n < images; n++) {
    const image = address / unit + n * imagePitch(layout);
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < height; y++) {
        let at = image + y * rowPitch(layout) + c;
        for (let x = 0; x < width; x++, at += pixel, i++) {
          if (inwards) numbers[at] = data[i];
          else data[i] = numbers[at];
        }
      }
    }
  }
}
