/**
 * One network as one JavaScript file without imports: its kernels, its plan, its weights and `predict`. The passes over the graph, the plan
 * of memory and the choice of kernels are done here, once; the file only loads and computes.
 */
import { counted } from "../errors.ts";
import { checkFields, flag, record, text, texts as listOfTexts } from "../checks.ts";
import type { ArgumentKind } from "../checks.ts";
import type { Graph } from "../graph/graph.ts";
import { fixedNetwork } from "../graph/network.ts";
import type { Network, Shapes } from "../graph/network.ts";
import { parsePreprocessing } from "../io/images/preprocessing-json.ts";
import type { Preprocessing } from "../io/images/preprocessing-json.ts";
import type { Module } from "../nn/module.ts";
import { ALL } from "../../kernels/wasm/assembler/opcodes-all.ts";
import { exactArithmetic } from "../session/backends/numerics.ts";
import { withBrought } from "../session/backends/operations.ts";
import { generalOperations } from "../session/general.ts";
import { byteOperations } from "../session/backends/wasm/bytes.ts";
import { checkInputOption } from "../session/check-options.ts";
import { networkOf, sessionGraph, shapesOf } from "../session/optimise/session-graph.ts";
import { showShape, sizeOf } from "../tensor.ts";
import type { Shape } from "../tensor.ts";
import { version } from "../version.ts";
import { numbersReader, storeConstants, weightFormats } from "./constants.ts";
import type { WeightFormat } from "./constants.ts";
import { planPlain } from "./plain/plan.ts";
import type { PlainPlan, Slot } from "./plain/plan.ts";
import { runtimeTexts } from "./runtime.ts";
import { aligned, dense, quoted, readers, shortened } from "./text.ts";
import { packer, planWasm, roundedFactors } from "./wasm/plan.ts";
import type { ByteKernels, WasmPlan } from "./wasm/plan.ts";

/** Of networks of bytes: kernels for every engine, their bits are the same with others. */
const byteKernels: ByteKernels = {
  operations: withBrought(byteOperations, generalOperations), arithmetic: { ...exactArithmetic, instructions: ALL, relaxedDots: false },
};

export type { WeightFormat } from "./constants.ts";

/**
 * Which kernels a file has.
 * @example
 * const target: BundleTarget = "plain";
 * bundleTargets.includes(target)   // => true
 */
export type BundleTarget = (typeof bundleTargets)[number];

/**
 * Kernels that a file can have: WebAssembly, plain JavaScript, or both, so that the host decides.
 * @example
 * bundleTargets   // => ["wasm","plain","both"]
 */
export const bundleTargets = ["wasm", "plain", "both"] as const;

/**
 * What kind of file it is.
 * @example
 * const syntax: BundleSyntax = "script";
 * bundleSyntaxes.includes(syntax)   // => true
 */
export type BundleSyntax = (typeof bundleSyntaxes)[number];

/**
 * A file to import, or one for a script element and for engines without modules.
 * @example
 * bundleSyntaxes   // => ["module","script"]
 */
export const bundleSyntaxes = ["module", "script"] as const;

/**
 * What `bundle` may be told.
 * @example
 * const options: BundleOptions = { input: [1, 1, 4, 4], target: "plain", format: "f16" };
 * bundle(new Conv2d(1, 2, { kernel: 1 }), options).code.length > 1000   // => true
 */
export interface BundleOptions {
  /** The only shape that the file is for, such as [1,3,224,224]; of several inputs, by name. */
  readonly input?: Shape | Shapes;
  /**
   * How matrices of weights are held in the file: "f32" (default); "f16", half of the bytes; "int8", a quarter, with a factor for each
   * output channel. It computes with float32 in each case; biases and other vectors stay float32.
   */
  readonly format?: WeightFormat;
  /**
   * "wasm" (default): exact numerics, the bits of a session. "plain": JavaScript, for engines that interpret and hosts that forbid
   * WebAssembly; the bits of a session on the plain kernels. "both": plain where WebAssembly does not run.
   */
  readonly target?: BundleTarget;
  /** "module" (default): exports. "script": sets a variable, and `module.exports` where there is one. */
  readonly syntax?: BundleSyntax;
  /** The variable's name; default "network". */
  readonly name?: string;
  /** Are the weights a file of their own, whose bytes `ready` is given? */
  readonly beside?: boolean;
  /** Names of the outputs' numbers, in order. */
  readonly classes?: readonly string[] | undefined;
  /** How pictures are prepared: then `predict` takes bytes of a picture of that size. */
  readonly preprocessing?: Preprocessing | undefined;
}

/**
 * A file of one network.
 * @example
 * const { code, weights }: Bundle = bundle(new Conv2d(1, 2, { kernel: 1 }), { input: [1, 1, 4, 4], target: "plain" });
 * code.includes("predict")   // => true
 * weights === undefined   // => true
 */
