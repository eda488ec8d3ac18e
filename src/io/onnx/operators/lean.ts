/** The operators of convolutional networks as PyTorch, timm, Paddle and Keras export them: what `senet/io/onnx/lean` reads by itself. */
import { activations } from "./activations.ts";
import { arithmetic } from "./arithmetic.ts";
import { convolutions } from "./convolution.ts";
import { matrices } from "./matrices.ts";
import { moves } from "./moves.ts";
import { norms } from "./norms.ts";
import { poolings } from "./pooling.ts";
import { reductions } from "./reductions.ts";
import { resizes } from "./resize.ts";
import { shapes } from "./shapes.ts";
import type { Table } from "../lower/site.ts";

export const leanOperators: Table = {
  ...convolutions, ...poolings((site) => site.cannot("with such windows")), ...norms, ...activations, ...arithmetic, ...reductions,
  ...matrices, ...shapes, ...moves, ...resizes((site) => site.cannot("in this mode")),
};
