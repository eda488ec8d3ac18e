/** Between NCHW arrays, which users see, and padded NHWC memory, which kernels see. */
import { imagePitch, rowPitch } from "../../../kernels/wasm/shared/layout.ts";
import type { Image } from "./places.ts";

/** Writes [N,C,H,W] into memory. @param address of pixel (0, 0) of the first image, in bytes */
export function scatter(memory: Float32Array, address: number, { layout, images }: Image, data: Float32Array): void {
  const { channels, height, width } = layout;
  const plane = height * width;
  for (let n = 0; n < images; n++) {
    const image = address / 4 + n * imagePitch(layout);
    for (let c = 0; c < channels; c++) {
      let from = (n * channels + c) * plane;
      for (let y = 0; y < height; y++) {
        let to = image + y * rowPitch(layout) + c;
        for (let x = 0; x < width; x++, to += channels) memory[to] = data[from++];
      }
    }
  }
}

/** Reads [N,C,H,W] from memory. @param address as of `scatter` */
export function gather(memory: Float32Array, address: number, { layout, images }: Image, data: Float32Array): void {
  const { channels, height, width } = layout;
  const plane = height * width;
  for (let n = 0; n < images; n++) {
    const image = address / 4 + n * imagePitch(layout);
    for (let c = 0; c < channels; c++) {
      let to = (n * channels + c) * plane;
      for (let y = 0; y < height; y++) {
        let from = image + y * rowPitch(layout) + c;
        for (let x = 0; x < width; x++, from += channels) data[to++] = memory[from];
      }
    }
  }
}
