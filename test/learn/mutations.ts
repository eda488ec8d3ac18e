/** What is broken, chapter by chapter, to see that each says so: edits of the files that it teaches. `find` must stand in the file. */
export interface Break {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** The scale without its gate, in the kernel and in its plain twin: a session would find that one of them differs, and leave it. */
const gateless: readonly Break[] = [
  { file: "kernels/wasm/operations/elementwise.ts", find: "loadLanes(f, scale, offset, count);\n          f.f32x4.mul();", replace: "" },
  { file: "kernels/plain/channel-scale.ts", find: "y[at] = g * x[at]", replace: "y[at] = x[at]" },
];

export const breaks: Readonly<Record<string, readonly Break[]>> = {
  "01-tensors": [
    { file: "src/tensor.ts", find: "return new Tensor(this.data, shape);", replace: "return new Tensor(this.data.slice() as A, shape);" },
  ],
  "02-convolution": [
    {
      file: "kernels/reference/layers/conv2d.ts", find: "sum += weight[weightRow + kw] * x[xRow + iw];",
      replace: "sum += weight[weightRow] * x[xRow + iw];",
    },
  ],
  "03-squeeze": [
    {
      file: "kernels/reference/pooling/global-average-pool.ts", find: "dx[nc * pixels + p] += dy[nc] / pixels",
      replace: "dx[nc * pixels + p] += dy[nc]",
    },
  ],
  "04-excitation": [
    { file: "kernels/reference/layers/linear.ts", find: "let sum = bias === null ? 0 : bias[o];", replace: "let sum = 0;" },
  ],
  "05-scale": [
    { file: "kernels/reference/squeeze-excite.ts", find: "y[at] = s[n * channels + c] * x[at];", replace: "y[at] = s[c] * x[at];" },
  ],
  "06-backward": [{ file: "kernels/reference/squeeze-excite.ts", find: " + dz[n * channels + c] / pixels", replace: "" }],
  "07-residual": [
    { file: "src/nn/combinators.ts", find: "addForward(y.data, a.data, b.data", replace: "addForward(y.data, a.data, a.data" },
  ],
  "08-depthwise": [
    {
      file: "kernels/reference/layers/conv2d.ts", find: "const first = Math.floor(o / outPerGroup) * inPerGroup;",
      replace: "const first = 0;",
    },
  ],
  "09-gates": [{ file: "kernels/reference/activations/hard-sigmoid.ts", find: "if (line > 0 && line < 1)", replace: "if (line > 0)" }],
  "10-relatives": [
    {
      file: "kernels/reference/joining/pixel-scale.ts", find: "y[image + p] = gate[n * pixels + p] * x[image + p]",
      replace: "y[image + p] = gate[n] * x[image + p]",
    },
  ],
  "11-training": [{ file: "kernels/reference/losses/cross-entropy.ts", find: "- max - logSum)", replace: "- max)" }],
  "12-what-gates-learned": gateless,
  "13-cost": [
    {
      file: "src/nn/layers/conv.ts", find: "s.batch * s.outHeight * s.outWidth * this.weight.value.size",
      replace: "s.batch * this.weight.value.size",
    },
  ],
  "14-frozen-gates": gateless,
  "15-fast": [
    {
      file: "src/session/optimise/passes/fold-squeeze.ts", find: "added.push({ operation: node.operation,",
      replace: "added.push({ operation: { ...node.operation, by: \"max\" },",
    },
  ],
  "16-selfie": gateless,
};
