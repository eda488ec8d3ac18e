/** senet compile: the WebAssembly module of a session as a file, for hosts that forbid compiling at run time. */
import { createHash } from "node:crypto";
import { tiles } from "../../../kernels/wasm/probe/tiles.ts";
import { usualInput } from "../../../models/index.ts";
import { emitModule } from "../../session/backends/wasm/modules/emit.ts";
import type { Module } from "../../nn/module.ts";
import { showShape } from "../../tensor.ts";
import type { Shape } from "../../tensor.ts";
import { version } from "../../version.ts";
import type { Arguments, Command } from "../command.ts";
import { UsageError } from "../command.ts";
import { writeBytes } from "../files.ts";
import { inputShape, loadNetwork, modelFromArguments } from "../network.ts";
import { adding, json, numericsOption, options } from "../options.ts";
import { print, printJson, thousands } from "../terminal.ts";

/** The model that is named, or that of the weights. @throws UsageError where neither is given */
function modelOf(args: Arguments): { readonly model: Module; readonly name: string; readonly usual: Shape } {
  const [name] = args.positionals;
  if (args.text("weights") === undefined) {
    if (name === undefined) throw new UsageError("senet compile: wants MODEL, or --weights of one (senet summary --list names all models)");
    const model = modelFromArguments(args, name, null);
    return { model, name, usual: usualInput(model) };
  }
  const { model, preprocessing, described } = loadNetwork(args, name);
  const { size, channels } = preprocessing;
  return { model, name: model.identity?.model ?? "", usual: described ? [1, channels === "gray" ? 1 : 3, ...size] : usualInput(model) };
}

export const compileCommand: Command = {
  name: "compile",
  usage: "MODEL | --weights W.safetensors --out M.wasm [--input 1,3,224,224] [options]",
  help: "writes the WebAssembly module that a session would emit, without weights: for hosts that forbid compiling at run time",
  options: {
    input: adding(options.input, ": the only shape that the module is for"),
    weights: adding(options.weights, ", for its model, options and image size; the weights themselves are not in the module"),
    out: options.out,
    numerics: numericsOption(["exact", "fast"], "fast"),
    threads: { value: "N", help: "more than one: for memory that threads share (default 1)" },
    "relaxed-simd": { help: "fused multiply-adds: faster, for engines that have relaxed SIMD only" },
    pace: { help: "loops held back: 2 to 6 % faster on AMD Zen 5, much slower on Intel" },
    tile: { value: "NAME", help: "2x16 (the default) or 6x8: with --relaxed-simd 3 to 16 % faster on V8 of 2024 and newer" },
    observe: { value: "NAMES", help: "values that are outputs too, separated by commas" },
    override: { value: "NAMES", help: "values that can be set, separated by commas" },
    "model-options": options.modelOptions,
    json: json("file, bytes, sha256 and what the module is for"),
  },
  positionals: { least: 0, most: 1 },
  run(args) {
    const out = args.required("out");
    const numerics = args.choice("numerics", ["exact", "fast"], "fast");
    const threads = args.number("threads", 1, { least: 1, whole: true });
    const relaxedSimd = args.flag("relaxed-simd");
    const pace = args.flag("pace");
    const tile = args.choice("tile", tiles.names, "2x16");
    if (threads > 32) throw new UsageError(`senet compile: --threads wants a whole number from 1 to 32, got ${threads}`);
    if (relaxedSimd && numerics === "exact") {
      throw new UsageError("senet compile: --relaxed-simd is for fast: its last bits depend on the machine, and exact's do not");
    }
    const { model, name, usual } = modelOf(args);
    const input = inputShape(args, usual);
    const [observe, override] = [args.list("observe", []), args.list("override", [])];
    const bytes = emitModule(model, { input, numerics, threads, relaxedSimd, pace, tile, observe, override });
    writeBytes(out, bytes);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    if (args.flag("json")) {
      printJson({
        file: out, bytes: bytes.length, sha256, senet: version, model: name, input, numerics, threads, relaxed_simd: relaxedSimd, pace,
        tile, observe, override,
      });
      return;
    }
    const kind = [
      numerics, threads > 1 ? `${threads} threads` : "one thread", ...(relaxedSimd ? ["relaxed SIMD"] : []), ...(pace ? ["paced"] : []),
      ...(tile === "2x16" ? [] : [`tiles of ${tile}`]),
    ].join(", ");
    print(`${out}: ${name}, input ${showShape(input)}, ${kind}, senet ${version}, ${thousands(bytes.length)} bytes`);
    print(`sha256 ${sha256}`);
  },
};
