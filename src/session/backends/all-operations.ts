/** All operations of float32, for who does not know what graphs will come: training, tools. */
import { computations } from "../../operations/index.ts";
import { moduleOperations } from "./module-operations.ts";
import type { Operations } from "./operations.ts";
import { bindings } from "./wasm/bindings/index.ts";

export const allOperations: Operations = { ...moduleOperations, computations, bindings };
