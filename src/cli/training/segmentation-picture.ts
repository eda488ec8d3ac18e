/** A picture of a segmentation: scenes in columns; below each its mask and what networks made of it. */
import type { RgbaImage } from "../../io/images/image.ts";
import type { Dataset } from "../../train/data/dataset.ts";

/** Of the background and up to eleven classes; more begin anew after the background. */
const colours: readonly (readonly [number, number, number])[] = [
  [24, 24, 24], [230, 25, 75], [60, 180, 75], [255, 225, 25], [0, 130, 200], [245, 130, 48], [145, 30, 180], [70, 240, 240], [240, 50, 230],
  [210, 245, 60], [250, 190, 212], [170, 110, 40],
];

function colour(label: number): readonly [number, number, number] {
  return colours[label === 0 ? 0 : 1 + ((label - 1) % (colours.length - 1))];
}

/**
 * One column a scene of `data` (grey, one label a pixel), as many as the first of `rows` has; rows: the scene, its labels, and each of
 * `rows`: labels of all pixels of these scenes. Everything is `scale` times as large, `gap` pixels apart on white.
 */
export function segmentationPicture(data: Dataset, rows: readonly Int32Array[], scale: number = 2, gap: number = 4): RgbaImage {
  const [, , height, width] = data.shape;
  const pixels = height * width;
  const columns = rows[0].length / pixels;
  const cellHeight = height * scale + gap;
  const cellWidth = width * scale + gap;
  const image = { width: columns * cellWidth + gap, height: (2 + rows.length) * cellHeight + gap };
  const out = new Uint8Array(image.width * image.height * 4).fill(255);
  const draw = (row: number, column: number, at: (pixel: number) => readonly [number, number, number]): void => {
    for (let y = 0; y < height * scale; y++) {
      for (let x = 0; x < width * scale; x++) {
        const pixel = Math.floor(y / scale) * width + Math.floor(x / scale);
        const place = (gap + row * cellHeight + y) * image.width + gap + column * cellWidth + x;
        out.set(at(column * pixels + pixel), place * 4);
      }
    }
  };
  for (let column = 0; column < columns; column++) {
    draw(0, column, (pixel) => [data.images[pixel], data.images[pixel], data.images[pixel]]);
    [data.labels, ...rows].forEach((labels, row) => draw(row + 1, column, (pixel) => colour(labels[pixel])));
  }
  return { data: out, ...image };
}