export interface Bundle {
  /** Text of the file, in ASCII. */
  readonly code: string;
  /** Bytes of the second file, where weights are beside. */
  readonly weights: Uint8Array | undefined;
  /** Bytes that the network takes when it runs, weights and values; of both targets the larger. */
  readonly memory: number;
  /** An operation of a line each, with its kernel, as `session.plan` of WebAssembly; of "plain" the calls. */
  readonly plan: string;
}

function oneOf(values: readonly string[]): ArgumentKind {
  return { wanted: values.join(", "), is: (value) => typeof value === "string", fits: (value: string) => values.includes(value) };
}

const identifier: ArgumentKind = {
  wanted: "a name that variables may have", is: text.is, fits: (value: string) => /^[A-Za-z_$][\w$]*$/.test(value) && !taken.has(value),
};

/** Words that are no names, and what the file uses. */
const taken = new Set((
  "break case catch class const continue debugger default delete do else enum export extends false finally for function if " +
  "implements import in instanceof interface let new null package private protected public return static super switch this " +
  "throw true try typeof var void while with yield await eval arguments undefined NaN Infinity module exports"
).split(" "));

const kinds: Record<keyof BundleOptions, ArgumentKind | null> = {
  input: null, format: oneOf(weightFormats), target: oneOf(bundleTargets), syntax: oneOf(bundleSyntaxes), name: identifier, beside: flag,
  classes: listOfTexts, preprocessing: record,
};

/** FNV-1a of 32 bits, as the file computes it. */
function sumOf(bytes: Uint8Array): number {
  let sum = 0x811c9dc5 | 0;
  for (let i = 0; i < bytes.length; i++) sum = Math.imul(sum ^ bytes[i], 0x01000193);
  return sum;
}

const list = (slots: readonly Slot[]): string => `[${slots.map(({ at, size }) => `[${at}, ${size}]`).join(", ")}]`;

function startPlain({ values, sums, lines, inputs, outputs }: PlainPlan): string {
  return `
    function compute() {
      ${lines.join("\n      ")}
    }
    function startPlain(bytes) {
      W = numbers(bytes);
      A = new Float32Array(${Math.ceil(values)});
      D = new Float64Array(${sums});
      inputs = ${list(inputs)};
      outputs = ${list(outputs)};
      run = compute;
      kernels = "plain";
    }`;
}

/** @param after bytes of constants, after which those that lie in memory as they are follow */
function startWasm({ packings, raw, inputs, outputs }: WasmPlan, after: number, constants: boolean): string {
  let at = after;
  const copies = raw.map(({ address, bytes }) => {
    at += bytes.length;
    return `memory.set(bytes.subarray(${at - bytes.length}, ${at}), ${address});`;
  });
  return `
    function start(made, bytes) {
      var buffer = memory.buffer;
      A = new Float32Array(buffer);
      ${constants ? "W = numbers(bytes);" : ""}
      ${packings.length === 0 ? "" : `var packings = [${packings.map((packing) => packing.join(",")).join(",")}];
      for (var i = 0; i < packings.length; i += 8) {
        pack.apply(null, packings.slice(i, i + 8));
      }`}
      W = null;
      ${copies.length === 0 ? "" : "memory = new Uint8Array(buffer);"}
      ${copies.join("\n      ")}
      inputs = ${list(inputs)};
      outputs = ${list(outputs)};
      run = made.exports.run;
      kernels = "wasm";
    }`;
}

/** @throws RangeError where pictures of that preprocessing are not what the network takes */
function pictureConstants(
  { size, channels, mean, std, range = 1 }: Preprocessing, shapes: readonly Shape[],
): Record<string, string | number> {
  const [count, [height, width]] = [channels === "gray" ? 1 : 3, size];
  const wanted = [1, count, height, width];
  if (shapes.length !== 1 || shapes[0].join() !== wanted.join()) {
    const taken = shapes.map(showShape).join(", ");
    throw new RangeError(`bundle: preprocessing makes ${showShape(wanted)} of a picture, the network takes ${taken}`);
  }
  return {
    WIDTH: width, HEIGHT: height, CHANNELS: count, RANGE: range, MEAN: JSON.stringify(mean), STD: JSON.stringify(std),
    FIRST: channels === "bgr" ? 2 : 0, NEXT: channels === "bgr" ? -1 : 1,
  };
}

/**
 * One JavaScript file (ES5 and typed arrays; no imports, no `eval`) that computes this network for one shape of input: `predict(x)` of
 * numbers [N,C,H,W], or of a picture's bytes where `preprocessing` is given, gives the outputs as a Float32Array; `ready()` is a promise
 * for hosts that compile in their own time.
 * @example
 * const { code } = bundle(new Conv2d(1, 2, { kernel: 1 }), { input: [1, 1, 4, 4], target: "plain", syntax: "script", name: "net" });
 * code.includes("eval(")   // => false
 * @throws TypeError for the wrong kind; RangeError for operations that the target has no kernels for, an option that makes no sense, or
 * weights that the format cannot hold
 */
