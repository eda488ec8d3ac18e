/** Chapter 6: the whole block backward. Both terms of dx, derived beside the lines, checked by moving one number at a time. */
import { squeezeExciteBackward, squeezeExciteForward } from "../../kernels/reference/squeeze-excite.ts";
import { Random } from "../../kernels/random.ts";
import { differences } from "../shared/differences.ts";
import { chapter, claim, distance, numbers, say, table } from "../shared/page.ts";

chapter(6, "The whole block backward");

say(`Somebody behind the block computes a loss L from its output y, and tells us dy: how L changes with each number of y. We owe the same
about everything we used: dx, and the gradients of W1, b1, W2, b2. There is one rule, used again and again: if a number is used in several
places, what comes back from all of them is added up.`);

const [C, K, P] = [3, 2, 4];   // channels, hidden numbers, pixels
const shape = { batch: 1, channels: C, hidden: K, height: 2, width: 2 };
const random = new Random(6);
const draw = (size: number): Float64Array => Float64Array.from({ length: size }, () => random.normal());
const [x, w1, b1, w2, b2, dy] = [C * P, K * C, K, C * K, C, C * P].map(draw);
const [y, z, a, h, e, s] = [C * P, C, K, K, C, C].map((size) => new Float64Array(size));
squeezeExciteForward(y, z, a, h, e, s, x, w1, b1, w2, b2, shape);
numbers("x, a channel a line", x, C, P);
numbers("the gates s", s, 1, C);
numbers("dy, what comes back", dy, C, P);

say("We walk from the end to the beginning. Forward the last step was");
console.log("\n      y[c,p] = s[c] * x[c,p]");
say("One gate serves all pixels of its channel, so all of them report to it:");
console.log("\n      ds[c] = sum over p of dy[c,p] * x[c,p]");
const ds = new Float64Array(C);
for (let c = 0; c < C; c++) {
  for (let p = 0; p < P; p++) ds[c] += dy[c * P + p] * x[c * P + p];
}
say("and x, being multiplied by s, gets its FIRST term:");
console.log("\n      direct[c,p] = s[c] * dy[c,p]");
const direct = new Float64Array(C * P);
for (let c = 0; c < C; c++) {
  for (let p = 0; p < P; p++) direct[c * P + p] = s[c] * dy[c * P + p];
}

say(
  "Before it, s = sigmoid(e). The sigmoid's slope is s (1 - s): largest, 1/4, where the gate is undecided, nearly nothing where it is " +
  "open or shut.",
);
console.log("\n      de[c] = ds[c] * s[c] * (1 - s[c])");
const de = ds.map((value, c) => value * s[c] * (1 - s[c]));

say(
  "Before it, e[c] = b2[c] + sum over k of W2[c,k] h[k]. So each weight hears its output's gradient times its input, and h[k] hears all " +
  "it fed:",
);
console.log("\n      dW2[c,k] = de[c] * h[k]     db2[c] = de[c]     dh[k] = sum over c of W2[c,k] * de[c]");
const dw2 = new Float64Array(C * K);
const dh = new Float64Array(K);
for (let c = 0; c < C; c++) {
  for (let k = 0; k < K; k++) {
    dw2[c * K + k] = de[c] * h[k];
    dh[k] += w2[c * K + k] * de[c];
  }
}

say("Before it, h = relu(a): what was cut off hears nothing.");
console.log("\n      da[k] = dh[k] where a[k] > 0, else 0");
const da = dh.map((value, k) => (a[k] > 0 ? value : 0));

say("Before it, a[k] = b1[k] + sum over c of W1[k,c] z[c], a linear layer again:");
console.log("\n      dW1[k,c] = da[k] * z[c]     db1[k] = da[k]     dz[c] = sum over k of W1[k,c] * da[k]");
const dw1 = new Float64Array(K * C);
const dz = new Float64Array(C);
for (let k = 0; k < K; k++) {
  for (let c = 0; c < C; c++) {
    dw1[k * C + c] = da[k] * z[c];
    dz[c] += w1[k * C + c] * da[k];
  }
}

say("And first of all, z[c] was the mean of x[c,p]. Every pixel has the same say in it, and that is the SECOND term of dx:");
console.log("\n      through the gates[c,p] = dz[c] / P");
const throughGates = Float64Array.from({ length: C * P }, (_, i) => dz[Math.floor(i / P)] / P);

say("x was used twice, once to be scaled, once to be squeezed. So dx is the sum of both:");
console.log("\n      dx[c,p] = s[c] * dy[c,p] + dz[c] / P");
const dx = direct.map((value, i) => value + throughGates[i]);

say(`Is it true? Choose L = sum of dy * y, whose gradient by y is just dy. Move every number of x, W1, b1, W2 and b2 a little up and down,
run the forward pass, and look how L moves. No derivation is needed for that, only patience.`);
const loss = (): number => {
  squeezeExciteForward(y, z, a, h, e, s, x, w1, b1, w2, b2, shape);
  return y.reduce((sum, value, i) => sum + value * dy[i], 0);
};
const measured = {
  dx: differences(x, loss), dw1: differences(w1, loss), db1: differences(b1, loss), dw2: differences(w2, loss), db2: differences(b2, loss),
};
loss();   // the values on the way, as they were
numbers("dx by the rules above", dx, C, P, 4);
numbers("dx by moving numbers", measured.dx, C, P, 4);
claim("all five gradients agree with what was measured",
  distance(dx, measured.dx) < 1e-8 && distance(dw1, measured.dw1) < 1e-8 && distance(da, measured.db1) < 1e-8 &&
  distance(dw2, measured.dw2) < 1e-8 && distance(de, measured.db2) < 1e-8);

say(`The second term is the one that people forget. Nothing breaks loudly when it is missing: shapes fit, the loss falls, the network
learns, only worse. This is how wrong it is here:`);
numbers("first term", direct, C, P, 4);
numbers("second term", throughGates, C, P, 4);
const wrong = distance(direct, measured.dx) / Math.max(...measured.dx.map(Math.abs));
table(
  ["dx", "largest error, as a part of the largest gradient"],
  [
    ["both terms", (distance(dx, measured.dx) / Math.max(...measured.dx.map(Math.abs))).toExponential(0)],
    ["first term only", wrong.toFixed(3)],
  ],
);
claim("without its second term dx is plainly wrong", wrong > 0.01);

say(`The library's kernel does the same for whole batches, and adds to gradients instead of overwriting them (a parameter's gradient is a
sum over pictures; a network with two losses adds there, too):`);
const kernel = {
  dx: new Float64Array(C * P).fill(1), dw1: new Float64Array(K * C), db1: new Float64Array(K), dw2: new Float64Array(C * K),
  db2: new Float64Array(C),
};
squeezeExciteBackward(
  kernel.dx, kernel.dw1, kernel.db1, kernel.dw2, kernel.db2, new Float64Array(C), new Float64Array(C), new Float64Array(K),
  new Float64Array(C),
  x, z, a, h, s, w1, w2, dy, shape);
claim("squeezeExciteBackward adds our gradients to what was there",
  distance(kernel.dx, dx.map((value) => 1 + value)) < 1e-12 && distance(kernel.dw1, dw1) < 1e-12 && distance(kernel.db1, da) < 1e-12 &&
  distance(kernel.dw2, dw2) < 1e-12 && distance(kernel.db2, de) < 1e-12);
