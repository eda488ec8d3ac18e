/**
 * Operations on bytes (docs/int8.md): what a graph is made of after quantisation. Values of number format "u7" are bytes from 0 to 127;
 * what they mean stands in the operations that make and read them. The arithmetic of each is that of the function of the same name in
 * kernels/reference/quantised.
 */
import type { Activation } from "../../kernels/activations.ts";
import type {
  AddRescaling, AffineRescaling, AveragePoolRescaling, ConcatRescaling, Epilogue, MeanRescaling, Quantisation, ScaleRescaling,
} from "../../kernels/quantised.ts";
import type { Window } from "./attributes.ts";

/** Whole numbers of a layer, made once: [outputs, inputs / groups, height, width], or [outputs, inputs]. */
export interface QuantisedWeight {
  /** Of the state dict; of one name there is one. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Int8Array;
}

export type QuantisedOperation =
  /** [x float32] to bytes. `factor` is round(1 / scale). */
  | { readonly kind: "quantise"; readonly to: Quantisation; readonly factor: Float32Array }
  /** [x bytes] to float32. */
  | { readonly kind: "dequantise"; readonly from: Quantisation }
  /** [x, gate float32 [N,O,1,1]?, residual bytes?]. */
  | (Window & {
      readonly kind: "quantised_conv2d"; readonly dilation: readonly [number, number]; readonly groups: number;
      readonly weight: QuantisedWeight; readonly bias: Int32Array;
      /** The byte of x that stands for 0. */
      readonly zero: number;
      readonly epilogue: Epilogue; readonly gate: boolean; readonly residual: boolean;
    })
  /** [x float32 [N,C] or [N,C,1,1]] to float32: weights of bytes, values of float32. */
  | {
      readonly kind: "quantised_linear"; readonly weight: QuantisedWeight; readonly scale: Float32Array; readonly bias: Float32Array;
      readonly activation: Activation | undefined;
    }
  /** [a, b]. */
  | { readonly kind: "quantised_add"; readonly by: AddRescaling }
  /** [any number of images]. */
  | { readonly kind: "quantised_concat"; readonly by: ConcatRescaling }
  /** [x]. */
  | { readonly kind: "quantised_channel_shuffle"; readonly groups: number }
  /** [x, gate float32 [N,C,1,1]]. */
  | { readonly kind: "quantised_scale"; readonly by: ScaleRescaling }
  /** [x]. */
  | { readonly kind: "quantised_affine"; readonly by: AffineRescaling }
  /** [x]: any function of a byte, as its 128 values; `of`, where they are those of an activation. */
  | { readonly kind: "quantised_table"; readonly entries: Uint8Array; readonly of?: Activation }
  /** [x bytes] to float32 [N,C,1,1]. */
  | { readonly kind: "quantised_mean"; readonly by: MeanRescaling }
  /** [x]. */
  | (Window & { readonly kind: "quantised_max_pool"; readonly dilation?: readonly [number, number]; readonly ceilMode: boolean })
  | (Window & {
      readonly kind: "quantised_average_pool"; readonly dilation?: readonly [number, number]; readonly ceilMode: boolean;
      readonly by: AveragePoolRescaling;
    });

export type QuantisedKind = QuantisedOperation["kind"];
