/**
 * All kernel cases, one list: for gradients by finite differences, for the adjoint identity, for comparing one family
 * with another, for support tables.
 */
import type { Case } from "./case.ts";
import { activationCases } from "./cases/activation.ts";
import { convolutionCases } from "./cases/convolution.ts";
import { joiningCases } from "./cases/joining.ts";
import { normalisationCases } from "./cases/normalisation.ts";
import { poolingCases } from "./cases/pooling.ts";
import { roundingCases } from "./cases/rounding.ts";

export const cases: readonly Case[] = [
  ...convolutionCases, ...normalisationCases, ...activationCases, ...poolingCases, ...joiningCases, ...roundingCases,
];
