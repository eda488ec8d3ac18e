/**
 * Planes to pixels and back: plane p, element i, goes to pixel i, element p. That is NCHW to NHWC, and channel shuffle too. Blocks of 4
 * planes times 4 elements are transposed in registers.
 */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";
import { loadLanes, storeLanes } from "../shared/lanes.ts";
import { repeat } from "../shared/loops.ts";

export interface Interleaving {
  readonly planes: number;
  /** Elements of a plane that are moved, hence pixels. */
  readonly count: number;
  /** Where the first plane's and the first pixel's elements lie; these two stay as they are. */
  readonly plane: Local<"i32">;
  readonly pixel: Local<"i32">;
  /** Bytes from plane to plane, and from pixel to pixel. */
  readonly planePitch: number;
  readonly pixelPitch: number;
  readonly direction: "to pixels" | "to planes";
}

/** Lanes a, b, c, d of two vectors' eight. */
function lanes(...of: readonly number[]): number[] {
  return of.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte));
}

const LOW = lanes(0, 4, 1, 5);
const HIGH = lanes(2, 6, 3, 7);
const LOW_HALVES = lanes(0, 1, 4, 5);
const HIGH_HALVES = lanes(2, 3, 6, 7);

export function interleave(f: FunctionBuilder, options: Interleaving): void {
  const { planes, plane, pixel, planePitch } = options;
  const [a, b] = [f.local.i32("plane"), f.local.i32("pixel")];
  for (const [to, from] of [[a, plane], [b, pixel]]) {
    f.local.get(from);
    f.local.set(to);
  }
  const block = new Block(f, options, a, b);
  const sets = Math.floor(planes / 4);
  if (sets > 0) {
    repeat(f, sets, () => {
      block.emit(4);
      f.local.increase(a, 4 * planePitch);
      f.local.increase(b, 16);
    });
  }
  if (planes % 4 > 0) block.emit(planes % 4);
}

class Block {
  readonly #f: FunctionBuilder;
  readonly #options: Interleaving;
  readonly #first: Local<"i32">;
  readonly #firstPixel: Local<"i32">;
  readonly #plane: Local<"i32">;
  readonly #pixel: Local<"i32">;
  readonly #rows: readonly Local<"v128">[];
  readonly #mixed: readonly Local<"v128">[];

  constructor(f: FunctionBuilder, options: Interleaving, first: Local<"i32">, firstPixel: Local<"i32">) {
    this.#f = f;
    this.#options = options;
    this.#first = first;
    this.#firstPixel = firstPixel;
    this.#plane = f.local.i32("start");
    this.#pixel = f.local.i32("to");
    this.#rows = f.local.array("v128", "row", 4);
    this.#mixed = f.local.array("v128", "mixed", 4);
  }

  /** Emits all elements of the next `planes` (1 to 4) planes. */
  emit(planes: number): void {
    const f = this.#f;
    const { count, pixelPitch } = this.#options;
    f.local.get(this.#first);
    f.local.set(this.#plane);
    f.local.get(this.#firstPixel);
    f.local.set(this.#pixel);
    const advance = (pixels: number): void => {
      f.local.increase(this.#plane, 4 * pixels);
      f.local.increase(this.#pixel, pixelPitch * pixels);
    };
    const fours = Math.floor(count / 4);
    if (fours > 0) {
      repeat(f, fours, () => {
        if (planes > 1) this.#four(planes);
        else if (pixelPitch === 4) this.#copy();
        else for (let i = 0; i < 4; i++) this.#single(0, i);
        advance(4);
      });
    }
    for (let i = 0; i < count % 4; i++) for (let p = 0; p < planes; p++) this.#single(p, i);
  }

  #single(plane: number, i: number): void {
    const f = this.#f;
    const { planePitch, pixelPitch, direction } = this.#options;
    const inPlane = { at: this.#plane, offset: plane * planePitch + 4 * i };
    const inPixel = { at: this.#pixel, offset: i * pixelPitch + 4 * plane };
    const [source, target] = direction === "to pixels" ? [inPlane, inPixel] : [inPixel, inPlane];
    f.local.get(target.at);
    f.local.get(source.at);
    f.f32.load(source.offset);
    f.f32.store(target.offset);
  }

  /** Four elements where plane and pixels are the same. */
  #copy(): void {
    const f = this.#f;
    const [from, to] = this.#options.direction === "to pixels" ? [this.#plane, this.#pixel] : [this.#pixel, this.#plane];
    loadLanes(f, from, 0, 4);
    f.local.set(this.#rows[0]);
    storeLanes(f, to, this.#rows[0], 0, 4);
  }

  /** Four elements of each plane. */
  #four(planes: number): void {
    const f = this.#f;
    const { planePitch, pixelPitch, direction } = this.#options;
    const rows = this.#rows;
    if (direction === "to pixels") {
      for (let p = 0; p < planes; p++) {
        loadLanes(f, this.#plane, p * planePitch, 4);
        f.local.set(rows[p]);
      }
      this.#transpose(planes);
      // Where pixels follow each other without a gap, what is too much is written over by the next; but for the last.
      const dense = pixelPitch === 4 * planes;
      for (let i = 0; i < 4; i++) storeLanes(f, this.#pixel, rows[i], i * pixelPitch, dense && i * planes + 4 <= 4 * planes ? 4 : planes);
    } else {
      for (let i = 0; i < 4; i++) {
        loadLanes(f, this.#pixel, i * pixelPitch, planes);
        f.local.set(rows[i]);
      }
      this.#transpose(4);
      for (let p = 0; p < planes; p++) storeLanes(f, this.#plane, rows[p], p * planePitch, 4);
    }
  }

  /** rows[i][p] = rows[p][i]; of fewer than four rows the others count as copies of the second. */
  #transpose(given: number): void {
    const { local, i8x16 } = this.#f;
    const rows = this.#rows;
    const [ab, abHigh, cd, cdHigh] = this.#mixed;
    const c = given > 2 ? rows[2] : rows[1];
    const d = given > 3 ? rows[3] : rows[1];
    const pick = (to: Local<"v128">, first: Local<"v128">, second: Local<"v128">, which: readonly number[]): void => {
      local.get(first);
      local.get(second);
      i8x16.shuffle(which);
      local.set(to);
    };
    pick(ab, rows[0], rows[1], LOW);
    pick(abHigh, rows[0], rows[1], HIGH);
    pick(cd, c, d, LOW);
    pick(cdHigh, c, d, HIGH);
    pick(rows[0], ab, cd, LOW_HALVES);
    pick(rows[1], ab, cd, HIGH_HALVES);
    pick(rows[2], abHigh, cdHigh, LOW_HALVES);
    pick(rows[3], abHigh, cdHigh, HIGH_HALVES);
  }
}
