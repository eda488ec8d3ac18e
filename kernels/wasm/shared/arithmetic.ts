/** What instructions products and sums may use. */
export interface VectorArithmetic {
  /**
   * Multiply and add in one instruction with one rounding, where the machine has it (relaxed SIMD): faster, and no longer the same bits
   * everywhere.
   */
  readonly fma: boolean;
  /** Does the engine compute neighbouring vectors in pairs, as one of 256 bits (revectorisation)? The same bits, in other tiles. */
  readonly wide?: boolean | undefined;
}
