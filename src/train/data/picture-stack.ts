/**
 * Pictures on their way into a data set: each is made as large as the others when it comes, so that a folder of photographs never lies in
 * memory whole.
 */
import { checkImage } from "../../io/images/image.ts";
import type { RgbaImage } from "../../io/images/image.ts";
import { parsePreprocessing } from "../../io/images/preprocessing-json.ts";
import { levelsOf, resizedSize } from "../../io/images/preprocess.ts";
import type { Geometry } from "../../io/images/preprocess.ts";
import type { PassOrder } from "../../io/images/resize.ts";

/** A whole picture, or one that was made smaller: [channels, height, width] levels. */
export interface Original {
  readonly data: Uint8Array;
  readonly height: number;
  readonly width: number;
  /** Of the passes that resize parts of it; today's Pillow's where none is said. */
  readonly order?: PassOrder | undefined;
}

/** What a stack becomes. */
export interface Stacked {
  readonly images: Uint8Array;
  readonly shape: readonly [number, number, number, number];
  readonly originals: readonly Original[] | undefined;
}

const isGrey = ({ data }: RgbaImage): boolean => {
  for (let i = 0; i < data.length; i += 4) if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return false;
  return true;
};

/** What becomes of each picture of a data set. The first one may say the size of all. */
export class PictureMaker {
  readonly #geometry: Partial<Geometry>;
  /** Height and width of the first picture, where nothing else says them. */
  #first: readonly [number, number] | undefined;
  #grey = true;

  /** @param geometry as `Dataset.fromImages` has it */
  constructor(geometry: Partial<Geometry>) {
    const count = geometry.channels === "gray" ? 1 : 3;
    // The rest of what a preprocessing has makes one of it, which is checked as such.
    parsePreprocessing({
      size: [1, 1], interpolation: "bilinear", channels: "rgb", ...geometry, mean: new Array<number>(count).fill(0),
      std: new Array<number>(count).fill(1),
    });
    this.#geometry = geometry;
  }

  /**
   * Looks at a picture before all are made: the first one's size, and is each of them grey?
   * @param what names the picture in errors
   * @throws TypeError or RangeError where it is none, or of another size than the first and no size is given
   */
  see(image: RgbaImage, what: string): void {
    checkImage(image, what);
    const { height, width } = image;
    const [first, second] = (this.#first ??= [height, width]);
    if (this.#geometry.size === undefined && (first !== height || second !== width)) {
      throw new RangeError(
        `${what} is ${width}x${height}, the first picture ${second}x${first}: all want one size, unless a size is given`
      );
    }
    if (this.#geometry.channels === undefined && this.#grey) this.#grey = isGrey(image);
  }

  /** One channel, where all pictures that were seen are grey, or grey is asked for; then of three the first is all. */
  get channels(): number {
    return this.#geometry.channels === "gray" || (this.#geometry.channels === undefined && this.#grey) ? 1 : 3;
  }

  /** @throws RangeError where there was no picture */
  get size(): readonly [number, number] {
    if (this.#first === undefined) throw new RangeError("Dataset: wants at least one picture, got none");
    return this.#geometry.size ?? this.#first;
  }

  get #whole(): Geometry {
    const { resize, interpolation = "bilinear", channels = "rgb", order = "pillow-13" } = this.#geometry;
    return { size: this.size, ...(resize === undefined ? {} : { resize }), interpolation, order, channels };
  }

  /** As large as all are, [3 or, where grey is asked for, 1, height, width]. */
  image(image: RgbaImage): Uint8Array {
    return levelsOf(image, this.#whole);
  }

  original(image: RgbaImage): Original {
    return whole(image, this.#whole);
  }
}

export class PictureStack {
  readonly #maker: PictureMaker;
  readonly #keep: boolean;
  readonly #levels: Uint8Array[] = [];
  readonly #originals: Original[] = [];

  /** @param geometry as `Dataset.fromImages` has it @param keep keeps the whole pictures too */
  constructor(geometry: Partial<Geometry>, keep: boolean) {
    this.#maker = new PictureMaker(geometry);
    this.#keep = keep;
  }

  /** Pictures so far. */
  get size(): number {
    return this.#levels.length;
  }

  /** @throws as `PictureMaker.see` */
  add(image: RgbaImage, what: string): void {
    this.#maker.see(image, what);
    this.#levels.push(this.#maker.image(image));
    if (this.#keep) this.#originals.push(this.#maker.original(image));
  }

  /** All pictures as one array. The stack is empty then. @throws RangeError where there are none */
  finished(): Stacked {
    const [height, width] = this.#maker.size;
    const { channels } = this.#maker;
    const pixels = height * width;
    const count = this.#levels.length;
    const images = new Uint8Array(count * channels * pixels);
    // Of a grey picture all three channels are one.
    this.#levels.forEach((levels, n) => images.set(levels.subarray(0, channels * pixels), n * channels * pixels));
    this.#levels.length = 0;
    const originals = this.#originals.map((one) => ({ ...one, data: one.data.slice(0, channels * one.height * one.width) }));
    return { images, shape: [count, channels, height, width], originals: this.#keep ? originals : undefined };
  }
}

/** The whole picture, made smaller as far as the middle of it is, and never larger. */
function whole(image: RgbaImage, { resize, interpolation, order = "pillow-13", channels }: Geometry): Original {
  const [height, width] = typeof resize === "number" ? resizedSize(image.height, image.width, resize) : [image.height, image.width];
  const size = height < image.height ? ([height, width] as const) : ([image.height, image.width] as const);
  return { data: levelsOf(image, { size, resize: size, interpolation, order, channels }), height: size[0], width: size[1], order };
}
