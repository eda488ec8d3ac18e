/** How exact a session is, and what of the machine's instructions it may use for that. */
import type { ConvParams } from "../../../kernels/wasm/convolution/params.ts";
import type { Convolution } from "../../../kernels/wasm/convolution/choose.ts";
import type { Activation } from "../../../kernels/wasm/shared/activation.ts";
import type { ConvArithmetic } from "../../../kernels/wasm/convolution/row-kernel.ts";
import type { Pace } from "../../../kernels/wasm/shared/pace.ts";
import type { InstructionTable } from "../../../kernels/wasm/assembler/opcodes.ts";
import { probe } from "../../../kernels/wasm/probe/probe.ts";
import type { Features } from "../../../kernels/wasm/probe/probe.ts";

/**
 * `exact`: the same bits on every host with the same kernels, for every number of threads: which layers Winograd's method computes depends
 * on their sizes alone, and each product is rounded before it is added. `fast`: may round both together and take fewer products (Strassen,
 * Winograd in groups), within 1e-3 of the largest output. `turbo`: may also switch on what the engine still tries out.
 * @example
 * const numerics: Numerics = "exact";
 * compileSync(new ReLU(), { input: [1, 2], numerics }).run(Tensor.of([-1, 3], [1, 2])).data   // => [0,3]
 */
export type Numerics = (typeof numericsNames)[number];
export const numericsNames = ["exact", "fast", "turbo"] as const;

/** What kernels may do. */
export interface Arithmetic extends ConvArithmetic {
  /** Are the bits promised, so that nothing may depend on the host? */
  readonly exact?: boolean;
  /** Holds loops back where products and sums are not fused; it changes no bit. */
  readonly pace?: Pace;
  /** What computes some convolutions by fewer products, besides Winograd's method without groups. */
  readonly fewerProducts?: (params: ConvParams) => Convolution | undefined;
  /** What computes some activations in fewer instructions, by their names. */
  readonly activations?: Readonly<Partial<Record<string, Activation>>>;
  /** Of kernels of bytes: more instructions than others have, and are those of relaxed dots fast here? */
  readonly instructions?: InstructionTable;
  readonly relaxedDots?: boolean;
  /** What was chosen of all this for the host, for people to read: ", paced". */
  readonly tuned?: string;
  /** Are weights held small (small.ts)? Then kernels are checked apart. */
  readonly halfWeights?: true;
  readonly byteWeights?: true;
}

export const exactArithmetic: Arithmetic = { fma: false, wide: false, exact: true };

/** @param features what the host has */
export function arithmeticOf(numerics: Numerics, features: Pick<Features, "fusedMultiplyAdd"> = probe()): Arithmetic {
  return numerics === "exact" ? exactArithmetic : { fma: features.fusedMultiplyAdd, wide: false };
}
