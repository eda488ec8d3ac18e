/** What the rules of operations are given. */
import type { Kind, Value } from "../../../graph/graph.ts";
import type { Gradients } from "./gradients.ts";
import type { TrainingState } from "../state.ts";
import type { Call } from "../../plan/kernel-call.ts";
import type { Image } from "../../plan/places.ts";
import type { StepPlanner } from "./step-planner.ts";
import type { PassOf } from "../plain/pass.ts";
import type { Workspace } from "../plain/workspace.ts";
import type { Trusts } from "./trusts.ts";
import type { Unit } from "./units.ts";

export interface TrainingContext {
  readonly plan: StepPlanner;
  readonly batch: number;
  /** May kernels round a product and a sum together? */
  readonly fma: boolean;
  /** Does the engine join neighbouring vectors? */
  readonly wide?: boolean | undefined;
  /** May they take fewer products (Winograd)? */
  readonly winograd: boolean;
  /** May sums of rows be of single precision, where sums of images are of double? */
  readonly short: boolean;
  readonly state: TrainingState;
  readonly gradients: Gradients;
  readonly trusts: Trusts;
  /** Arrays for what JavaScript does. */
  readonly workspace: Workspace;
  /** Plans to = (or, accumulating, +=) from, images of one size that may lie otherwise. */
  copy(to: Image, from: Image, accumulate: boolean): void;
  /** Where a value lies. A rule whose result is its input in another shape says so with `alias`. */
  image(value: Value): Image;
  alias(value: Value, image: Image): void;
  /** The mask of a dropout, whose output this is; it is written before each step. */
  mask(value: Value): Image;
  /** Calls that pack weights: done after each update. */
  readonly packs: Call[];
  /** Calls that transform packed weights: done after those. */
  readonly transforms: Call[];
  /** Work that waits for the gradient of a squeezed mean: called with it, in the backward pass of the pooling that made this value. */
  readonly awaitingMean: Map<Value, (mean: Image) => void>;
  /** What uses a value. */
  users(value: Value): readonly Unit[];
}

/** How an operation is trained on its own kernels. */
export interface Rule {
  /** Are there kernels for this one? All others are computed on the plain kernels. */
  readonly fits?: (unit: Unit) => boolean;
  /** Halo that the operation wants around its first input. */
  readonly inputHalo?: (unit: Unit) => number;
  /** Halo that it wants around the gradient of its output. */
  readonly gradientHalo?: (unit: Unit) => number;
  readonly forward: (unit: Unit, context: TrainingContext) => void;
  /** Adds the gradients of its inputs and parameters. @param dy gradient of its output; the caller releases it */
  readonly backward: (unit: Unit, dy: Image, context: TrainingContext) => void;
}

/** How a kind is trained: its passes on the plain kernels, and the rule of its own kernels, where it has any. */
export interface Training<K extends Kind> {
  readonly pass: PassOf<K>;
  readonly rule?: Rule;
}

/** Every kind is trained, or says that it is not. */
export type Rules = { readonly [K in Kind]: Training<K> | "inference only" };
