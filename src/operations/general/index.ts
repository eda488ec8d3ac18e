/**
 * Operations that no module lowers to, on tensors of any rank: networks from files have them, and bring what computes them along
 * (src/session/general.ts). A kind belongs here that is in none of the other tables.
 */
import type { Kind } from "../../graph/graph.ts";
import type { QuantisedKind } from "../../graph/quantised.ts";
import type { ModuleKind } from "../modules.ts";
import type { Computations, Declarations } from "../record.ts";
import { moveComputations, moveDeclarations } from "./moves.ts";
import { pointwiseComputations, pointwiseDeclarations } from "./pointwise.ts";
import { rowComputations, rowDeclarations } from "./rows.ts";

export type GeneralKind = Exclude<Kind, ModuleKind | QuantisedKind>;

export const generalDeclarations: Pick<Declarations, GeneralKind> = { ...moveDeclarations, ...pointwiseDeclarations, ...rowDeclarations };

export const generalComputations: Pick<Computations, GeneralKind> = { ...moveComputations, ...pointwiseComputations, ...rowComputations };
