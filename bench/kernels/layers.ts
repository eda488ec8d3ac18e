/** Every distinct convolution of a network as a task. */
import { convolution } from "../../kernels/wasm/convolution/choose.ts";
import type { Convolution } from "../../kernels/wasm/convolution/choose.ts";
import type { ConvParams } from "../../kernels/wasm/convolution/params.ts";
import type { Activation } from "../../kernels/wasm/shared/activation.ts";
import { geluEmitters } from "../../kernels/wasm/shared/gelu.ts";
import { imagePitch, interiorBytes } from "../../kernels/wasm/shared/layout.ts";
import type { Layout } from "../../kernels/wasm/shared/layout.ts";
import { ModuleBuilder } from "../../kernels/wasm/assembler/module-builder.ts";
import type { Pace } from "../../kernels/wasm/shared/pace.ts";
import { groupedWinograd } from "../../kernels/wasm/convolution/winograd/groups.ts";
import { strassenConvolution } from "../../kernels/wasm/convolution/strassen/strassen.ts";
import { createModel } from "../../models/index.ts";
import { lower } from "../../src/nn/lower.ts";
import { bindingOf, emitted } from "../../src/session/backends/wasm/bindings/binding.ts";
import { bindings } from "../../src/session/backends/wasm/bindings/index.ts";
import { imagesOf } from "../../src/session/plan/layouts.ts";
import { optimise } from "../../src/session/optimise/optimise.ts";
import { instantiate } from "./task.ts";
import type { Task } from "./task.ts";

/** What convolutions are computed with. */
export interface Arithmetic extends Pick<ConvParams, "fma" | "wide" | "tall"> {
  /** Without Strassen's method, and Winograd's in groups? */
  readonly exact?: boolean;
  readonly pace?: Pace | undefined;
  /** What computes some activations in fewer instructions, by their names. */
  readonly activations?: Readonly<Partial<Record<string, Activation>>>;
}

/** As sessions choose it (src/session/backends/wasm/bindings/convolution.ts). */
function chosen(params: ConvParams, { exact }: Arithmetic): Convolution {
  return (exact === true ? undefined : strassenConvolution(params) ?? groupedWinograd(params)) ?? convolution(params);
}

interface Shape {
  readonly params: ConvParams;
  readonly made: Convolution;
  times: number;
}

/** By the names of their kernels. */
function shapesOf(model: string, arithmetic: Arithmetic): Map<string, Shape> {
  const graph = optimise(lower(createModel(model, {}, null), [1, 3, 224, 224]));
  const images = imagesOf(graph, new Set(), (node) => bindingOf(bindings, node));
  const found = new Map<string, Shape>();
  for (const { operation, inputs, output } of graph.nodes) {
    if (operation.kind !== "conv2d") continue;
    const layout = (value: typeof output): Layout => images.get(value)!.layout;
    const { kernel, stride, padding: [top, left, bottom, right], dilation, groups, epilogue } = operation;
    if (layout(output).height === 1) continue;
    const params: ConvParams = {
      input: layout(inputs[0]), output: layout(output), kernel, stride, padding: [top, left], paddingEnd: [bottom, right], dilation, groups,
      fma: arithmetic.fma, wide: arithmetic.wide, tall: arithmetic.tall, winograd: true,
      epilogue: {
        gate: epilogue?.gate === true, activation: emitted(epilogue?.activation, { arithmetic, emitters: geluEmitters }),
        residual: epilogue?.residual === true ? layout(inputs[inputs.length - 1]) : undefined,
      },
    };
    const made = chosen(params, arithmetic);
    const { name } = made.kernel;
    const known = found.get(name);
    if (known === undefined) found.set(name, { params, made, times: 1 });
    else known.times++;
  }
  return found;
}

/** Floats of input, weights, output, residual, gates and working memory. */
function sizesOf({ params: { input, output, epilogue }, made: { packedSize, scratch } }: Shape): number[] {
  return [
    imagePitch(input), packedSize, imagePitch(output), epilogue.residual === undefined ? 0 : imagePitch(epilogue.residual), output.channels,
    scratch,
  ];
}

/** @param only part of the names that are wanted */
export function layerTasks(model: string, arithmetic: Arithmetic, only: string): Task[] {
  const shapes = [...shapesOf(model, arithmetic)].filter(([name]) => name.includes(only));
  const all = shapes.map(([, shape]) => sizesOf(shape).map((floats) => 64 * Math.ceil(floats / 16)));
  const starts = all.reduce((most, sizes) => sizes.map((size, i) => Math.max(size, most[i])), [0, 0, 0, 0, 0, 0])
    .reduce((ends, size) => [...ends, ends[ends.length - 1] + size], [64]);
  const pages = Math.ceil((starts[6] + 1024) / 65536);
  const m = new ModuleBuilder("bench");
  m.pace = arithmetic.pace;
  m.importMemory("host", "memory", { minimum: pages });
  for (const [, { made }] of shapes) made.kernel.emit(m);
  const exports = instantiate(m.toBytes(), pages);
  return shapes.map(([name, shape]) => {
    const { params, made, times } = shape;
    const { input, output, kernel, groups, epilogue } = params;
    const func = exports[name] as (...values: number[]) => void;
    const first = (start: number, layout: Layout): number => start + interiorBytes(layout);
    const { panels } = made.kernel;
    const [x, w, y, residual, gate, scratch] = starts;
    return {
      label: `${input.channels}x${input.height} to ${output.channels}x${output.height}, ${kernel.join("x")}`
        + (groups === 1 ? "" : `, ${groups} groups`),
      name, times,
      flops: 2 * output.height * output.width * output.channels * kernel[0] * kernel[1] * (input.channels / groups),
      bytes: 4 * sizesOf(shape).slice(0, 5).reduce((sum, size) => sum + size, 0),
      run: () => func(
        first(x, input), w, first(y, output), first(residual, epilogue.residual ?? output), gate, 0, output.height, 0, panels, scratch,
      ),
    };
  });
}
