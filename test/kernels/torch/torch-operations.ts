/**
 * The operations of test/goldens/layers/torch_layers.json, run with any family of kernels: named inputs in, named outputs and
 * gradients out, under the golden's names.
 */
import type { Kernels } from "../../../kernels/contract.ts";
import { conv2dScratch, convTranspose2dScratch, linearScratch } from "../../../kernels/scratch.ts";
import type { Conv2dOptions, Floats, Pair, Pool2dOptions, Sides } from "../../../kernels/shapes.ts";
import {
  batchNormShape, channelShape, concatShape, conv2dShape, convTranspose2dShape, crossEntropyShape, elementwiseShape, linearShape,
  padShape, partialShape, pool2dShape, resizeShape, shuffleShape,
} from "../../../kernels/shapes.ts";

/** Everything that a case may ask for; an input or option that it has not is undefined, and no kernel gets far with that. */
export interface Call {
  readonly k: Kernels;
  readonly inputs: Readonly<Record<string, Floats>>;
  readonly labels: Int32Array;
  /** Shapes of the inputs. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly options: Readonly<Record<string, unknown>>;
  /** Zeros in the precision of the inputs. */
  readonly make: (size: number) => Floats;
}
type Outputs = Record<string, ArrayLike<number>>;
type Operation = (call: Call) => Outputs;

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
type Image = readonly [number, number, number, number];

function conv({ k, inputs: { x, weight, bias, dy }, shapes, options, make }: Call): Outputs {
  const [n, c, h, w] = shapes["x"];
  const s = conv2dShape(n, c, h, w, shapes["weight"][0], options as unknown as Conv2dOptions);
  const scratch = new Float64Array(conv2dScratch(s));
  const [y, dx, dweight] = [make(dy.length), make(x.length), make(weight.length)];
  k.conv2dForward(y, x, weight, bias ?? null, s, scratch);
  k.conv2dBackwardInput(dx, dy, weight, s, scratch);
  k.conv2dBackwardWeight(dweight, x, dy, s, scratch);
  if (bias === undefined) return { y, dx, dweight };
  const dbias = make(bias.length);
  k.conv2dBackwardBias(dbias, dy, s);
  return { y, dx, dweight, dbias };
}

function convTranspose({ k, inputs: { x, weight, bias, dy }, shapes, options, make }: Call): Outputs {
  const [n, c, h, w] = shapes["x"];
  const s = convTranspose2dShape(n, c, h, w, shapes["dy"][1], options as unknown as Conv2dOptions & { outputPadding: Pair });
  const scratch = new Float64Array(convTranspose2dScratch(s));
  const [y, dx, dweight] = [make(dy.length), make(x.length), make(weight.length)];
  k.convTranspose2dForward(y, x, weight, bias ?? null, s, scratch);
  k.convTranspose2dBackwardInput(dx, dy, weight, s, scratch);
  k.convTranspose2dBackwardWeight(dweight, x, dy, s, scratch);
  if (bias === undefined) return { y, dx, dweight };
  const dbias = make(bias.length);
  k.convTranspose2dBackwardBias(dbias, dy, s);
  return { y, dx, dweight, dbias };
}

/** y, dx, dweight and dbias of a linear layer; `dyOf` makes dy once y is known. */
function throughLinear(k: Kernels, make: Call["make"], x: Floats, weight: Floats, bias: Floats | undefined, batch: number) {
  const s = linearShape(batch, x.length / batch, (weight.length * batch) / x.length);
  const scratch = new Float64Array(linearScratch(s));
  const y = make(batch * s.outFeatures);
  k.linearForward(y, x, weight, bias ?? null, s, scratch);
  return {
    y,
    backward(dy: Floats) {
      const [dx, dweight, dbias] = [make(x.length), make(weight.length), bias && make(bias.length)];
      k.linearBackwardInput(dx, dy, weight, s, scratch);
      k.linearBackwardWeight(dweight, x, dy, s, scratch);
      if (dbias !== undefined) k.linearBackwardBias(dbias, dy, s);
      return { dx, dweight, dbias };
    },
  };
}

function linear({ k, inputs: { x, weight, bias, dy }, shapes, make }: Call): Outputs {
  const layer = throughLinear(k, make, x, weight, bias, shapes["x"][0]);
  const { dx, dweight, dbias } = layer.backward(dy);
  return { y: layer.y, dx, dweight, ...(dbias && { dbias }) };
}

