/** Exercise 5: row c of the weights, and bias c, times gate c. */
export function foldGate(weight: Float64Array, bias: Float64Array, gate: Float64Array): {
  readonly weight: Float64Array;
  readonly bias: Float64Array;
} {
  const inputs = weight.length / gate.length;
  return { weight: weight.map((value, i) => value * gate[Math.floor(i / inputs)]), bias: bias.map((value, c) => value * gate[c]) };
}
