/** What `senet compile` writes: the module that a session would emit, for hosts that forbid compiling at run time. */
import { tiles } from "../../../../../kernels/wasm/probe/tiles.ts";
import type { Tile } from "../../../../../kernels/wasm/probe/tiles.ts";
import { check as checkArgument, oneOf } from "../../../../checks.ts";
import { checkOptions } from "../../../../errors.ts";
import type { Graph } from "../../../../graph/graph.ts";
import type { Network } from "../../../../graph/network.ts";
import type { Module } from "../../../../nn/module.ts";
import { version } from "../../../../version.ts";
import { describe, inputOf } from "./file.ts";
import { moduleOperations } from "../../module-operations.ts";
import { checkKnown, withBrought } from "../../operations.ts";
import { checkInputOption, checkFlag, checkNames } from "../../../check-options.ts";
import { arithmeticOf } from "../../numerics.ts";
import { PlainConstants } from "../../plain/program.ts";
import { openedNetwork } from "../../../optimise/opened.ts";
import { sessionGraph, shapesOf } from "../../../optimise/session-graph.ts";
import type { GraphOptions } from "../../../optimise/session-graph.ts";
import { withPace } from "../pace.ts";
import { withFast, withTile } from "../fast.ts";
import { emitRunsShared } from "../../../threads/run-shared.ts";
import { labelsOf } from "../checks/verify.ts";
import { WasmExecutor, compileNothing } from "../executor.ts";
import { planProgram } from "../program.ts";
import { planCheck, wholeModule } from "./whole.ts";

/**
 * What a module is made for; the same as `compile` is told, for the module is taken for that very use only.
 * @example
 * const options: EmitOptions = { input: [1, 1, 4, 4], numerics: "fast", relaxedSimd: true };
 * emitModule(new ReLU(), options).length > 1000   // => true
 */
export interface EmitOptions extends GraphOptions {
  /** As of `compile`; turbo belongs to the engine that compiles, so there is no module of it. */
  readonly numerics?: "exact" | "fast";
  /** More than one: for memory that threads share, and how many there are unless `compile` is asked for another number. */
  readonly threads?: number;
  /** May fast kernels use fused multiply-adds? They are faster where the engine has relaxed SIMD, and elsewhere the module is refused. */
  readonly relaxedSimd?: boolean;
  /**
   * Are loops of unfused products and sums held back? Some processors are a little faster with it, others much slower: so by default not.
   */
  readonly pace?: boolean;
  /** Pixels by channels of its tiles, "2x16" by default; fused kernels are 3 to 16 % faster with "6x8" on most engines of today. */
  readonly tile?: Tile;
}

const known = [
  "input", "observe", "override", "numerics", "threads", "relaxedSimd", "pace", "tile",
] as const satisfies readonly (keyof EmitOptions)[];

/**
 * The WebAssembly module that `compile(model, { input, module })` takes. It holds no weights: any that the model has go with it. The same
 * arguments give the same bytes on every host.
 * @throws RangeError where the model cannot take such an input, or an option makes no sense; Error where WebAssembly has no memory
 * @example
 * const bytes = emitModule(createModel("se_resnet8", { classes: 3 }), { input: [1, 3, 8, 8], numerics: "exact" });
 * bytes.subarray(0, 4)   // => [0,97,115,109]
 */
export function emitModule(source: Module | Network | Graph, options: EmitOptions = {}): Uint8Array<ArrayBuffer> {
  checkOptions("emitModule", options, known);
  for (const name of ["observe", "override"] as const) checkNames("emitModule", name, options[name]);
  for (const name of ["relaxedSimd", "pace"] as const) checkFlag("emitModule", name, options[name]);
  if (options.tile !== undefined) checkArgument("emitModule", "tile", options.tile, oneOf(...tiles.names));
  const { observe = [], override = [], numerics = "fast", threads = 1, relaxedSimd = false, pace: paced = false, tile = "2x16" } = options;
  if (!["exact", "fast"].includes(numerics)) throw new RangeError(`emitModule: numerics wants exact or fast, got ${String(numerics)}`);
  if (!(Number.isSafeInteger(threads) && threads >= 1 && threads <= 32)) {
    throw new RangeError(`emitModule: threads wants a whole number from 1 to 32, got ${String(threads)}`);
  }
  if (relaxedSimd && numerics === "exact") {
    throw new RangeError("emitModule: exact uses no relaxed SIMD, whose last bits depend on the machine");
  }
  const network = openedNetwork(source);
  checkInputOption(network, options.input);
  const { graph, kept } = sessionGraph(network, shapesOf(network, options.input), observe, override);
  const arithmetic = withPace(withTile(withFast(arithmeticOf(numerics, { fusedMultiplyAdd: relaxedSimd })), tile), paced);
  const shared = threads > 1;
  const executor = new WasmExecutor({
    arithmetic, shared, ...(shared ? { emitRuns: emitRunsShared } : {}), threads: 1, pool: undefined, refused: new Set(),
    compile: compileNothing,
  });
  const operations = withBrought(moduleOperations, network.operations);
  const check = planCheck(labelsOf(checkKnown(graph, operations), operations), operations, arithmetic, shared);
  try {
    const overrides = new Map(override.map((name) => [name, undefined]));
    const { code } = planProgram({ graph, operations, kept, constants: new PlainConstants(), executor, overrides });
    const use = { model: network.title, input: inputOf(graph), observe, override, numerics, threads };
    return describe(
      wholeModule(code, check.code, arithmetic, shared),
      { senet: version, ...use, relaxedSimd, ...(paced ? { pace: paced } : {}), ...(tile === "2x16" ? {} : { tile }) },
    );
  } finally {
    check.release();
    executor.release();
  }
}
