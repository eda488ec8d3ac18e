/**
 * What a model costs for one input, layer by layer, without computing anything.
 *
 * The convention: `macs` counts the multiply-accumulates of convolution and linear layers, without those inside SE blocks and what stands
 * in their place (src/nn/attention); SE's own two layers, its multiplications by the gate and the additions of its squeeze stand apart
 * (`seMacs`, `scaleMacs`, `gapAdds`). Biases, normalisation (which folds into the convolution), activations, sums and other pooling count
 * nothing.
 */
import { checkModule } from "./check.ts";
import { checkShape } from "../checks.ts";
import type { Shape } from "../tensor.ts";
import { isAttention } from "./attention/attention.ts";
import type { Cost, Module } from "./module.ts";

export interface LayerSummary {
  /** Path in the state dict; for a layer without a name the path of the block that it works in. */
  readonly name: string;
  readonly layer: string;
  readonly output: Shape;
  readonly parameters: number;
  readonly cost: Cost;
  /** Inside an SE block, or another attention in its place. */
  readonly se: boolean;
}

/**
 * What a model has and does for one input: parameters and single operations, SE's own apart.
 * @example
 * const summary: Summary = summarise(new Linear(4, 2), [1, 4]);
 * summary.layers.map(({ layer, parameters }) => [layer, parameters])   // => [["Linear 4->2",10]]
 */
export interface Summary {
  readonly input: Shape;
  readonly output: Shape;
  readonly layers: readonly LayerSummary[];
  readonly parameters: number;
  readonly seParameters: number;
  readonly macs: number;
  readonly seMacs: number;
  readonly scaleMacs: number;
  readonly gapAdds: number;
}

/**
 * Counts a model's layers, parameters and operations for an input [N,C,H,W], without computing anything.
 * @throws RangeError where the model cannot take such an input
 * @example
 * const { parameters, macs } = summarise(createModel("seresnet50", {}, null), [1, 3, 224, 224]);
 * [parameters, Math.round(macs / 1e6)]   // => [28088024,4089]
 */
export function summarise(model: Module, input: Shape): Summary {
  checkModule("summarise", model);
  checkShape("summarise", "input", input);
  const names = new Map([...model.namedModules()].map(([name, module]) => [module, name]));
  const layers: LayerSummary[] = [];
  const stack: string[] = [];
  let depth = 0;
  let seParameters = 0;
  const output = model.outputShape(input, {
    enter(composite) {
      stack.push(names.get(composite) ?? stack.at(-1) ?? "");
      if (isAttention(composite)) {
        if (depth === 0) seParameters += composite.parameterCount();
        depth++;
      }
    },
    leaf(module, _input, out, cost) {
      const name = names.get(module) ?? stack.at(-1) ?? "";
      // A combinator's own work (a sum, a scale) has no parameters, though the modules that it joins have.
      const own = [...module.namedParameters()].filter(([path]) => !path.includes("."));
      const parameters = own.reduce((sum, [, p]) => sum + p.value.size, 0);
      layers.push({ name, layer: module.describe(), output: out, parameters, cost, se: depth > 0 });
    },
    leave(composite) {
      stack.pop();
      if (isAttention(composite)) depth--;
    },
  });
  const sum = (pick: (layer: LayerSummary) => number | undefined): number => layers.reduce((total, layer) => total + (pick(layer) ?? 0), 0);
  return {
    input,
    output,
    layers,
    parameters: model.parameterCount(),
    seParameters,
    macs: sum((layer) => (layer.se ? 0 : layer.cost.macs)),
    seMacs: sum((layer) => (layer.se ? layer.cost.macs : 0)),
    scaleMacs: sum((layer) => layer.cost.scale),
    gapAdds: sum((layer) => (layer.se ? layer.cost.additions : 0)),
  };
}
