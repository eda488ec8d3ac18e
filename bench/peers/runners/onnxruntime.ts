/** ONNX Runtime, native and in WebAssembly, on the file that senet writes. Both have the same interface. */
import type { Job, Runner } from "../contender.ts";

interface OnnxTensor {
  readonly data: Float32Array;
}

interface Runtime {
  readonly env: { readonly wasm: { numThreads?: number } };
  readonly Tensor: { new (type: "float32", data: Float32Array, dims: readonly number[]): OnnxTensor };
  readonly InferenceSession: {
    create(path: string, options: Readonly<Record<string, unknown>>): Promise<{
      run(feeds: Record<string, OnnxTensor>): Promise<Record<string, OnnxTensor>>,
    }>;
  };
}

/**
 * In Node the name onnxruntime-web means dist/ort.node.min.mjs, the build that has threads there; in the page dist/ort.wasm.min.mjs.
 * @param file path or address of the network
 */
export async function onnxruntime(job: Job, name: "onnxruntime-node" | "onnxruntime-web", file: string = job.files.onnx): Promise<Runner> {
  const runtime = (await import(name)) as Runtime;
  if (name === "onnxruntime-web") runtime.env.wasm.numThreads = job.threads;
  const session = await runtime.InferenceSession.create(file, {
    executionProviders: [name === "onnxruntime-web" ? "wasm" : "cpu"],
    graphOptimizationLevel: "all",
    // The file leaves the batch open; told the number, the runtime may prepare for it, as senet's session does.
    freeDimensionOverrides: { N: job.input[0] },
    ...(name === "onnxruntime-node" ? { intraOpNumThreads: job.threads, interOpNumThreads: 1 } : {}),
  });
  return {
    layout: "nchw",
    run: async (x) => (await session.run({ input: new runtime.Tensor("float32", x, job.input) })).output.data,
  };
}
