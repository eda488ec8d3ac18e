/**
 * Concurrent spatial and channel squeeze and excitation, scSE (Roy, Navab, Wachinger, arXiv 1803.02579, section 2.3): the sum of
 * cSE (which is SE, with reduction 2 there) and sSE. The authors' later paper (arXiv 1808.08127) and code take the larger of the
 * two instead; the sum is what the method was published with, and what segmentation_models.pytorch has.
 *
 *   y = cSE(x) + sSE(x)
 */
import { checkExcitation, excitationKinds } from "./options.ts";
import { Residual } from "../combinators.ts";
import type { Module } from "../module.ts";
import { SqueezeExcite } from "./squeeze-excite.ts";
import type { SqueezeExciteOptions } from "./squeeze-excite.ts";
import { Attention } from "./attention.ts";
import { SpatialSqueezeExcite } from "./spatial-squeeze-excite.ts";

/**
 * x [N,C,H,W] to y [N,C,H,W] (Roy et al., arXiv 1803.02579). State dict: cse.fc1, cse.fc2 (SqueezeExcite), sse.conv (SpatialSqueezeExcite).
 * @example
 * new ConcurrentSqueezeExcite(64, { reduction: 2 }).outputShape([1, 64, 7, 7])   // => [1,64,7,7]
 */
export class ConcurrentSqueezeExcite extends Attention {
  readonly cse: SqueezeExcite;
  readonly sse: SpatialSqueezeExcite;
  readonly body: Module;

  /** @param options of cSE, its reduction 2 by default; gate and bias are sSE's too */
  constructor(channels: number, options: SqueezeExciteOptions = {}) {
    super();
    checkExcitation("ConcurrentSqueezeExcite", channels, options, excitationKinds);
    this.cse = new SqueezeExcite(channels, { ...options, reduction: options.reduction ?? 2 });
    this.sse = new SpatialSqueezeExcite(channels, {
      ...(options.gate === undefined ? {} : { gate: options.gate }), ...(options.bias === undefined ? {} : { bias: options.bias }),
    });
    this.body = new Residual(this.cse, this.sse);
  }

  override describe(): string {
    return `ConcurrentSqueezeExcite ${this.cse.channels}, hidden ${this.cse.hidden}`;
  }
}
