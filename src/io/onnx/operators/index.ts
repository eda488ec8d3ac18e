/** All operators that are read. */
import { leanOperators } from "./lean.ts";
import { einsums } from "./more/einsum.ts";
import { fused } from "./more/fused.ts";
import { moreMoves } from "./more/moves.ts";
import { moreNorms } from "./more/norms.ts";
import { numbers } from "./more/numbers.ts";
import { quantisations } from "./more/quantised.ts";
import { moreReductions } from "./more/reductions.ts";
import { moreResizes } from "./more/resize.ts";
import { sequences } from "./more/sequences.ts";
import { windows } from "./more/windows.ts";
import type { Table } from "../lower/site.ts";

export const operators: Table = {
  ...leanOperators, ...windows, ...moreNorms, ...numbers, ...moreReductions, ...fused, ...einsums, ...moreMoves, ...moreResizes,
  ...sequences, ...quantisations,
};
