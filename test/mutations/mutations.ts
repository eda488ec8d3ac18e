/**
 * Deliberate errors in the backward kernels of the reference: each must be found by the gradient check, or the check is
 * not worth its name. `find` must stand exactly once in the function.
 */
export interface Mutation {
  /** In kernels/reference. */
  readonly file: string;
  readonly function: string;
  /** The kind of error. */
  readonly error: string;
  readonly find: string;
  readonly replace: string;
}

/** Mutations of one function. */
function of(file: string, name: string, ...list: readonly (readonly [error: string, find: string, replace: string])[]): Mutation[] {
  return list.map(([error, find, replace]) => ({ file, function: name, error, find, replace }));
}

export const mutations: readonly Mutation[] = [
  ...of("conv2d.ts", "conv2dBackwardInput",
    ["overwrites", "+= sum;", "= sum;"],
    ["sign of the padding", "ih + paddingHeight", "ih - paddingHeight"],
    ["forgets the dilation", "kw * dilationWidth", "kw"],
    ["forgets the stride", "/ strideHeight", "/ 1"],
    ["kernel upside down", "kernelHeight + kh)", "kernelHeight + kernelHeight - 1 - kh)"],
    ["always the first group", "group * outPerGroup; o < (group + 1) * outPerGroup", "0; o < outPerGroup"],
    ["only the first image", "n * outChannels + o", "o"],
    ["height for width", "ow >= outWidth", "ow >= outHeight"]),
  ...of("conv2d.ts", "conv2dBackwardWeight",
    ["overwrites", "+= sum;", "= sum;"],
    ["always the first group", "first + c", "c"],
    ["sign of the padding", "- paddingWidth", "+ paddingWidth"],
    ["forgets the dilation", "kh * dilationHeight", "kh"],
    ["drops the last row", "oh < outHeight", "oh < outHeight - 1"],
    ["drops an image", "n < batch", "n < batch - 1"]),
  ...of("conv2d.ts", "conv2dBackwardBias",
    ["overwrites", "+= sum;", "= sum;"],
    ["only the first image", "n * outChannels + o", "o"],
    ["drops the first pixel", "p = 0", "p = 1"]),

  ...of("conv-transpose2d.ts", "convTranspose2dBackwardInput",
    ["overwrites", "+= sum;", "= sum;"],
    ["sign of the padding", "- paddingHeight", "+ paddingHeight"],
    ["always the first group", "first + c", "c"],
    ["kernel mirrored", "weightRow + kw", "weightRow + kernelWidth - 1 - kw"],
    ["forgets the stride", "iw * strideWidth", "iw"]),
  ...of("conv-transpose2d.ts", "convTranspose2dBackwardWeight",
    ["overwrites", "+= sum;", "= sum;"],
    ["forgets the dilation", "kw * dilationWidth", "kw"],
    ["wrong channel of dy", "first + c", "first"],
    ["only the first image", "n * inChannels + i", "i"]),
  ...of("conv-transpose2d.ts", "convTranspose2dBackwardBias",
    ["overwrites", "+= sum;", "= sum;"],
    ["drops an image", "n = 0", "n = 1"],
    ["sign", "sum += dy", "sum -= dy"]),

  ...of("linear.ts", "linearBackwardInput",
    ["overwrites", "+= sum;", "= sum;"],
    ["weight transposed", "weight[o * inFeatures + i]", "weight[i * outFeatures + o]"],
    ["drops an output", "o = 0", "o = 1"]),
  ...of("linear.ts", "linearBackwardWeight",
    ["overwrites", "+= sum;", "= sum;"],
    ["drops an image", "n < batch", "n < batch - 1"],
    ["gradient transposed", "dweight[o * inFeatures + i]", "dweight[i * outFeatures + o]"]),
  ...of("linear.ts", "linearBackwardBias",
    ["overwrites", "+= sum;", "= sum;"],
    ["only the first image", "n * outFeatures + o", "o"]),

  ...of("batch-norm.ts", "batchNormBackwardTraining",
    ["drops the way through the mean", " - sumDy / count", ""],
    ["drops the way through the variance", " - xhat * (sumDyXhat / count)", ""],
    ["sign of the way through the variance", "- xhat * (", "+ xhat * ("],
    ["forgets gamma", "gamma[c] * inverseStd[c] * (dy", "inverseStd[c] * (dy"],
    ["dgamma without the normalisation", "((x[at] - mean[c]) * inverseStd[c]);\n      }", "x[at];\n      }"],
    ["dbeta and dgamma exchanged", "dbeta[c] += sumDy;", "dbeta[c] += sumDyXhat;"],
    ["overwrites dgamma", "dgamma[c] +=", "dgamma[c] ="],
    ["divides by the pixels of one image", "count = batch * pixels", "count = pixels"]),
  ...of("batch-norm.ts", "batchNormBackwardInference",
    ["forgets gamma", "gamma[c] * inverse * dy", "inverse * dy"],
    ["forgets epsilon", "runningVariance[c] + epsilon", "runningVariance[c]"],
    ["dgamma of x not centred", "(x[at] - runningMean[c])", "x[at]"],
    ["overwrites dbeta", "dbeta[c] +=", "dbeta[c] ="],
    ["treats the mean as this batch's", "* dy[at];\n      }", "* (dy[at] - sumDy / (batch * pixels));\n      }"]),

  ...of("relu.ts", "reluBackward", ["overwrites", "+= dy", "= dy"], ["the other half", "!(x[i] <= 0)", "x[i] <= 0"], ["passes everything", "if (!(x[i] <= 0)) ", ""]),
  ...of("relu6.ts", "relu6Backward", ["overwrites", "+= dy", "= dy"], ["no upper bound", " && x[i] < 6", ""], ["no lower bound", "x[i] > 0 && ", ""]),
  ...of("leaky-relu.ts", "leakyReluBackward", ["overwrites", "+= x", "= x"], ["no slope", "negativeSlope * dy", "dy"], ["drops the slope's half", "negativeSlope * dy[i]", "0"]),
  ...of("sigmoid.ts", "sigmoidBackward", ["overwrites", "+= dy", "= dy"], ["drops the factor y", " * y * ", " * "], ["sign", "1 - y", "1 + y"]),
  ...of("hard-sigmoid.ts", "hardSigmoidBackward",
    ["overwrites", "+= slope", "= slope"], ["no slope", "+= slope * dy", "+= dy"], ["no upper bound", " && line < 1", ""], ["forgets the offset", "+ offset", "+ 0"]),
  ...of("silu.ts", "siluBackward", ["overwrites", "+= dy", "= dy"], ["drops the second term", " + x[i] * s * (1 - s)", ""], ["sign of the second term", "s + x", "s - x"]),
  ...of("hard-swish.ts", "hardSwishBackward",
    ["overwrites", "+= x", "= x"], ["drops the constant", " + 0.5", ""], ["half the parabola", "/ 3 + 0.5", "/ 6 + 0.5"], ["no lower bound", "if (x[i] <= -3) continue;", ""]),
  ...of("tanh.ts", "tanhBackward", ["overwrites", "+= dy", "= dy"], ["sign", "1 - y", "1 + y"], ["forgets the square", "y * y", "y"]),

  ...of("global-average-pool.ts", "globalAveragePoolBackward",
    ["overwrites", "+= dy", "= dy"], ["not divided", " / pixels;", ";"], ["drops a pixel", "p = 0", "p = 1"]),
  ...of("global-max-pool.ts", "globalMaxPoolBackward",
    ["overwrites", "+= dy", "= dy"], ["next pixel", "+ argmax[nc]]", "+ ((argmax[nc] + 1) % pixels)]"], ["drops a channel", "nc = 0", "nc = 1"]),
  ...of("adaptive-average-pool.ts", "adaptiveAveragePoolBackward",
    ["overwrites", "+= share", "= share"], ["window one row short", "ih < bottom", "ih < bottom - 1"],
    ["divides by the columns only", "(bottom - top) * (right - left)", "right - left"], ["windows do not overlap", "right = end(ow, inWidth, outWidth)", "right = start(ow + 1, inWidth, outWidth)"]),
  ...of("max-pool.ts", "maxPoolBackward",
    ["overwrites", "+= dy", "= dy"], ["position in the output for the input", "nc * inHeight * inWidth", "nc * outPixels"], ["drops the first window", "p = 0", "p = 1"]),
  ...of("average-pool.ts", "averagePoolBackward",
    ["overwrites", "+= share", "= share"], ["always divides by the kernel", "countPadding ? (bottom - top) * (right - left) :", "countPadding ? kernelHeight * kernelWidth :"],
    ["always counts the padding", "countPadding ?", "true ?"], ["never counts the padding", "countPadding ?", "false ?"],
    ["sign of the padding", "oh * strideHeight - paddingHeight", "oh * strideHeight + paddingHeight"]),

  ...of("add.ts", "addBackward", ["overwrites", "+= dy", "= dy"], ["sign", "+= dy", "-= dy"]),
  ...of("channel-scale.ts", "channelScaleBackward",
    ["overwrites dx", "+= gate", "= gate"], ["overwrites dgate", "dgate[nc] +=", "dgate[nc] ="], ["dx without the gate", "gate[nc] * dy", "dy"],
    ["dgate without x", "x[at] * dy", "dy"], ["dgate of the last pixel only", "sum += x", "sum = x"]),
  ...of("concat.ts", "concatBackward",
    ["overwrites", "+= dy", "= dy"], ["always the first channels", "first + c", "c"], ["drops an input", "k = 0", "k = 1"], ["only the first image", "(n * outChannels + first", "(first"]),
  ...of("channel-shuffle.ts", "channelShuffleBackward",
    ["overwrites", "+= dy", "= dy"], ["shuffles again instead of back", "s * groups + g", "g * size + s"], ["only the first image", "(n * channels + g", "(g"]),
  ...of("upsample-nearest.ts", "upsampleNearestBackward",
    ["overwrites", "+= dy", "= dy"], ["rounds up", "Math.floor((oh * inHeight) / outHeight)", "Math.min(Math.ceil((oh * inHeight) / outHeight), inHeight - 1)"],
    ["drops the last column", "ow < outWidth", "ow < outWidth - 1"]),
  ...of("upsample-bilinear.ts", "upsampleBilinearBackward",
    ["overwrites", "dx[upper + left] +=", "dx[upper + left] ="], ["weights exchanged", "(1 - b) * a * d", "b * (1 - a) * d"], ["drops the fourth pixel", "dx[lower + right] += b * a * d;", ""],
    ["ignores the corners' option", "position(ow, inWidth, outWidth, alignCorners)", "position(ow, inWidth, outWidth, false)"]),
  ...of("dropout.ts", "dropoutBackward", ["overwrites", "+= mask", "= mask"], ["forgets the mask", "mask[i] * dy", "dy"]),
  ...of("cross-entropy.ts", "crossEntropyBackward",
    ["overwrites", "+= scale", "= scale"], ["drops the target", "(probabilities[at] - target)", "probabilities[at]"], ["sign", "probabilities[at] - target", "target - probabilities[at]"],
    ["forgets the smoothing of the others", "+ smoothing / classes", "+ 0"], ["forgets the scale", "+= scale *", "+="], ["always the first pixel's label", "labels[n * pixels + p]", "labels[n * pixels]"]),

  ...of("squeeze-excite.ts", "squeezeExciteBackward",
    ["drops the second term of dx: the way through the squeeze", " + dz[n * channels + c] / pixels", ""],
    ["drops the first term of dx: the scale", "s[n * channels + c] * dy[at] + dz", "dz"],
    ["second term not divided by the pixels", "dz[n * channels + c] / pixels", "dz[n * channels + c]"],
    ["overwrites dx", "dx[at] +=", "dx[at] ="],
    ["ds without x", "sum += dy[at] * x[at]", "sum += dy[at]"],
    ["sigmoid's slope without 1 - s", " * (1 - s[gate])", ""],
    ["passes the ReLU where it was closed", "a[n * hidden + k] > 0 ? dh : 0", "dh"],
    ["w2 transposed", "w2[c * hidden + k] * de", "w2[k * channels + c] * de"],
    ["drops a hidden unit", "for (let k = 0; k < hidden; k++) sum +=", "for (let k = 1; k < hidden; k++) sum +="],
    ["dw2 of z instead of h", "h[n * hidden + k];\n        sumW1", "z[n * channels + c];\n        sumW1"],
    ["overwrites dw1", "dw1[k * channels + c] +=", "dw1[k * channels + c] ="],
    ["db2 of the first image only", "sum += de[n * channels + c];", "sum += de[c];"],
    ["sign of db1", "db1[k] +=", "db1[k] -="]),
];