function batchNorm(training: boolean): Operation {
  return ({ k, inputs: { x, gamma, beta, runningMean, runningVariance, dy }, shapes, options, make }) => {
    const [n, c, h, w] = shapes["x"];
    const s = batchNormShape(n, c, h * w, options["epsilon"] as number, options["momentum"] as number);
    const [y, dx, dgamma, dbeta, mean, inverseStd] = [make(x.length), make(x.length), make(c), make(c), make(c), make(c)];
    if (!training) {
      k.batchNormForwardInference(y, x, gamma, beta, runningMean, runningVariance, s);
      k.batchNormBackwardInference(dx, dgamma, dbeta, x, dy, gamma, runningMean, runningVariance, s);
      return { y, dx, dgamma, dbeta };
    }
    k.batchNormForwardTraining(y, mean, inverseStd, runningMean, runningVariance, x, gamma, beta, s);
    k.batchNormBackwardTraining(dx, dgamma, dbeta, x, dy, gamma, mean, inverseStd, s);
    return { y, mean, inverseStd, runningMean, runningVariance, dx, dgamma, dbeta };
  };
}

function activation(name: "relu" | "relu6" | "sigmoid" | "silu" | "hardSwish" | "tanh" | "gelu" | "geluTanh"): Operation {
  return ({ k, inputs: { x, dy }, make }) => {
    const s = elementwiseShape(x.length);
    const [y, dx] = [make(x.length), make(x.length)];
    k[`${name}Forward`](y, x, s);
    k[`${name}Backward`](dx, x, dy, s);
    return { y, dx };
  };
}

function leakyRelu({ k, inputs: { x, dy }, options, make }: Call): Outputs {
  const s = elementwiseShape(x.length);
  const [y, dx] = [make(x.length), make(x.length)];
  k.leakyReluForward(y, x, options["slope"] as number, s);
  k.leakyReluBackward(dx, x, dy, options["slope"] as number, s);
  return { y, dx };
}

function hardSigmoid({ k, inputs: { x, dy }, options, make }: Call): Outputs {
  const s = elementwiseShape(x.length);
  const [y, dx] = [make(x.length), make(x.length)];
  k.hardSigmoidForward(y, x, options["slope"] as number, options["offset"] as number, s);
  k.hardSigmoidBackward(dx, x, dy, options["slope"] as number, options["offset"] as number, s);
  return { y, dx };
}

function maxPool({ k, inputs: { x, dy }, shapes, options, make }: Call): Outputs {
  const s = pool2dShape(...(shapes["x"] as Image), options as unknown as Pool2dOptions);
  const [y, dx, argmax] = [make(dy.length), make(x.length), new Int32Array(dy.length)];
  k.maxPoolForward(y, argmax, x, s);
  k.maxPoolBackward(dx, dy, argmax, s);
  return { y, argmax, dx };
}

function averagePool({ k, inputs: { x, dy }, shapes, options, make }: Call): Outputs {
  const s = pool2dShape(...(shapes["x"] as Image), options as unknown as Pool2dOptions);
  const [y, dx] = [make(dy.length), make(x.length)];
  k.averagePoolForward(y, x, s);
  k.averagePoolBackward(dx, dy, s);
  return { y, dx };
}

function globalAveragePool({ k, inputs: { x, dy }, shapes, make }: Call): Outputs {
  const s = channelShape(shapes["x"][0], shapes["x"][1], product(shapes["x"].slice(2)));
  const [y, dx] = [make(dy.length), make(x.length)];
  k.globalAveragePoolForward(y, x, s);
  k.globalAveragePoolBackward(dx, dy, s);
  return { y, dx };
}

function globalMaxPool({ k, inputs: { x, dy }, shapes, make }: Call): Outputs {
  const s = channelShape(shapes["x"][0], shapes["x"][1], product(shapes["x"].slice(2)));
  const [y, dx, argmax] = [make(dy.length), make(x.length), new Int32Array(dy.length)];
  k.globalMaxPoolForward(y, argmax, x, s);
  k.globalMaxPoolBackward(dx, dy, argmax, s);
  return { y, argmax, dx };
}

function channelMean({ k, inputs: { x, dy }, shapes, make }: Call): Outputs {
  const s = channelShape(shapes["x"][0], shapes["x"][1], product(shapes["x"].slice(2)));
  const [y, dx] = [make(dy.length), make(x.length)];
  k.channelMeanForward(y, x, s);
  k.channelMeanBackward(dx, dy, s);
  return { y, dx };
}

