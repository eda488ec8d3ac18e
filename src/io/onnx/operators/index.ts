/** All operators that are read. */
import { activations } from "./activations.ts";
import { arithmetic } from "./arithmetic.ts";
import { convolutions } from "./convolution.ts";
import { einsums } from "./einsum.ts";
import { matrices } from "./matrices.ts";
import { moves } from "./moves.ts";
import { norms } from "./norms.ts";
import { poolings } from "./pooling.ts";
import { quantisations } from "./quantised.ts";
import { reductions } from "./reductions.ts";
import { resizes } from "./resize.ts";
import { sequences } from "./sequences.ts";
import { shapes } from "./shapes.ts";
import type { Table } from "../lower/site.ts";

export const operators: Table = {
  ...convolutions, ...poolings, ...norms, ...activations, ...arithmetic, ...reductions, ...matrices,
  ...einsums, ...shapes, ...moves, ...resizes, ...sequences, ...quantisations,
};
