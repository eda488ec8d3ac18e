/**
 * How images lie in a session's memory: NHWC float32, with a border ("halo") of zeros around every image, as wide as the widest
 * padding of the convolutions that read it. So a convolution reads its padding like any other pixel, and for one row of its
 * kernel the values under it are contiguous: no special case at edges, no im2col.
 */

/** One value [batch, channels, height, width]; sizes in elements. */
export interface Layout {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Border of zeros in pixels, on all four sides. */
  readonly halo: number;
}

/** Floats from one row to the next. */
export function rowPitch(layout: Layout): number {
  return (layout.width + 2 * layout.halo) * layout.channels;
}

/** Floats from one image of the batch to the next. */
export function imagePitch(layout: Layout): number {
  return (layout.height + 2 * layout.halo) * rowPitch(layout);
}

/** Floats from the start of an image's memory (its halo's corner) to pixel (0, 0). */
export function interior(layout: Layout): number {
  return layout.halo * (rowPitch(layout) + layout.channels);
}

/** Floats from pixel (0, 0) to the first value under a kernel with this padding: negative, inside the halo. */
export function paddedStart(layout: Layout, paddingHeight: number, paddingWidth: number): number {
  return -(paddingHeight * rowPitch(layout) + paddingWidth * layout.channels);
}
