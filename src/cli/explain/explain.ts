/** What the page of `senet explain` shows, gathered: the picture's run, and three more a block. */
import { preprocess } from "../../io/images/preprocess.ts";
import type { RgbaImage } from "../../io/images/image.ts";
import type { Tensor } from "../../tensor.ts";
import type { BlockView, ChannelView, Effect, Explanation, Guess } from "../report/explanation.ts";
import { channelPicture, thumbnail } from "../report/pixels.ts";
import { best } from "./open.ts";
import type { BlockLook, Inspected } from "./open.ts";

/**
 * Channels that are shown of each kind, and the longest side of their pictures in pixels: fewer and smaller where there are many blocks.
 */
const shown = 3;
const shownOfMany = 2;
const many = 24;
const side = 56;
const sideOfMany = 28;

function named(names: readonly string[] | undefined, index: number): string {
  return names?.[index] ?? `class ${index}`;
}

async function channelView(channel: number, { gates, scaled }: BlockLook, longest: number): Promise<ChannelView> {
  const [, , height, width] = scaled.shape;
  const before = scaled.data.subarray(channel * height * width, (channel + 1) * height * width);
  const gate = gates[channel];
  // One scale for both, so that a weaker channel is darker.
  const low = before.reduce((least, value) => Math.min(least, value), 0);
  const high = before.reduce((most, value) => Math.max(most, value), 0);
  const picture = (values: Float32Array): Promise<string> => channelPicture(values, height, width, low, high, longest);
  return { channel, gate, before: await picture(before), after: await picture(before.map((value) => gate * value)) };
}

/**
 * @param top how many classes are named
 * @param progress is told the share that is done
 */
export async function explain(
  network: Inspected, image: string, picture: RgbaImage, top: number, progress: (share: number) => void = () => undefined,
): Promise<Explanation> {
  const x: Tensor<Float32Array> = preprocess(picture, network.preprocessing);
  const { probabilities, blocks } = network.look(x);
  if (!probabilities.every(Number.isFinite)) throw new Error(`${image}: the network's answer is not finite; are these weights damaged?`);
  const answer = best(probabilities);
  const guesses: Guess[] = Array.from(probabilities, (probability, index) => ({ name: named(network.names, index), probability, index }))
    .sort((a, b) => b.probability - a.probability || a.index - b.index).slice(0, top);
  const crowded = blocks.length > many;
  const views: BlockView[] = [];
  for (const [i, block] of blocks.entries()) {
    const { name, channels, activation, squeeze: squeezedBy } = network.gates[i];
    const effect = (value: number): Effect => {
      const { probabilities: other } = network.answer(x, new Map([[i, new Float32Array(channels).fill(value)]]));
      const becomes = best(other);
      return { kept: other[answer], becomes: named(network.names, becomes), same: becomes === answer };
    };
    const order = [...block.gates.keys()].sort((a, b) => block.gates[b] - block.gates[a]);
    const count = Math.min(crowded ? shownOfMany : shown, Math.floor(channels / 2));
    const view = (channel: number): Promise<ChannelView> => channelView(channel, block, crowded ? sideOfMany : side);
    views.push({
      name, channels, activation, squeezedBy, squeeze: block.squeeze, hidden: block.hidden, gates: block.gates,
      amplified: await Promise.all(order.slice(0, count).map(view)),
      suppressed: await Promise.all(order.slice(channels - count).reverse().map(view)),
      effects: { mean: effect(block.gates.reduce((sum, gate) => sum + gate, 0) / channels), one: effect(1), off: effect(0) },
    });
    progress((i + 1) / blocks.length);
  }
  return { title: network.title, image, picture: await thumbnail(picture, 320), pixels: network.pixels, guesses, blocks: views };
}
