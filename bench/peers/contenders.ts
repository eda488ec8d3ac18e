/** Everybody in the race. A new way to run is one entry here. */
import type { Contender } from "./contender.ts";

/** One family, which a page imports by itself: "senet/models/resnet". */
const network = `export { resnet } from "../../models/residual/resnet.ts"; export { loadWeights } from "../../src/weights.ts";`;
/** The engine alone, as the other engines are counted: networks come to them in files. */
const engine = `export { compileSync } from "../../src/session/lean.ts"; export { Tensor } from "../../src/tensor.ts";`;
const engineWithThreads = `export { compile } from "../../src/session/lean.ts"; export { Tensor } from "../../src/tensor.ts";`;
const engineWithAll = `export { compile } from "../../src/session/session.ts"; export { Tensor } from "../../src/tensor.ts";`;
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

export const contenders: readonly Contender[] = [
  ...(["exact", "fast", "turbo"] as const).map((numerics): Contender => ({
    name: `senet session, ${numerics}`, threads: [1, 2], download: { module: numerics === "exact" ? engine : engineWithAll },
    load: async (job) => (await import("./runners/senet.ts")).session(job, { kernels: "wasm", numerics, threads: job.threads }),
  })),
  {
    name: "senet session, plain kernels", threads: [1], download: { module: engineWithAll }, slow: true,
    load: async (job) => (await import("./runners/senet.ts")).session(job, { kernels: "plain" }),
  },
  { name: "senet eager", threads: [1], download: { module: eager }, load: async (job) => (await import("./runners/senet.ts")).eager(job) },
  {
    name: "onnxruntime-node", threads: [1, 2],
    download: { files: ["onnxruntime-common/dist/cjs", "onnxruntime-node/dist", "onnxruntime-node/bin/napi-v6/PLATFORM/ARCH"] },
    load: async (job) => (await import("./runners/onnxruntime.ts")).onnxruntime(job, "onnxruntime-node"),
  },
  {
    name: "onnxruntime-web", threads: [1, 2],
    download: {
      files: [
        "onnxruntime-web/dist/ort.wasm.min.mjs", "onnxruntime-web/dist/ort-wasm-simd-threaded.mjs",
        "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm",
      ]
    },
    load: async (job) => (await import("./runners/onnxruntime.ts")).onnxruntime(job, "onnxruntime-web"),
  },
  {
    // Its threads want a browser: in Node it has one.
    name: "tfjs wasm", threads: [1],
    download: {
      module: `${tfjs} import "@tensorflow/tfjs-backend-wasm";`, files: ["@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm"],
    },
    load: async (job) => (await import("./runners/tfjs.ts")).tfjs(job, "wasm"),
  },
  {
    name: "tfjs cpu", threads: [1], slow: true, download: { module: `${tfjs} import "@tensorflow/tfjs-backend-cpu";` },
    load: async (job) => (await import("./runners/tfjs.ts")).tfjs(job, "cpu"),
  },
  {
    name: "jax-js", threads: [1], slow: true,
    download: { module: `export { init, defaultDevice, jit, lax, nn, numpy } from "@jax-js/jax";` },
    load: async (job) => (await import("./runners/jax.ts")).jax(job),
  },
];
