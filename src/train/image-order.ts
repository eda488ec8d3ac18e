/** In which order a run sees its images: shuffled anew for each epoch, from one generator, so that a seed decides all of it. */
import type { Random } from "../../kernels/random.ts";

export class ImageOrder {
  /** The rest of a division is left out; shuffling leaves out others in the next epoch. */
  readonly stepsPerEpoch: number;
  readonly #random: Random;
  readonly #size: number;
  readonly #batch: number;
  readonly #heldOut: { readonly images: number; readonly until: number };
  /** Of the epoch that was drawn last, and the generator's state before. */
  #order: Int32Array | undefined;
  #state: readonly number[];
  /** The epoch that comes next was drawn already, by `ahead`. */
  #drawn = false;

  /** @param heldOut the last `images` are left out in epochs before `until` */
  constructor(random: Random, size: number, batch: number, heldOut: { readonly images: number; readonly until: number }) {
    this.stepsPerEpoch = Math.floor((size - heldOut.images) / batch);
    [this.#random, this.#size, this.#batch, this.#heldOut] = [random, size, batch, heldOut];
    this.#state = random.state;
  }

  /** The images of a step, the next of the run: who decodes them before they are taken asks for them here. */
  ahead(step: number): Int32Array {
    const at = step % this.stepsPerEpoch;
    if ((at === 0 && !this.#drawn) || this.#order === undefined) this.#shuffle(step);
    this.#drawn = at === 0;
    return this.#order!.subarray(at * this.#batch, (at + 1) * this.#batch);
  }

  /** The images of a step that is done now. */
  take(step: number): Int32Array {
    const indices = this.ahead(step);
    this.#drawn = false;
    return indices;
  }

  /** What `restore` wants: the generator's state before it draws the epoch that this step is of. @param step steps done */
  state(step: number): readonly number[] {
    return step % this.stepsPerEpoch === 0 && !this.#drawn ? this.#random.state : this.#state;
  }

  /** Goes on after so many steps. In the middle of an epoch its order is drawn again, from the state in which it began. */
  restore(state: readonly number[], step: number): void {
    this.#random.state = state;
    this.#state = [...state];
    this.#order = undefined;
    this.#drawn = false;
    if (step % this.stepsPerEpoch !== 0) this.#shuffle(step);
  }

  #shuffle(step: number): void {
    this.#state = this.#random.state;
    const { images, until } = this.#heldOut;
    const size = this.#size;
    const joined = images > 0 && step >= until * this.stepsPerEpoch;
    const order = this.#random.shuffle(Int32Array.from({ length: joined ? size : size - images }, (_, i) => i));
    // An epoch does not become longer by images that join it; what it leaves out are others, which had their turns before.
    const late = (at: number): boolean => order[at] >= size - images;
    for (let i = this.stepsPerEpoch * this.#batch, front = 0; joined && i < size; i++) {
      if (!late(i)) continue;
      while (late(front)) front++;
      [order[i], order[front]] = [order[front], order[i]];
      front++;
    }
    this.#order = order;
  }
}
