/** Makes a recipe smaller while something stays true of it. */
import { build, layersWithParameters, reachable } from "./networks.ts";
import type { LayerSpec, NetworkSpec, StepSpec } from "./networks.ts";

/** Recipes a little smaller than this one; not all of them make sense. */
function* candidates({ input, steps, frozen }: NetworkSpec): Generator<NetworkSpec> {
  if (frozen !== undefined) yield { input, steps };
  for (const name of frozen ?? []) yield { input, steps, frozen: frozen!.filter((each) => each !== name) };
  const named = (next: readonly StepSpec[]): NetworkSpec => ({
    input, steps: reachable(next), ...(frozen === undefined ? {} : { frozen }),
  });
  // Without a step: what reads it reads one of its inputs.
  for (let gone = steps.length; gone > 0; gone--) {
    for (const instead of new Set(steps[gone - 1].inputs)) {
      if (gone === steps.length && instead === 0) continue;
      if (gone === steps.length) {
        yield named(steps.slice(0, instead));
        continue;
      }
      const move = (i: number): number => (i === gone ? instead : i > gone ? i - 1 : i);
      yield named(steps.filter((_, i) => i !== gone - 1).map(({ layer, inputs }) => ({ layer, inputs: inputs.map(move) })));
    }
  }
  const sized = (at: number, size: number): NetworkSpec => ({
    input: input.map((n, i) => (i === at ? size : n)), steps, ...(frozen === undefined ? {} : { frozen }),
  });
  for (const at of [0, 1, 2, 3]) {
    for (const size of [1, 2, Math.ceil(input[at] / 2), input[at] - 1]) if (size >= 1 && size < input[at]) yield sized(at, size);
  }
  // Simpler numbers in a layer.
  for (const [i, { layer, inputs }] of steps.entries()) {
    if (typeof layer === "string") continue;
    const plainer: Record<string, unknown> = {
      stride: [1, 1], padding: [0, 0], dilation: [1, 1], outputPadding: [0, 0], kernel: [1, 1], groups: 1, out: 1, bias: false,
      ceilMode: false, factor: 1, probability: 0,
    };
    for (const [key, value] of Object.entries(plainer)) {
      if (!(key in layer) || JSON.stringify((layer as Record<string, unknown>)[key]) === JSON.stringify(value)) continue;
      const next = { ...layer, [key]: value } as LayerSpec;
      yield {
        input, steps: steps.map((step, k) => (k === i ? { layer: next, inputs } : step)), ...(frozen === undefined ? {} : { frozen }),
      };
    }
  }
}

function makesSense(spec: NetworkSpec): boolean {
  try {
    const shape = build(spec).outputShape(spec.input);
    const names = layersWithParameters(spec);
    const { frozen = [] } = spec;
    return shape.length >= 2 && shape[1] >= 2 && names.length > frozen.length && frozen.every((name) => names.includes(name));
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** @param wrong is the fault still there? */
export async function smaller(spec: NetworkSpec, wrong: (spec: NetworkSpec) => Promise<boolean>): Promise<NetworkSpec> {
  for (;;) {
    let found: NetworkSpec | undefined;
    for (const candidate of candidates(spec)) {
      if (makesSense(candidate) && (await wrong(candidate))) {
        found = candidate;
        break;
      }
    }
    if (found === undefined) return spec;
    spec = found;
  }
}