function channelMax({ k, inputs: { x, dy }, shapes, make }: Call): Outputs {
  const s = channelShape(shapes["x"][0], shapes["x"][1], product(shapes["x"].slice(2)));
  const [y, dx, argmax] = [make(dy.length), make(x.length), new Int32Array(dy.length)];
  k.channelMaxForward(y, argmax, x, s);
  k.channelMaxBackward(dx, dy, argmax, s);
  return { y, argmax, dx };
}

function resize(name: "adaptiveAveragePool" | "upsampleNearest" | "upsampleBilinear"): Operation {
  return ({ k, inputs: { x, dy }, shapes, options, make }) => {
    const s = resizeShape(
      ...(shapes["x"] as Image), options["outHeight"] as number, options["outWidth"] as number, options["alignCorners"] === true,
    );
    const [y, dx] = [make(dy.length), make(x.length)];
    k[`${name}Forward`](y, x, s);
    k[`${name}Backward`](dx, dy, s);
    return { y, dx };
  };
}

function add({ k, inputs: { a, b, dy }, make }: Call): Outputs {
  const s = elementwiseShape(a.length);
  const [y, da, db] = [make(a.length), make(a.length), make(b.length)];
  k.addForward(y, a, b, s);
  k.addBackward(da, dy, s);
  k.addBackward(db, dy, s);
  return { y, da, db };
}

function channelScale({ k, inputs: { x, gate, dy }, shapes, make }: Call): Outputs {
  const s = channelShape(shapes["x"][0], shapes["x"][1], product(shapes["x"].slice(2)));
  const [y, dx, dgate] = [make(x.length), make(x.length), make(gate.length)];
  k.channelScaleForward(y, x, gate, s);
  k.channelScaleBackward(dx, dgate, x, gate, dy, s);
  return { y, dx, dgate };
}

function pixelScale({ k, inputs: { x, gate, dy }, shapes, make }: Call): Outputs {
  const s = channelShape(shapes["x"][0], shapes["x"][1], product(shapes["x"].slice(2)));
  const [y, dx, dgate] = [make(x.length), make(x.length), make(gate.length)];
  k.pixelScaleForward(y, x, gate, s);
  k.pixelScaleBackward(dx, dgate, x, gate, dy, s);
  return { y, dx, dgate };
}

function concat({ k, inputs: { a, b, c, dy }, shapes, make }: Call): Outputs {
  const s = concatShape(shapes["a"][0], [shapes["a"][1], shapes["b"][1], shapes["c"][1]], product(shapes["a"].slice(2)));
  const [y, da, db, dc] = [make(dy.length), make(a.length), make(b.length), make(c.length)];
  k.concatForward(y, [a, b, c], s);
  k.concatBackward([da, db, dc], dy, s);
  return { y, da, db, dc };
}

function channelShuffle({ k, inputs: { x, dy }, shapes, options, make }: Call): Outputs {
  const s = shuffleShape(shapes["x"][0], shapes["x"][1], product(shapes["x"].slice(2)), options["groups"] as number);
  const [y, dx] = [make(x.length), make(x.length)];
  k.channelShuffleForward(y, x, s);
  k.channelShuffleBackward(dx, dy, s);
  return { y, dx };
}

function dropout({ k, inputs: { x, mask, dy }, make }: Call): Outputs {
  const s = elementwiseShape(x.length);
  const [y, dx] = [make(x.length), make(x.length)];
  k.dropoutForward(y, x, mask, s);
  k.dropoutBackward(dx, dy, mask, s);
  return { y, dx };
}

/** The golden's gradient is that of the mean loss. */
function crossEntropy({ k, inputs: { logits }, labels, shapes, options, make }: Call): Outputs {
  const s = crossEntropyShape(shapes["logits"][0], shapes["logits"][1], product(shapes["logits"].slice(2)), options["smoothing"] as number);
  const [probabilities, loss, dlogits] = [make(logits.length), make(labels.length), make(logits.length)];
  k.softmaxForward(probabilities, logits, s);
  k.crossEntropyForward(loss, probabilities, logits, labels, s);
  k.crossEntropyBackward(dlogits, probabilities, labels, 1 / labels.length, s);
  return { probabilities, loss, dlogits };
}

function softCrossEntropy({ k, inputs: { logits, shares }, shapes, options, make }: Call): Outputs {
  const s = crossEntropyShape(shapes["logits"][0], shapes["logits"][1], product(shapes["logits"].slice(2)), options["smoothing"] as number);
  const [probabilities, loss, dlogits] = [make(logits.length), make(s.batch * s.pixels), make(logits.length)];
  k.softCrossEntropyForward(loss, probabilities, logits, shares, s);
  k.softCrossEntropyBackward(dlogits, probabilities, shares, 1 / loss.length, s);
  return { probabilities, loss, dlogits };
}

