/**
 * The kernels that are no convolution, as tasks, on the layer sizes of SE-ResNet-50 and MobileNetV3-large (224x224): what counts is the
 * memory that they read and write.
 */
import { pool2dShape } from "../../kernels/shapes.ts";
import type { Activation } from "../../kernels/wasm/shared/activation.ts";
import type { ActivationKind } from "../../kernels/activations.ts";
import { packedConvSize } from "../../kernels/wasm/convolution/panels.ts";
import { activationKernel, addKernel, copyKernel, scaleKernel } from "../../kernels/wasm/operations/elementwise.ts";
import { globalPoolKernel } from "../../kernels/wasm/operations/global-pool.ts";
import type { Kernel } from "../../kernels/wasm/shared/kernel.ts";
import { imagePitch, interiorBytes } from "../../kernels/wasm/shared/layout.ts";
import type { Layout } from "../../kernels/wasm/shared/layout.ts";
import { linearKernel, linearParams } from "../../kernels/wasm/operations/linear.ts";
import { ModuleBuilder } from "../../kernels/wasm/assembler/module-builder.ts";
import {
  channelShuffleKernel, clearHaloKernel, concatKernel, fromPlanarKernel, toPlanarKernel,
} from "../../kernels/wasm/operations/move.ts";
import { adaptiveAveragePoolKernel, averagePoolKernel, maxPoolKernel } from "../../kernels/wasm/operations/pool.ts";
import { upsampleBilinearKernel, upsampleNearestKernel } from "../../kernels/wasm/operations/upsample.ts";
import { instantiate } from "./task.ts";
import type { Task } from "./task.ts";

interface Case {
  readonly label: string;
  readonly kernel: Kernel;
  /** Operands, outputs first: layouts, or floats. */
  readonly operands: readonly (Layout | number)[];
}

const image = (size: number, channels: number, halo: number = 0): Layout => ({ channels, height: size, width: size, halo });
const activation = (kind: ActivationKind): Activation => ({ activation: kind, slope: kind === "hard_sigmoid" ? 1 / 6 : 0.01, offset: 0.5 });

const all: Case[] = [];
const add = (label: string, kernel: Kernel, operands: readonly (Layout | number)[]): number => all.push({ label, kernel, operands });

