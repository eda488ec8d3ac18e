/** All operations, on the fast plain kernels. */
import { plainInference } from "../../../kernels/plain/inference.ts";
import { geluEmitters } from "../../../kernels/wasm/shared/gelu.ts";
import { computations } from "../../operations/index.ts";
import { bindings } from "./wasm/bindings/index.ts";
import type { Operations } from "./operations.ts";

export const allOperations: Operations = { kernels: plainInference, computations, bindings, emitters: geluEmitters };
