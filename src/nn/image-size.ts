/** A network's demand on the size of its images, said at the door instead of by the layer that runs out of pixels. */
import type { GraphBuilder, Value } from "../graph/graph.ts";
import { checkTensor } from "../checks.ts";
import type { Floats, Shape, Tensor } from "../tensor.ts";
import { checkImages } from "./check.ts";
import { Module } from "./module.ts";

/** y = x, for images [N,C,H,W] that fit; others are refused in `network`'s name. */
abstract class ImageSize extends Module {
  readonly network: string;

  constructor(network: string) {
    super();
    this.network = network;
  }

  protected abstract fits(height: number, width: number): boolean;
  /** What is wanted, after "input wants images of ". */
  protected abstract readonly wanted: string;

  /** @throws RangeError for an image that does not fit */
  outputShape(input: Shape): Shape {
    checkImages(this.network, input);
    const [, , height, width] = input;
    if (!this.fits(height, width)) throw new RangeError(`${this.network}: input wants images of ${this.wanted}, got ${height}x${width}`);
    return input;
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    this.outputShape(x.shape);
    return x;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    return dy;
  }

  lower(_graph: GraphBuilder, x: Value): Value {
    this.outputShape(x.shape);
    return x;
  }
}

/** At least `least` by `least` pixels. */
export class LeastImage extends ImageSize {
  readonly least: number;
  protected readonly wanted: string;

  constructor(network: string, least: number) {
    super(network);
    this.least = least;
    this.wanted = `at least ${least}x${least}`;
  }

  protected fits(height: number, width: number): boolean {
    return Math.min(height, width) >= this.least;
  }
}

/**
 * Images that a stem of stride 2 (rounding up) and a pool (rounding down) make maps of, whose sides `factor` divides: as networks want
 * them that halve by pools that round down beside shortcuts that round up.
 */
export class QuarteredImage extends ImageSize {
  readonly factor: number;
  protected readonly wanted: string;

  constructor(network: string, factor: number) {
    super(network);
    this.factor = factor;
    this.wanted = `sides of which ${factor} divides a quarter, as of multiples of ${4 * factor}`;
  }

  protected fits(height: number, width: number): boolean {
    return [height, width].every((side) => {
      const quarter = Math.floor(Math.ceil(side / 2) / 2);
      return quarter > 0 && quarter % this.factor === 0;
    });
  }
}

/** Images of exactly `size` by `size` pixels, as networks with a linear layer over all pixels want them. */
export class ExactImage extends ImageSize {
  readonly size: number;
  protected readonly wanted: string;

  constructor(network: string, size: number) {
    super(network);
    this.size = size;
    this.wanted = `${size}x${size} (option "imageSize")`;
  }

  protected fits(height: number, width: number): boolean {
    return height === this.size && width === this.size;
  }
}

/** Height and width divisible by `factor`. */
export class ImageMultiple extends ImageSize {
  readonly factor: number;
  protected readonly wanted: string;

  constructor(network: string, factor: number) {
    super(network);
    this.factor = factor;
    this.wanted = `a height and width divisible by ${factor}`;
  }

  protected fits(height: number, width: number): boolean {
    return height % this.factor === 0 && width % this.factor === 0;
  }
}
