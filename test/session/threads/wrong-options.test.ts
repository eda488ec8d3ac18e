/** Options of sessions, misspelt or of the wrong kind, are told with what was wanted and what came; arrays of another realm are arrays. */
import { runInNewContext } from "node:vm";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { emitModule } from "../../../src/session/backends/wasm/modules/emit.ts";
import { compile, compileSync } from "../../../src/session/session.ts";
import { compileTrainingSync } from "../../../src/session/training/training-session.ts";
import { bits } from "../../support/compare.ts";
import { draw } from "../../support/random.ts";
import { smallResNet } from "../networks.ts";

const model = smallResNet();
const input = [1, 3, 16, 16];
const x = draw(input);
const session = compileSync(model, { input, threads: 1 });

const compiling: readonly (readonly [options: object, message: string])[] = [
  [{ input: [1, 3, NaN, 32] }, "RangeError: compile: input wants whole numbers of at least 1, got [1,3,NaN,32]"],
  [{ input: { input: [1, 3, Infinity, 32] } }, "RangeError: compile: input wants whole numbers of at least 1, got [1,3,Infinity,32]"],
  [{ input: [1, 3, "a", 32] }, 'TypeError: compile: input wants whole numbers of at least 1, got [1,3,"a",32]'],
  [{ input: { input: [1, 3, [32], {}] } }, "TypeError: compile: input wants whole numbers of at least 1, got [1,3,[...],Object]"],
  [{ input: [1, 3, 0, 32] }, "RangeError: compile: input wants whole numbers of at least 1, got [1,3,0,32]"],
  [{ input: [1, 3, 1.5, -32] }, "RangeError: compile: input wants whole numbers of at least 1, got [1,3,1.5,-32]"],
  [{ input: { inptu: input } }, 'RangeError: compile: input names "inptu", which is no input of this network (did you mean "input"?)'],
  [{ input: {} }, 'TypeError: compile: input wants a shape for "input", such as [1,3,224,224], got undefined'],
  [{ input, pace: "no" }, 'TypeError: compile: pace wants true or false, got "no"'],
  [{ input, observe: "fc" }, 'TypeError: compile: observe wants a list of names, got "fc"'],
  [{ input, override: null }, "TypeError: compile: override wants a list of names, got null"],
];

const running: readonly (readonly [options: unknown, message: string])[] = [
  [{ imto: new Float32Array(10) }, 'RangeError: session.run: "imto" is no option; into is the only one'],
  [{ into: { outptu: new Float32Array(10) } }, 'RangeError: session.run: into names "outptu", which is no output (did you mean "output"?)'],
  [{ into: new Float64Array(10) }, "TypeError: session.run: into wants a Float32Array, got Float64Array(10)"],
  [{ into: null }, "TypeError: session.run: into wants a Float32Array, got null"],
  [{ into: 5 }, "TypeError: session.run: into wants a Float32Array, got 5"],
  [5, "TypeError: session.run: options wants { into }, got 5"],
  [true, "TypeError: session.run: options wants { into }, got true"],
  ["into", 'TypeError: session.run: options wants { into }, got "into"'],
];

const training: readonly (readonly [options: object, message: string])[] = [
  [{ pace: 1 }, "TypeError: compile: pace wants true or false, got 1"],
  [{ input: [1, 3, "a", 32] }, 'RangeError: compile: input wants a shape [batch,channels,height,width], got [1,3,"a",32]'],
  [{ frozen: "layer1" }, 'TypeError: compile: frozen wants a list of names, got "layer1"'],
  [{ groups: {} }, "TypeError: compile: groups wants a list of groups, got Object"],
  [{ groups: [{ names: "fc" }] }, 'TypeError: compile: groups: names wants a list of names, got "fc"'],
  [{ clip: "5" }, 'RangeError: compile: clip wants a number above 0, got "5"'],
  [{ smoothing: "0.1" }, 'RangeError: compile: smoothing wants a number of at least 0 and below 1, got "0.1"'],
  [{ learningRate: "0.1" }, 'RangeError: compile: learningRate wants a number of at least 0, got "0.1"'],
  [{ optimiser: { method: "adamw", betas: [0.9] } }, "TypeError: compile: betas wants two numbers, got [0.9]"],
  [{ optimiser: { method: "sgd", nesterov: "no" } }, 'TypeError: compile: nesterov wants true or false, got "no"'],
  [{ optimiser: { method: "sgd", decays: 5 } }, "TypeError: compile: decays wants a function of a name and a shape, got 5"],
];

const emitting: readonly (readonly [options: object, message: string])[] = [
  [{ inptu: input }, 'RangeError: emitModule: unknown option "inptu" (did you mean "input"?)'],
  [{ input, pace: "no" }, 'TypeError: emitModule: pace wants true or false, got "no"'],
  [{ input, relaxedSimd: "no" }, 'TypeError: emitModule: relaxedSimd wants true or false, got "no"'],
];

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return String(error);
  }
  return "nothing was refused";
}

test("compile, compileSync, compileTraining, emitModule", async () => {
  for (const [options, message] of compiling) {
    assert.is(refusal(() => compileSync(model, options)), message);
    assert.is(await compile(model, options).then(() => "nothing was refused", String), message);
  }
  for (const [options, message] of training) {
    assert.is(refusal(() => compileTrainingSync(model, { input, optimiser: { method: "sgd" }, ...options })), message);
  }
  for (const [options, message] of emitting) assert.is(refusal(() => emitModule(model, options)), message);
});

test("run and runAsync", async () => {
  for (const [options, message] of running) {
    assert.is(refusal(() => session.run(x, options as object)), message);
    const later = await session.runAsync(x, options as object).then(() => "nothing was refused", String);
    assert.is(later, message.replace("session.run", "session.runAsync"));
  }
});

test("methods of training sessions", () => {
  const trainer = compileTrainingSync(model, { input: [2, 3, 16, 16], optimiser: { method: "sgd" }, threads: 1 });
  const batch = draw([2, 3, 16, 16]);
  for (const rate of ["0.1", null, NaN, -1]) {
    const refused = refusal(() => trainer.trainStep(batch, new Int32Array(2), rate as number));
    assert.match(refused, /^RangeError: session\.trainStep: rate wants a number/);
  }
  assert.match(refusal(() => trainer.pull({ avreage: true } as object)), /unknown option "avreage" \(did you mean "average"\?\)/);
  const refused = refusal(() => trainer.loadOptimiserState({} as Map<string, never>));
  assert.match(refused, /^TypeError: session\.loadOptimiserState: wants a Map of tensors/);
  trainer.close();
});

test("arrays of another realm take outputs", () => {
  const into = runInNewContext("new Float32Array(10)", {}) as Float32Array;
  assert.is(into instanceof Float32Array, false);
  assert.is(session.run(x, { into }).data, into);
  assert.is(session.run({ input: x }, { into: { output: into } }).output.data, into);
  assert.equal(bits(session.run(x, { into })), bits(session.run(x)));
});

test.run();