export function bundle(source: Module | Network | Graph, options: BundleOptions = {}): Bundle {
  checkFields("bundle", options, kinds);
  const { format = "f32", target = "wasm", syntax = "module", name = "network", beside = false, classes } = options;
  const network = networkOf(typeof source === "object" && source !== null && "nodes" in source ? fixedNetwork(source) : source);
  const bytes = network.quantised === true ? byteKernels : undefined;
  if (bytes !== undefined && target !== "wasm") {
    throw new RangeError(`bundle: target ${target} has no kernels of bytes: wasm is wanted for a quantised network`);
  }
  checkInputOption(network, options.input);
  const { graph: whole } = sessionGraph(network, shapesOf(network, options.input));
  const shapes = whole.inputs.map(({ shape }) => shape);
  const [first] = whole.outputs;
  if (classes !== undefined && classes.length * shapes[0][0] !== sizeOf(first.shape)) {
    throw new RangeError(`bundle: classes has ${counted(classes.length, "name")}, the network gives ${showShape(first.shape)}`);
  }
  const pictures = options.preprocessing === undefined ? undefined : pictureConstants(parsePreprocessing(options.preprocessing), shapes);
  const { graph, constants } = storeConstants(whole, format, target === "plain" || bytes !== undefined ? undefined : roundedFactors(whole));
  const wasm = target === "plain" ? undefined : planWasm(graph, constants, network.title, bytes);
  const plain = target === "wasm" ? undefined : planPlain(graph, constants);
  const stored = new Uint8Array(constants.bytes.length + (wasm?.raw ?? []).reduce((sum, { bytes }) => sum + bytes.length, 0));
  stored.set(constants.bytes);
  let at = constants.bytes.length;
  for (const { bytes } of wasm?.raw ?? []) {
    stored.set(bytes, at);
    at += bytes.length;
  }
  const code = [
    readers.symbol, ...(beside ? [] : [readers.dense]), numbersReader(format, constants),
    ...(plain === undefined ? [] : [...plain.functions, startPlain(plain)]),
    ...(wasm === undefined ? [] : [readers.aligned, packer, startWasm(wasm, constants.bytes.length, true)]),
    ...runtimeTexts({ inside: !beside, wasm: wasm !== undefined, plain: plain !== undefined, pictures: pictures !== undefined }),
  ].join("\n");
  const replaced: Record<string, string | number> = {
    ...pictures, SIZE: stored.length, SUM: sumOf(stored), PAGES: wasm?.pages ?? 0, CODE: wasm?.module.length ?? 0,
    WANTED: whole.inputs.map(({ shape }) => shape.join("x")).join(", "),
  };
  const filled = code.replace(/\b(WIDTH|HEIGHT)x(WIDTH|HEIGHT)\b/g, (_, a: string, b: string) => `${replaced[a]}x${replaced[b]}`).replace(
    /\b[A-Z]{3,}\b/g, (word) => (Object.hasOwn(replaced, word) ? String(replaced[word]) : word),
  );
  const results = network.outputs.length === whole.outputs.length ? network.outputs : whole.outputs.map((value) => value.name);
  const names = `names = ${quotedList(network.inputs.map((input) => input.name))}, results = ${quotedList(results)}`;
  const texts = [
    ...(beside ? [] : [`text = "${dense(stored)}"`]), ...(wasm === undefined ? [] : [`code = "${aligned(wasm.module)}"`]),
  ];
  const face = `{ predict: predict, ready: ready, classes: ${classes === undefined ? "undefined" : quotedList(classes)}, ` +
    `input: ${JSON.stringify(shapes.length === 1 ? shapes[0] : shapes)}, kernels: function () { return kernels; } }`;
  const body = shortened(`(function () {
    "use strict";
    var A, D, W, memory, run, inputs = ${list(whole.inputs.map(({ shape }) => ({ at: 0, size: sizeOf(shape) })))}, outputs, kernels = "";
    var ${names};
    ${filled}
    return ${face};
    DATA
  })()`);
  const [before, after] = body.split("DATA");
  const data = texts.length === 0 ? "" : `var ${texts.join(",\n")};\n`;
  const of = network.title.replace(/[^\x20-\x7e]|[*]\/|<\//g, "?");
  const title = `senet ${version}, MIT: ${of}, ${shapes.map(showShape).join(", ")}, ${target}, ${format}`;
  const start = before.replace('"use strict";', () => `"use strict";\n${data}`);
  const end = syntax === "script"
    ? `if(typeof module==="object"&&module&&module.exports)module.exports=${name};\n`
    : `export var predict=${name}.predict,ready=${name}.ready,classes=${name}.classes,input=${name}.input,kernels=${name}.kernels;\n` +
      `export default ${name};\n`;
  return {
    code: `/* ${title} */\nvar ${name}=${start}${after};\n${end}`,
    weights: beside ? stored : undefined,
    memory: Math.max(
      65536 * (wasm?.pages ?? 0), plain === undefined ? 0 : 4 * (constants.size + plain.values) + 8 * plain.sums,
    ),
    plan: (wasm ?? plain!).lines.join("\n"),
  };
}

function quotedList(values: readonly string[]): string {
  return `[${values.map(quoted).join(", ")}]`;
}
