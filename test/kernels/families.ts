/** The families of kernels that are tested, by name. The reference comes first: the others are compared with it. */
import type { Kernels } from "../../kernels/contract.ts";
import * as plain from "../../kernels/plain/index.ts";
import * as reference from "../../kernels/reference/index.ts";

export const families: Readonly<Record<string, Kernels>> = { reference, plain };
