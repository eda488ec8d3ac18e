/** `weights: "f16"` and `"int8"`: ordinary sessions whose weights are rounded, each output channel by its own scale, and nothing else. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../../kernels/random.ts";
import { createModel } from "../../../models/index.ts";
import { packSmall, smallBytes } from "../../../kernels/wasm/convolution/small/panels.ts";
import { Conv2d } from "../../../src/nn/layers/conv.ts";
import { Linear } from "../../../src/nn/layers/linear.ts";
import { Composite } from "../../../src/nn/module.ts";
import type { Module } from "../../../src/nn/module.ts";
import { compile, compileSync } from "../../../src/session/session.ts";
import { Tensor } from "../../../src/tensor.ts";
import { agree, bits } from "../../support/compare.ts";
import { draw, stir } from "../../support/random.ts";
import { saying } from "../../support/errors.ts";

class Only extends Composite {
  readonly only: Module;
  readonly body: Module;
  constructor(only: Module) {
    super();
    this.only = only;
    this.body = only;
  }
}

/** What a channel's weight becomes. */
function rounded(weight: number, largest: number, format: "f16" | "int8"): number {
  if (format === "int8") {
    const scale = Math.fround(largest / 127);
    return Math.fround(Math.round(weight / scale) * scale);
  }
  if (Math.abs(weight) < largest * 2 ** -30) return 0;
  // 11 bits.
  const step = 2 ** (Math.floor(Math.log2(Math.abs(weight))) - 10);
  const [down, rest] = [Math.floor(weight / step), weight / step - Math.floor(weight / step)];
  return step * (rest > 0.5 || (rest === 0.5 && down % 2 !== 0) ? down + 1 : down);
}

/** The same layer with rounded weights. */
function roundWeights(model: Module, format: "f16" | "int8"): void {
  for (const [name, { value }] of model.namedParameters()) {
    if (!name.endsWith("weight")) continue;
    const row = value.size / value.shape[0];
    for (let o = 0; o < value.shape[0]; o++) {
      const channel = value.data.subarray(o * row, (o + 1) * row);
      const largest = Math.max(...Array.from(channel, Math.abs));
      for (let i = 0; i < row; i++) channel[i] = rounded(channel[i], largest, format);
    }
  }
}

const layers: readonly (readonly [string, () => Module, readonly number[]])[] = [
  ["1x1, a narrow last panel", () => new Conv2d(131, 37, { kernel: 1 }), [2, 131, 5, 3]],
  ["3x3 with stride, odd terms", () => new Conv2d(17, 35, { kernel: 3, stride: 2, padding: 1, bias: true }), [1, 17, 9, 11]],
  ["1x1, many panels", () => new Conv2d(512, 300, { kernel: 1 }), [1, 512, 3, 2]],
  ["linear", () => new Linear(403, 29), [5, 403]],
];

for (const format of ["f16", "int8"] as const) {
  for (const [name, make, shape] of layers) {
    test(`${format}, ${name}: the session of rounded weights, on two threads as well`, async () => {
      const model = new Only(make()).initialise(new Random(3));
      const x = draw(shape, new Random(4));
      const session = await compile(model, { input: shape, weights: format, numerics: "exact", threads: 2 });
      assert.match(session.plan, new RegExp(`${format}_f32_`));
      const y = session.run(x);
      assert.equal(bits(compileSync(model, { input: shape, weights: format, numerics: "exact", threads: 1 }).run(x)), bits(y));
      roundWeights(model, format);
      agree(y, compileSync(model, { input: shape, numerics: "exact" }).run(x), 2e-6, name);
      session.refresh();
      agree(session.run(x), y, 2e-6, "weights that were rounded before");
      session.close();
    });
  }

  test(`${format}: whole networks keep their answers, also in fast`, () => {
    for (const [name, options, input] of [
      ["se_resnet20", { width: 32, blocks: [1, 1, 1] }, [2, 3, 32, 32]], ["mobilenet_v3_small", { classes: 10 }, [1, 3, 64, 64]],
    ] as const) {
      const model = stir(createModel(name, options, 1)).evaluate();
      const x = draw(input);
      const small = compileSync(model, { input, weights: format });
      agree(small.run(x), compileSync(model, { input }).run(x), format === "f16" ? 2e-3 : 0.1, name);
      assert.match(small.plan, new RegExp(`${format}_f32_conv`));
      // Where there is no WebAssembly weights are as they are.
      const plain = compileSync(model, { input, weights: format, kernels: "plain" });
      assert.equal(bits(plain.run(x)), bits(compileSync(model, { input, kernels: "plain" }).run(x)));
    }
  });
}

test("halves hold weights of any size that networks have, to 11 bits; what they cannot hold is said", () => {
  const widths = { full: 0, restColumns: 4, terms: 3 };
  const bytes = new Uint8Array(smallBytes("f16", widths));
  const pack = (...column: readonly number[]): void => {
    const panels = new Float32Array(16);
    column.forEach((weight, i) => (panels[4 * (i + 1)] = weight));
    packSmall(bytes, panels, "f16", widths);
  };
  pack(1e-30, 1e9, -3);
  pack(0, 0, 0);
  assert.throws(() => pack(2e9, 0, 0), saying("compile: weights f16 hold none from 1073741824, got 2000000000"));
});

test("what makes no sense is said", () => {
  const model = new Only(new Conv2d(4, 4, { kernel: 1 }));
  const input = [1, 4, 2, 2];
  assert.throws(() => compileSync(model, { input, weights: "int4" as never }), saying('compile: weights wants one of "f16", "int8", got'));
  const both = { input, weights: "int8", module: new Uint8Array(8) } as const;
  assert.throws(() => compileSync(model, both), saying("weights wants kernels of its own"));
  const few = new Tensor(new Float32Array(16), input);
  assert.equal(bits(compileSync(model, { input, weights: "int8" }).run(few)), bits(compileSync(model, { input }).run(few)));
});

test.run();