for (const [size, channels] of [[56, 256], [28, 512], [14, 1024], [7, 2048], [112, 64], [28, 120], [14, 672], [7, 960]] as const) {
  const x = image(size, channels);
  const plain = channels * size * size;
  add("copy", copyKernel(x, x), [x, x]);
  add("add", addKernel(x, x, x), [x, x, x]);
  add("add relu", addKernel(x, x, x, activation("relu")), [x, x, x]);
  add("scale", scaleKernel(x, x), [x, x, channels]);
  add("scale add relu", scaleKernel(x, x, { residual: x, activation: activation("relu") }), [x, x, channels, x]);
  add("global mean", globalPoolKernel(x, "mean"), [channels, x]);
  add("global max", globalPoolKernel(x, "max"), [channels, x]);
  add("to planes", toPlanarKernel(x), [plain, x]);
}
for (const kind of ["relu", "leaky_relu", "hard_swish", "hard_sigmoid", "sigmoid", "silu", "tanh"] as const) {
  for (const [size, channels] of [[112, 64], [28, 120], [7, 960]] as const) {
    add(
      kind, activationKernel(image(size, channels, 1), image(size, channels), activation(kind)),
      [image(size, channels, 1), image(size, channels)],
    );
  }
}
for (const channels of [3, 1, 4]) {
  add("from planes", fromPlanarKernel(image(224, channels, 3)), [image(224, channels, 3), channels * 224 * 224]);
}
add("from planes", fromPlanarKernel(image(28, 128, 1)), [image(28, 128, 1), 128 * 28 * 28]);
{
  const three = { kernel: 3, stride: 2, padding: 1 };
  add(
    "max pool 3x3 s2", maxPoolKernel(image(56, 64), image(112, 64), pool2dShape(1, 64, 112, 112, three)), [image(56, 64), image(112, 64)],
  );
  add(
    "max pool 2x2", maxPoolKernel(image(56, 128), image(112, 128), pool2dShape(1, 128, 112, 112, { kernel: 2 })),
    [image(56, 128), image(112, 128)],
  );
  add(
    "average pool 2x2", averagePoolKernel(image(28, 128), image(56, 128), pool2dShape(1, 128, 56, 56, { kernel: 2 })),
    [image(28, 128), image(56, 128)],
  );
  add(
    "average pool 3x3",
    averagePoolKernel(image(28, 192), image(28, 192), pool2dShape(1, 192, 28, 28, { kernel: 3, stride: 1, padding: 1 })),
    [image(28, 192), image(28, 192)],
  );
  add("adaptive average", adaptiveAveragePoolKernel(image(7, 512), image(14, 512)), [image(7, 512), image(14, 512)]);
}
for (const [inputs, outputs] of [[2048, 1000], [960, 1280], [1280, 1000], [2048, 128], [128, 2048], [256, 16], [16, 256]] as const) {
  for (const batch of [1, 8]) {
    add(
      `linear, batch ${batch}`, linearKernel(image(1, outputs), image(1, inputs), { batch }),
      [batch * outputs, batch * inputs, packedConvSize(linearParams(image(1, inputs), outputs))],
    );
  }
}
add("concat", concatKernel(image(28, 160), [image(28, 128), image(28, 32)]), [image(28, 160), image(28, 128), image(28, 32)]);
for (const groups of [2, 3, 4, 8]) {
  add(`shuffle, ${groups} groups`, channelShuffleKernel(image(28, 240), image(28, 240), groups), [image(28, 240), image(28, 240)]);
}
add("nearest x2", upsampleNearestKernel(image(56, 64), image(28, 64)), [image(56, 64), image(28, 64)]);
add("bilinear x2", upsampleBilinearKernel(image(56, 64), image(28, 64), false), [image(56, 64), image(28, 64)]);
for (const [size, channels, halo] of [[224, 3, 3], [56, 64, 1], [14, 256, 1]] as const) {
  add("clear halo", clearHaloKernel(image(size, channels, halo)), [image(size, channels, halo)]);
}

/** Floats that a kernel goes through: of images, those inside. */
function moved({ label, operands }: Case): number {
  const inside = (layout: Layout): number => layout.channels * layout.height * layout.width;
  if (label === "clear halo") {
    return operands.reduce<number>((sum, of) => sum + (typeof of === "number" ? of : imagePitch(of) - inside(of)), 0);
  }
  return operands.reduce<number>((sum, of) => sum + (typeof of === "number" ? of : inside(of)), 0);
}

/** @param only part of the labels or names that are wanted */
export function movingTasks(only: string): Task[] {
  const wanted = all.filter(({ label, kernel }) => label.includes(only) || kernel.name.includes(only));
  const pages = 1024;
  const m = new ModuleBuilder("bench");
  m.importMemory("host", "memory", { minimum: pages });
  for (const kernel of new Map(wanted.map(({ kernel }) => [kernel.name, kernel])).values()) kernel.emit(m);
  const exports = instantiate(m.toBytes(), pages);
  return wanted.map((one) => {
    const { label, kernel, operands } = one;
    let at = 1024;
    const addresses = operands.map((of) => {
      const address = at + (typeof of === "number" ? 0 : interiorBytes(of));
      at = 64 * Math.ceil((at + (typeof of === "number" ? of : imagePitch(of)) * 4) / 64);
      return address;
    });
    const func = exports[kernel.name] as (...values: number[]) => void;
    return { label, name: kernel.name, flops: 0, bytes: 4 * moved(one), times: 1, run: () => func(...addresses, 0, kernel.parts) };
  });
}
