/** Operations on tensors of any rank, which networks from files want and lean sessions do not know. */
import type { Computations, Declarations } from "../record.ts";
import { moveComputations, moveDeclarations } from "./moves.ts";
import type { MoveKind } from "./moves.ts";
import { pointwiseComputations, pointwiseDeclarations } from "./pointwise.ts";
import type { PointwiseKind } from "./pointwise.ts";
import { rowComputations, rowDeclarations } from "./rows.ts";
import type { RowKind } from "./rows.ts";

export type GeneralKind = MoveKind | PointwiseKind | RowKind;

export const generalDeclarations: Pick<Declarations, GeneralKind> = { ...moveDeclarations, ...pointwiseDeclarations, ...rowDeclarations };

export const generalComputations: Pick<Computations, GeneralKind> = { ...moveComputations, ...pointwiseComputations, ...rowComputations };