/** Composed as networks compose it: squeeze, two linear maps, scale; and back, where dx collects both of its terms. */
function squeezeExcite({ k, inputs: { x, w1, b1, w2, b2, dy }, shapes, make }: Call): Outputs {
  const [n, c, h, w] = shapes["x"];
  const s = channelShape(n, c, h * w);
  const z = make(n * c);
  k.globalAveragePoolForward(z, x, s);
  const first = throughLinear(k, make, z, w1, b1, n);
  const hidden = make(first.y.length);
  k.reluForward(hidden, first.y, elementwiseShape(hidden.length));
  const second = throughLinear(k, make, hidden, w2, b2, n);
  const gates = make(n * c);
  k.sigmoidForward(gates, second.y, elementwiseShape(gates.length));
  const y = make(x.length);
  k.channelScaleForward(y, x, gates, s);

  const [dx, dgates, de, da] = [make(x.length), make(n * c), make(n * c), make(hidden.length)];
  k.channelScaleBackward(dx, dgates, x, gates, dy, s);
  k.sigmoidBackward(de, second.y, dgates, elementwiseShape(de.length));
  const bySecond = second.backward(de);
  k.reluBackward(da, first.y, bySecond.dx, elementwiseShape(da.length));
  const byFirst = first.backward(da);
  k.globalAveragePoolBackward(dx, byFirst.dx, s);
  return {
    y, gates, dx, dw1: byFirst.dweight, dw2: bySecond.dweight,
    ...(byFirst.dbias && { db1: byFirst.dbias }), ...(bySecond.dbias && { db2: bySecond.dbias }),
  };
}

function maxPoolPadded(call: Call): Outputs {
  const { y, dx } = maxPool(call);
  return { y, dx };
}

function prelu({ k, inputs: { x, weight, dy }, shapes, make }: Call): Outputs {
  const [n, c, h, w] = shapes["x"];
  const s = channelShape(n, c, h * w);
  const [y, dx, dweight] = [make(x.length), make(x.length), make(c)];
  k.preluForward(y, x, weight, s);
  k.preluBackward(dx, dweight, x, dy, weight, s);
  return { y, dx, dweight };
}

function l2Normalise({ k, inputs: { x, dy }, shapes, make }: Call): Outputs {
  const [n, c] = shapes["x"];
  const s = channelShape(n, c, 1);
  const [y, dx] = [make(x.length), make(x.length)];
  k.l2NormaliseForward(y, x, s);
  k.l2NormaliseBackward(dx, x, dy, s);
  return { y, dx };
}

/** PyTorch's names of the modes. */
const padModes = { constant: "constant", reflect: "reflect", replicate: "edge", circular: "wrap" } as const;

function pad({ k, inputs: { x, dy }, shapes, options, make }: Call): Outputs {
  const [n, c, h, w] = shapes["x"];
  const s = padShape(n * c, h, w, options["sides"] as Sides, padModes[options["mode"] as keyof typeof padModes]);
  const [y, dx] = [make(dy.length), make(x.length)];
  k.padForward(y, x, s);
  k.padBackward(dx, dy, s);
  return { y, dx };
}

function partialAdd({ k, inputs: { a, b, dy }, shapes, make }: Call): Outputs {
  const [n, c, h, w] = shapes["a"];
  const s = partialShape(n, c, shapes["b"][1], h * w);
  const [y, da, db] = [make(a.length), make(a.length), make(b.length)];
  k.partialAddForward(y, a, b, s);
  k.partialAddBackward(da, db, dy, s);
  return { y, da, db };
}

export const operations: Readonly<Record<string, Operation>> = {
  conv2d: conv, convTranspose2d: convTranspose, linear, batchNormTraining: batchNorm(true), batchNormInference: batchNorm(false),
  relu: activation("relu"), relu6: activation("relu6"), leakyRelu, sigmoid: activation("sigmoid"), hardSigmoid, silu: activation("silu"),
  hardSwish: activation("hardSwish"), tanh: activation("tanh"), globalAveragePool, globalMaxPool,
  adaptiveAveragePool: resize("adaptiveAveragePool"),
  maxPool, averagePool, add, channelScale, concat, channelShuffle, upsampleNearest: resize("upsampleNearest"),
  upsampleBilinear: resize("upsampleBilinear"), dropout, crossEntropy, softCrossEntropy, squeezeExcite, channelMean, channelMax, pixelScale,
  gelu: activation("gelu"), geluTanh: activation("geluTanh"), prelu, pad, partialAdd, maxPoolPadded, l2Normalise,
};
