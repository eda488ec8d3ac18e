/**
 * Kernels of training are checked before they are used: one that computes something else, of whichever family, is found, and left to the
 * plain kernels.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { FunctionBuilder } from "../../../kernels/wasm/assembler/function-builder.ts";
import type { Func, Local } from "../../../kernels/wasm/assembler/handles.ts";
import { ModuleBuilder } from "../../../kernels/wasm/assembler/module-builder.ts";
import { lower } from "../../../src/nn/lower.ts";
import { atOnce } from "../../../src/session/backends/making.ts";
import { exactArithmetic } from "../../../src/session/backends/numerics.ts";
import { WasmExecutor } from "../../../src/session/backends/wasm/executor.ts";
import { trainingCheck } from "../../../src/session/training/checks/verify.ts";
import type { TrainingCheck } from "../../../src/session/training/checks/verify.ts";
import { compileTrainingSync } from "../../../src/session/training/training-session.ts";
import { drawLabels, draw } from "../../support/random.ts";
import { Random } from "../../../kernels/random.ts";
import { everything, input } from "./everything.ts";
import { dropFrom } from "./reference.ts";

/** What kernels of one sort have in common: their name without sizes. */
function familyOf(name: string): string {
  const words = name.split("_");
  const end = words.findIndex((word, i) => i > 0 && /\d/.test(word) && !/^(f32|f64|x32)$/.test(word));
  // Where the host fuses products and sums, a kernel that does says so.
  return words.slice(0, end < 0 ? words.length : end).filter((word) => word !== "fma").join("_");
}

type Body = (f: FunctionBuilder, params: Readonly<Record<string, Local<"i32">>>) => void;
type Define = (this: ModuleBuilder, func: Func, body: Body) => void;
const define = ModuleBuilder.prototype.define as unknown as Define;

/** Families that have been emitted. */
const seen = new Set<string>();

/** While `work` runs, kernels of a family change the first number of what they have computed by a hundredth. */
function withWrong<T>(family: string | undefined, work: () => T): T {
  const wrong: Define = function (func, body) {
    const names = Object.keys(func.params);
    // Functions within kernels have no parts.
    if (!names.includes("end") && !names.includes("rowEnd")) return define.call(this, func, body);
    seen.add(familyOf(func.name));
    if (familyOf(func.name) !== family) return define.call(this, func, body);
    define.call(this, func, (f, params) => {
      const output = f.local.i32("output");
      f.local.get(params[names.includes("rowEnd") ? "y" : names[0]]);
      f.local.set(output);
      body(f, params);
      // Of a double too, in its upper half.
      for (const at of [0, 4]) {
        f.local.get(output);
        f.local.get(output);
        f.f32.load(at);
        f.f32.const(1.01);
        f.f32.mul();
        f.f32.const(0.01);
        f.f32.add();
        f.f32.store(at);
      }
    });
  };
  Reflect.set(ModuleBuilder.prototype, "define", wrong);
  try {
    return work();
  } finally {
    Reflect.set(ModuleBuilder.prototype, "define", define);
  }
}

const graph = lower(everything(), input, true);
const checks: readonly TrainingCheck[] = [{ method: "sgd" }, { method: "adamw" }, { method: "sgd", nesterov: true }].map(
  (optimiser) => trainingCheck(graph, { optimiser: optimiser as { method: "sgd" }, clip: 0.1, average: 0.9 }));

/** What a check finds, with the kernels of a family wrong. */
function found({ labels, run }: TrainingCheck, family?: string): string[] {
  return withWrong(family, () => {
    const host = new WasmExecutor({
      arithmetic: exactArithmetic, threads: 1, pool: undefined, refused: new Set(),
      compile: (emit) => new WebAssembly!.Module(emit().toBytes()),
    });
    try {
      return [...atOnce(run(labels, host)).keys()];
    } finally {
      host.release();
    }
  });
}

test("right kernels pass", () => {
  for (const check of checks) assert.equal(found(check), []);
  assert.ok(seen.size > 50, `${seen.size} families`);
});

/** Families whose errors show as other kinds' too; by name, what is among those refused. */
const kindOf: readonly (readonly [RegExp, string])[] = [
  [/conv_data|conv_filter|dwconv_(data|filter)/, "conv2d"], [/batch_norm/, "batch_norm"], [/cross_entropy/, "loss"],
  [/slice_gradient_add/, "sums"], [/sgd/, "sgd"],
  [/adamw/, "adamw"], [/average$|zero/, "averages"], [/squares|clip_scale/, "clipping"], [/dropout/, "dropout"],
  [/maxpool_gradient/, "max_pool"],
  [/f32_avgpool_gradient/, "average_pool"], [/adaptive/, "adaptive_average_pool"], [/shuffle/, "channel_shuffle"], [/concat/, "concat"],
  [/gate_gradient|scale_gradient/, "scale"],
  [/global_mean/, "global_pool"], [/nearest_gradient/, "resize"], [/bilinear_gradient/, "resize"], [/vunary/, "activation"],
  [/linear/, "linear"],
];

test("wrong kernels do not, of whichever family", () => {
  // The border is cleared before the image is written, whose first pixel is told.
  for (const family of [...seen].filter((name) => !name.includes("clear_halo"))) {
    const wrong = new Set(checks.filter((_, i) => i === 0 || /sgd|adamw/.test(family)).flatMap((check) => found(check, family)));
    assert.ok(wrong.size > 0, `${family} is wrong, and passes`);
    for (const [names, kind] of kindOf) if (names.test(family)) assert.ok(wrong.has(`training ${kind}`), `${family}: ${[...wrong].join()}`);
  }
});

test("a session does not use what its check finds wrong, and says so", () => {
  const train = (family?: string): {
    readonly loss: number;
    readonly kernels: string;
    readonly plan: string;
    readonly weight: readonly number[];
  } => withWrong(family, () => {
    const model = everything();
    dropFrom(model, new Random(3));
    // Not yet checked in this process, and after it found wrong there.
    const session = compileTrainingSync(
      model, { input, optimiser: { method: "sgd" }, numerics: family === undefined ? "exact" : "fast", threads: 1 },
    );
    const loss = session.trainStep(draw(input), drawLabels(3, 5, new Random(1)), 0.1);
    const { kernels, plan } = session;
    session.pull();
    session.close();
    return { loss, kernels, plan, weight: Array.from(model.namedParameters().get("step1.weight")!.value.data) };
  });
  const [right, wrong] = [train(), train("f32_conv_filter")];
  assert.not.match(right.kernels, /plain/);
  assert.match(wrong.kernels, /; plain for training conv2d: its kernels failed their check, off by \S+/);
  assert.match(right.plan, /f32_conv_filter/);
  assert.match(wrong.plan, /conv2d gradient +plain, between conversions/);
  assert.ok(Math.abs(wrong.loss - right.loss) < 1e-4 * right.loss);
  wrong.weight.forEach((value, i) => assert.ok(Math.abs(value - right.weight[i]) < 1e-4, `weight ${i}: ${value}, ${right.weight[i]}`));
});

test.run();
