/** Everybody in the race. A new way to run is one entry here. */
import type { Contender, HostName, ModelFiles } from "./contender.ts";

/** One family, which a page imports by itself: "senet/models/resnet". */
const network = `export { resnet } from "../../models/residual/resnet.ts"; export { loadWeights } from "../../src/weights/weights.ts";`;
/** The engine alone, as the other engines are counted: networks come to them in files. */
const engine = `export { compileSync } from "../../src/session/lean.ts"; export { Tensor } from "../../src/tensor.ts";`;
const engineWithThreads = `export { compile } from "../../src/session/lean.ts"; export { Tensor } from "../../src/tensor.ts";`;
const engineWithAll = `export { compile } from "../../src/session/session.ts"; export { Tensor } from "../../src/tensor.ts";`;
const engineWithBytes = `${engineWithAll} export { readQuantised } from "../../src/quantise/file.ts";`;
/** Eagerly nothing runs without the network's modules. */
const eager = `${network} export { Tensor } from "../../src/tensor.ts";`;

/** What else a program of senet's loads: printed beside the table. */
export const senetDownloads: readonly (readonly [string, string])[] = [
  ["senet/session/lean, one thread", engine],
  ["senet/session/lean, threads", engineWithThreads],
  ["senet/session/session: all numerics, given modules, fast plain kernels", engineWithAll],
  ["senet/session/lean, one thread, with the modules of a family and its weights' reader", `${engine} ${network}`],
];
/** The operations that the networks here need; a bundler drops the others. */
const tfjs = `export {
  add, avgPool, clipByValue, concat, dispose, engine, fused, matMul, maxPool, mul, relu, reshape, setBackend, sigmoid, tanh, tensor,
  transpose,
} from "@tensorflow/tfjs-core";`;

const both = { node: [1, 2], page: [1, 2] };
const web = {
  files: [
    "onnxruntime-web/dist/ort.wasm.min.mjs", "onnxruntime-web/dist/ort-wasm-simd-threaded.mjs",
    "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm",
  ],
};

/** Who takes part: what is asked for, and what is installed. The eager engine is always there, all answers are compared with it. */
export function chosenContenders(
  host: HostName, parts: readonly string[], slow: boolean, installed: (name: string) => boolean,
): Contender[] {
  return contenders.filter((each) => each.threads[host].length > 0 && installed(each.optional ?? "esbuild") &&
    (each.name === "senet eager" || ((each.slow !== true || slow) && parts.some((part) => each.name.includes(part)))));
}

/** Is what it wants of converted files there? */
export function hasFiles({ wants }: Contender, { converted }: ModelFiles): boolean {
  return wants === undefined || converted?.[wants] !== undefined;
}

export const contenders: readonly Contender[] = [
  ...(["exact", "fast", "turbo"] as const).map((numerics): Contender => ({
    name: `senet session, ${numerics}`, threads: numerics === "turbo" ? { ...both, page: [] } : both,
    download: { module: numerics === "exact" ? engine : engineWithAll },
    load: async (job, host) => (await import("./runners/senet.ts")).session(job, host, { kernels: "wasm", numerics, threads: job.threads }),
  })),
  {
    name: "senet session, int8", threads: both, needsBytes: true, download: { module: engineWithBytes }, bytes: true,
    load: async (job, host) => (await import("./runners/senet.ts")).int8(job, host),
  },
  {
    name: "senet session, plain kernels", threads: { node: [1], page: [] }, download: { module: engineWithAll }, slow: true,
    load: async (job, host) => (await import("./runners/senet.ts")).session(job, host, { kernels: "plain" }),
  },
  {
    name: "senet eager", threads: { node: [1], page: [1] }, download: { module: eager },
    load: async (job, host) => (await import("./runners/senet.ts")).eager(job, host),
  },
  {
    name: "onnxruntime-node", threads: { node: [1, 2], page: [] },
    download: { files: ["onnxruntime-common/dist/cjs", "onnxruntime-node/dist", "onnxruntime-node/bin/napi-v6/PLATFORM/ARCH"] },
    load: async (job) => (await import("./runners/onnxruntime.ts")).onnxruntime(job, "onnxruntime-node"),
  },
  {
    name: "onnxruntime-web", threads: both, download: web,
    load: async (job) => (await import("./runners/onnxruntime.ts")).onnxruntime(job, "onnxruntime-web"),
  },
  {
    name: "onnxruntime-web, QDQ", threads: { node: [], page: [1, 2] }, download: web, wants: "qdq", bytes: true,
    load: async (job) => (await import("./runners/onnxruntime.ts")).onnxruntime(job, "onnxruntime-web", job.files.converted!.qdq),
  },
  {
    // Its threads want a browser: in Node it has one.
    name: "tfjs wasm", threads: { node: [1], page: [1, 2] },
    download: {
      module: `${tfjs} import "@tensorflow/tfjs-backend-wasm";`, files: ["@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm"],
    },
    load: async (job, host) => (await import("./runners/tfjs.ts")).tfjs(job, "wasm", host),
  },
  ...([["nchw", "NCHW"], ["nhwc", "NHWC"], ["int8", "int8"], ["mixed", "int8, hard swish in float"]] as const).map(
    ([kind, title]): Contender => ({
      name: `LiteRT.js, ${title}`, threads: { node: [1], page: [1, 2] }, optional: "@litertjs/core", wants: kind,
      bytes: kind === "int8" || kind === "mixed",
      download: {
        module: `export { Tensor, loadAndCompile, loadLiteRt } from "@litertjs/core";`,
        files: ["@litertjs/core/wasm/litert_wasm_internal.js", "@litertjs/core/wasm/litert_wasm_internal.wasm"],
      },
      load: async (job, host) => (await import("./runners/litert.ts")).litert(job, host, kind),
    })),
  {
    name: "tfjs cpu", threads: { node: [1], page: [] }, slow: true, download: { module: `${tfjs} import "@tensorflow/tfjs-backend-cpu";` },
    load: async (job, host) => (await import("./runners/tfjs.ts")).tfjs(job, "cpu", host),
  },
  {
    name: "jax-js", threads: { node: [1], page: [] }, slow: true,
    download: { module: `export { init, defaultDevice, jit, lax, nn, numpy } from "@jax-js/jax";` },
    load: async (job, host) => (await import("./runners/jax.ts")).jax(job, host),
  },
];
