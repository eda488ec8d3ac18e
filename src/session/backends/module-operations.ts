/** The operations that modules lower to, on the fast plain kernels: what sessions know by themselves. */
import { plainInference } from "../../../kernels/plain/inference.ts";
import { geluEmitters } from "../../../kernels/wasm/shared/gelu.ts";
import { moduleComputations } from "../../operations/modules.ts";
import type { Operations } from "./operations.ts";
import { moduleBindings } from "./wasm/bindings/modules.ts";

export const moduleOperations: Operations = {
  kernels: plainInference, computations: moduleComputations, bindings: moduleBindings, emitters: geluEmitters,
};
