/** Pooling, resizing, joining and the loss on numbers small enough to be worked out by hand. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { channelShape, concatShape, crossEntropyShape, pool2dShape, resizeShape, shuffleShape } from "../../../kernels/shapes.ts";
import { holds, literal } from "./literal.ts";

const LN3 = 1.0986122886681098;

literal("global average and max pool", (k, f, zeros) => {
  const s = channelShape(1, 2, 4);
  const x = f(1, 2, 3, 6, 4, 5, 5, 2);
  const y = zeros(2);
  k.globalAveragePoolForward(y, x, s);
  holds(y, 3, 4);
  const dx = zeros(8);
  k.globalAveragePoolBackward(dx, f(8, 4), s);
  holds(dx, 2, 2, 2, 2, 1, 1, 1, 1);

  const argmax = new Int32Array(2);
  k.globalMaxPoolForward(y, argmax, x, s);
  holds(y, 6, 5);
  assert.equal([...argmax], [3, 1]);
  const dmax = zeros(8);
  k.globalMaxPoolBackward(dmax, f(8, 4), argmax, s);
  holds(dmax, 0, 0, 0, 8, 0, 4, 0, 0);
});

literal("adaptive average pool: 5 pixels into 2 windows that share one", (k, f, zeros) => {
  const s = resizeShape(1, 1, 1, 5, 1, 2);
  const y = zeros(2);
  k.adaptiveAveragePoolForward(y, f(1, 2, 3, 4, 5), s);
  holds(y, 2, 4);
  const dx = zeros(5);
  k.adaptiveAveragePoolBackward(dx, f(3, 6), s);
  holds(dx, 1, 1, 3, 2, 2);
});

literal("max pool: overlapping windows, equals, NaN", (k, f, zeros) => {
  const s = pool2dShape(1, 1, 1, 3, { kernel: [1, 2], stride: 1 });
  const y = zeros(2);
  const argmax = new Int32Array(2);
  k.maxPoolForward(y, argmax, f(1, 9, 2), s);
  holds(y, 9, 9);
  assert.equal([...argmax], [1, 1]);
  const dx = f(100, 100, 100);
  k.maxPoolBackward(dx, f(1, 2), argmax, s);
  holds(dx, 100, 103, 100);
  k.maxPoolForward(y, argmax, f(4, 4, 4), s);
  assert.equal([...argmax], [0, 1]);
  k.maxPoolForward(y, argmax, f(NaN, 4, -Infinity), s);
  holds(y, NaN, 4);
  assert.equal([...argmax], [0, 1]);
  k.maxPoolForward(y, argmax, f(-Infinity, -Infinity, NaN), s);
  holds(y, -Infinity, NaN);
  assert.equal([...argmax], [0, 2]);
});

literal("max pool: 3x3 with stride 2 on 4x4, floor, ceil (Caffe) and padded", (k, f, zeros) => {
  const x = f(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const argmax = new Int32Array(4);
  const one = zeros(1);
  k.maxPoolForward(one, argmax, x, pool2dShape(1, 1, 4, 4, { kernel: 3, stride: 2 }));
  holds(one, 10);
  const four = zeros(4);
  k.maxPoolForward(four, argmax, x, pool2dShape(1, 1, 4, 4, { kernel: 3, stride: 2, ceilMode: true }));
  holds(four, 10, 11, 14, 15);
  k.maxPoolForward(four, argmax, x, pool2dShape(1, 1, 4, 4, { kernel: 3, stride: 2, padding: 1 }));
  holds(four, 5, 7, 13, 15);
  // Padding never wins, not even over what is below zero.
  k.maxPoolForward(four, argmax, x.map((value) => value - 100), pool2dShape(1, 1, 4, 4, { kernel: 3, stride: 2, padding: 1 }));
  holds(four, -95, -93, -87, -85);
});

literal("average pool: padding counted and not", (k, f, zeros) => {
  const x = f(1, 2, 3, 4);
  const counted = pool2dShape(1, 1, 2, 2, { kernel: 2, stride: 1, padding: 1 });
  const y = zeros(9);
  k.averagePoolForward(y, x, counted);
  holds(y, 0.25, 0.75, 0.5, 1, 2.5, 1.5, 0.75, 1.75, 1);
  const dx = zeros(4);
  k.averagePoolBackward(dx, f(4, 8, 0, 0, 0, 0, 0, 0, 16), counted);
  holds(dx, 1 + 2, 2, 0, 4);
  const inside = { ...counted, countPadding: false };
  k.averagePoolForward(y, x, inside);
  holds(y, 1, 1.5, 2, 2, 2.5, 3, 3, 3.5, 4);
  const dxInside = zeros(4);
  k.averagePoolBackward(dxInside, f(4, 8, 0, 0, 0, 0, 0, 0, 16), inside);
  holds(dxInside, 4 + 4, 4, 0, 16);
});

literal("average pool: windows over the edge in ceil mode", (k, f, zeros) => {
  // Windows at -1, 1 and 3; the last holds one pixel and one padded zero, what is beyond counts for nothing.
  const s = pool2dShape(1, 1, 1, 4, { kernel: [1, 3], stride: [1, 2], padding: [0, 1], ceilMode: true });
  const y = zeros(3);
  k.averagePoolForward(y, f(1, 2, 3, 4), s);
  holds(y, 1, 3, 2);
  const dx = zeros(4);
  k.averagePoolBackward(dx, f(3, 6, 8), s);
  holds(dx, 1, 3, 2, 6);
  k.averagePoolForward(y, f(1, 2, 3, 4), { ...s, countPadding: false });
  holds(y, 1.5, 3, 4);
});

literal("channel scale", (k, f, zeros) => {
  const s = channelShape(1, 2, 2);
  const [x, gate, y] = [f(1, 2, 3, 4), f(10, 0.5), zeros(4)];
  k.channelScaleForward(y, x, gate, s);
  holds(y, 10, 20, 1.5, 2);
  const [dx, dgate] = [zeros(4), f(1, 1)];
  k.channelScaleBackward(dx, dgate, x, gate, f(1, 1, 1, 2), s);
  holds(dx, 10, 10, 0.5, 1);
  holds(dgate, 4, 12);
});

literal("concat of one and two channels, two images", (k, f, zeros) => {
  const s = concatShape(2, [1, 2], 1);
  const y = zeros(6);
  k.concatForward(y, [f(1, 2), f(3, 4, 5, 6)], s);
  holds(y, 1, 3, 4, 2, 5, 6);
  const [da, db] = [f(10, 10), zeros(4)];
  k.concatBackward([da, db], f(1, 2, 3, 4, 5, 6), s);
  holds(da, 11, 14);
  holds(db, 2, 3, 5, 6);
});

literal("channel shuffle: two groups of three", (k, f, zeros) => {
  const s = shuffleShape(1, 6, 1, 2);
  const y = zeros(6);
  k.channelShuffleForward(y, f(0, 1, 2, 3, 4, 5), s);
  holds(y, 0, 3, 1, 4, 2, 5);
  const dx = zeros(6);
  k.channelShuffleBackward(dx, f(0, 1, 2, 3, 4, 5), s);
  holds(dx, 0, 2, 4, 1, 3, 5);
});

literal("nearest: 3 pixels to 5", (k, f, zeros) => {
  const s = resizeShape(1, 1, 1, 3, 1, 5);
  const y = zeros(5);
  k.upsampleNearestForward(y, f(1, 2, 3), s);
  holds(y, 1, 1, 2, 2, 3);
  const dx = zeros(3);
  k.upsampleNearestBackward(dx, f(1, 2, 3, 4, 5), s);
  holds(dx, 3, 7, 5);
});

literal("bilinear: 2 pixels to 4, corners aligned and not; 2x2 to 3x3", (k, f, zeros) => {
  const s = resizeShape(1, 1, 1, 2, 1, 4);
  const y = zeros(4);
  k.upsampleBilinearForward(y, f(0, 4), s);
  holds(y, 0, 1, 3, 4);
  const dx = zeros(2);
  k.upsampleBilinearBackward(dx, f(1, 2, 4, 8), s);
  holds(dx, 1 + 1.5 + 1, 0.5 + 3 + 8);
  const aligned = { ...s, alignCorners: true };
  k.upsampleBilinearForward(y, f(0, 3), aligned);
  holds(y, 0, 1, 2, 3);
  const dxAligned = zeros(2);
  k.upsampleBilinearBackward(dxAligned, f(3, 6, 9, 12), aligned);
  holds(dxAligned, 3 + 4 + 3, 2 + 6 + 12);
  const nine = zeros(9);
  k.upsampleBilinearForward(nine, f(0, 2, 4, 10), resizeShape(1, 1, 2, 2, 3, 3, true));
  holds(nine, 0, 1, 2, 2, 4, 6, 4, 7, 10);
});

literal("softmax and cross-entropy", (k, f, zeros) => {
  // One image, two classes, two pixels: probabilities 1/4 and 3/4 at the first, 1/2 and 1/2 at the second.
  const s = crossEntropyShape(1, 2, 2);
  const logits = f(0, 7, LN3, 7);
  const probabilities = zeros(4);
  k.softmaxForward(probabilities, logits, s);
  holds(probabilities, 0.25, 0.5, 0.75, 0.5);
  probabilities.fill(0);
  const loss = zeros(2);
  const labels = Int32Array.of(0, 1);
  k.crossEntropyForward(loss, probabilities, logits, labels, s);
  holds(probabilities, 0.25, 0.5, 0.75, 0.5);
  holds(loss, 2 * Math.LN2, Math.LN2);
  const dlogits = f(1, 1, 1, 1);
  k.crossEntropyBackward(dlogits, probabilities, labels, 0.5, s);
  holds(dlogits, 0.625, 1.25, 1.375, 0.75);
});

literal("cross-entropy with label smoothing", (k, f, zeros) => {
  // Targets 0.9 and 0.1.
  const s = crossEntropyShape(1, 2, 1, 0.2);
  const [loss, probabilities, dlogits] = [zeros(1), zeros(2), zeros(2)];
  const labels = Int32Array.of(0);
  k.crossEntropyForward(loss, probabilities, f(0, LN3), labels, s);
  holds(loss, 0.9 * 2 * Math.LN2 + 0.1 * (2 * Math.LN2 - LN3));
  k.crossEntropyBackward(dlogits, probabilities, labels, 1, s);
  holds(dlogits, -0.65, 0.65);
});

literal("cross-entropy of shares", (k, f, zeros) => {
  // One image, two classes, two pixels, smoothing 0.2: targets 0.7 and 0.3 at the first, 0.1 and 0.9 at the second.
  const s = crossEntropyShape(1, 2, 2, 0.2);
  const [loss, probabilities, dlogits] = [zeros(2), zeros(4), f(1, 1, 1, 1)];
  const shares = f(0.75, 0.25, 0, 1);
  k.softCrossEntropyForward(loss, probabilities, f(0, 7, LN3, 7), shares, s);
  holds(probabilities, 0.25, 0.5, 0.75, 0.5);
  holds(loss, 2 * Math.LN2 - 0.3 * LN3, Math.LN2);
  k.softCrossEntropyBackward(dlogits, probabilities, shares, 0.5, s);
  holds(dlogits, 0.775, 1.2, 1.225, 0.8);
});

literal("cross-entropy of logits that exp cannot take", (k, f, zeros) => {
  const s = crossEntropyShape(2, 2, 1);
  const [loss, probabilities] = [zeros(2), zeros(4)];
  k.crossEntropyForward(loss, probabilities, f(2000, 0, -Infinity, 3), Int32Array.of(1, 1), s);
  holds(loss, 2000, 0);
  holds(probabilities, 1, 0, 0, 1);
});

test.run();
