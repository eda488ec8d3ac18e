/** Fills for starting values. */
import type { Random } from "../../kernels/random.ts";
import type { Floats } from "../tensor.ts";

/** Normal with mean 0 and the given standard deviation. */
export function fillNormal(data: Floats, standardDeviation: number, random: Random): void {
  for (let i = 0; i < data.length; i++) data[i] = standardDeviation * random.normal();
}

/** Uniform in [-bound, bound). */
export function fillUniform(data: Floats, bound: number, random: Random): void {
  for (let i = 0; i < data.length; i++) data[i] = bound * (2 * random.uniform() - 1);
}
