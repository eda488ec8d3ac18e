/** Activations as kernels are given them, those with an emitter of their own too. */
import type { ActivationKind } from "../../kernels/activations.ts";
import type { Activation } from "../../kernels/wasm/shared/activation.ts";
import { geluEmitters } from "../../kernels/wasm/shared/gelu.ts";

/** One without slope or offset. */
export function plain(activation: ActivationKind): Activation {
  return { activation, slope: 0, offset: 0, ...(activation in geluEmitters ? { emit: geluEmitters[activation as "gelu"] } : {}) };
}
