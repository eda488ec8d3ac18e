/** ONNX Runtime (npm's onnxruntime-node, which `npm install` in this folder brings), as far as these tests use it. */

export interface OnnxTensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

interface OnnxRuntime {
  readonly Tensor: { new (type: "float32", data: Float32Array, dims: readonly number[]): OnnxTensor };
  readonly InferenceSession: {
    create(bytes: Uint8Array): Promise<{
      run(feeds: Readonly<Record<string, OnnxTensor>>): Promise<Readonly<Record<string, OnnxTensor>>>;
      release(): Promise<void>;
    }>;
  };
}

// By a name that the type checker does not follow: the root does not install it.
const name = "onnxruntime-node";
export const runtime = (await import(name)) as OnnxRuntime;
