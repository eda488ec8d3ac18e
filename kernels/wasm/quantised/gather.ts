/**
 * Channels of bytes in another order: of several images one after the other (concat), or shuffled. Each 16 output channels are put together
 * from the vectors that have them, by shuffles of bytes; where an input's bytes mean other numbers than the output's, they are scaled then
 * (kernels/reference/quantised/joining.ts).
 */
import type { Kernel } from "../shared/kernel.ts";
import { pixelBytes, rowBytes } from "../shared/layout.ts";
import type { Layout } from "../shared/layout.ts";
import { overRows, repeat } from "../shared/loops.ts";
import { LANES, byteFunction, byteLayoutName, emitPack, emitToWhole, emitUnpack } from "./bytes.ts";
import type { ByteFunction, Pointer, Vector } from "./bytes.ts";

/** Which channel of which input. */
type Source = readonly [input: number, channel: number];

/** Sets `held` to the bytes of these sources; what has none is any. */
function emitGather(f: ByteFunction, sources: readonly Source[], xs: readonly Pointer[], held: Vector): void {
  const { local, v128, i8x16 } = f;
  const vectorOf = ([input, channel]: Source): string => `${input} ${Math.floor(channel / LANES)}`;
  [...new Set(sources.map(vectorOf))].forEach((vector, turn) => {
    const [input, index] = vector.split(" ").map(Number);
    const places = Array.from({ length: LANES }, (_, lane): number | undefined => (
      sources[lane] !== undefined && vectorOf(sources[lane]) === vector ? sources[lane][1] % LANES : undefined));
    if (turn > 0) local.get(held);
    local.get(xs[input]);
    v128.load(LANES * index, 1);
    if (turn > 0) {
      i8x16.shuffle(places.map((place, lane) => (place === undefined ? lane : LANES + place)));
    } else if (places.some((place, lane) => place !== undefined && place !== lane)) {
      local.tee(held);
      local.get(held);
      i8x16.shuffle(places.map((place) => place ?? 0));
    }
    local.set(held);
  });
}

/**
 * Arguments: y, inputs, numbers (multipliers of all padded channels, then offsets; 0 where nothing is scaled), begin, end; parts are rows.
 * @param sources of the output's channels
 * @param scaled output channels whose bytes mean other numbers than their input's
 */
function gatherKernel(
  name: string, output: Layout, inputs: readonly Layout[], sources: readonly Source[], scaled: (channel: number) => boolean,
): Kernel {
  const names = inputs.map((_, i) => `x${i}`);
  const params: Record<string, "i32"> = {
    y: "i32", ...Object.fromEntries(names.map((x) => [x, "i32" as const])), numbers: "i32", begin: "i32", end: "i32",
  };
  const outPixel = pixelBytes(output);
  const emit: Kernel["emit"] = (m) => byteFunction(m, name, params, (f, p) => {
    const { local, v128, f32x4 } = f;
    const [held, value] = [local.v128("held"), local.v128("value")];
    const values = local.array("v128", "part", 4);
    const xs = names.map((x) => p[x]);
    const streams = [...xs.map((pointer, i) => [pointer, inputs[i]] as const), [p.y, output] as const]
      .map(([pointer, layout]) => ({ pointer, pitch: rowBytes(layout), moved: layout.width * pixelBytes(layout) }));
    overRows(f as never, p.begin, p.end, streams, () => {
      repeat(f as never, output.width, () => {
        for (let first = 0; first < output.channels; first += LANES) {
          const lanes = sources.slice(first, first + LANES);
          emitGather(f, lanes, xs, held);
          local.get(p.y);
          if (lanes.some((_, lane) => scaled(first + lane))) {
            local.get(held);
            emitUnpack(f, values, value);
            values.forEach((part, i) => {
              local.get(part);
              for (const which of [0, 1]) {
                local.get(p.numbers);
                v128.load(4 * (first + 4 * i + which * outPixel), 4);
                if (which === 0) f32x4.mul();
                else f32x4.add();
              }
              emitToWhole(f, { least: 0, most: 127 }, value);
              local.set(part);
            });
            emitPack(f, values);
          } else {
            local.get(held);
          }
          v128.store(first, 1);
        }
        xs.forEach((x, i) => local.increase(x, pixelBytes(inputs[i])));
        local.increase(p.y, outPixel);
      });
    });
  });
  return { name, parts: output.height, emit };
}

/** The channels of all inputs one after the other. @param scaled inputs whose bytes mean other numbers than the output's */
export function byteConcatKernel(output: Layout, inputs: readonly Layout[], scaled: readonly boolean[]): Kernel {
  const sources = inputs.flatMap(({ channels }, input) => Array.from({ length: channels }, (_, c): Source => [input, c]));
  const name = `u7_concat_${[output, ...inputs].map(byteLayoutName).join("_")}_${scaled.map(Number).join("")}`;
  return gatherKernel(name, output, inputs, sources, (channel) => scaled[sources[channel][0]]);
}

/** The channels as [groups, size] become [size, groups]. */
export function byteShuffleKernel(output: Layout, input: Layout, groups: number): Kernel {
  const size = input.channels / groups;
  const sources = Array.from({ length: input.channels }, (_, o): Source => [0, (o % groups) * size + Math.floor(o / groups)]);
  return gatherKernel(`u7_shuffle_g${groups}_${byteLayoutName(output)}_${byteLayoutName(input)}`, output, [input], sources, () => false);
}
