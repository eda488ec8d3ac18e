/** Chapter 15: how the same block becomes fast: folding, one pass instead of four, and the machine code it becomes. */
import { createModel } from "../../models/index.ts";
import { channelScaleForward } from "../../kernels/reference/joining/channel-scale.ts";
import { conv2dForward } from "../../kernels/reference/layers/conv2d.ts";
import { globalAveragePoolForward } from "../../kernels/reference/pooling/global-average-pool.ts";
import { Random } from "../../kernels/random.ts";
import { channelShape, conv2dShape } from "../../kernels/shapes.ts";
import { ModuleBuilder } from "../../kernels/wasm/assembler/module-builder.ts";
import { lower } from "../../src/nn/lower.ts";
import { compileSync } from "../../src/session/session.ts";
import { Tensor } from "../../src/tensor.ts";
import { chapter, claim, distance, say, table } from "../shared/page.ts";

chapter(15, "How the block becomes fast");

say(`An SE block is cheap in multiplications (chapter 13) and dear in memory: squeeze reads all of x, scale reads and writes it, the sum
with the shortcut reads and writes it again, relu once more. On today's processors that is what counts. A session gets rid of nearly all of
it by three rewritings, none of which changes what is computed.`);

const random = new Random(15);
const draw = (size: number): Float64Array => Float64Array.from({ length: size }, () => random.normal());

say(`First: normalisation. In use, batch normalisation is a factor and a summand for each channel, and a convolution before it can take both
into its weights. It disappears.`);

say(
  "Second: the squeeze moves. SE stands behind a 1x1 convolution, h to W h + b, and a mean does not care whether it is taken before or " +
  "after:",
);
console.log("\n      mean(W h + b) = W mean(h) + b");
const [from, to, P] = [6, 24, 25];
const h = draw(from * P);
const w = draw(to * from);
const b = draw(to);
const behind = new Float64Array(to * P);
const squeezedBehind = new Float64Array(to);
conv2dForward(behind, h, w, b, conv2dShape(1, from, 5, 5, to, { kernel: 1 }));
globalAveragePoolForward(squeezedBehind, behind, channelShape(1, to, P));
const mean = new Float64Array(from);
const squeezedBefore = new Float64Array(to);
globalAveragePoolForward(mean, h, channelShape(1, from, P));
conv2dForward(squeezedBefore, mean, w, b, conv2dShape(1, from, 1, 1, to, { kernel: 1 }));
claim("both ways give the same squeeze", distance(squeezedBehind, squeezedBefore) < 1e-13);
say(
  "In SE-ResNet-50 h has a quarter of the channels, so the squeeze reads a quarter. And, more important: now the gates are known before " +
  `the convolution runs.`,
);

say(`Third: so the convolution can do the rest itself. While a result is still in a register it is multiplied by its gate, the shortcut is
added, relu is applied, and only then it is stored: one write instead of four writes and four reads.`);

const model = createModel("seresnet50", { width: 16, classes: 4, zeroInit: false }, 15).evaluate();
// As if it were trained: a fresh network has means of 0 and biases of 0, and would agree with many a wrong rewriting.
for (const [name, { value }] of model.namedState()) {
  if (/\.(bias|running_mean)$/.test(name)) value.data.set(draw(value.size).map((v) => 0.3 * v));
}
const input = [1, 3, 64, 64];
const graph = lower(model, input);
const session = compileSync(model, { input, numerics: "exact" });
const lines = session.plan.trim().split("\n");
const count = (kind: string): [number, number] => [
  graph.nodes.filter(({ operation }) => operation.kind === kind).length, lines.filter((line) => line.startsWith(`${kind} `)).length];
const kinds = ["conv2d", "batch_norm", "activation", "global_pool", "scale", "add"];
say("A narrow SE-ResNet-50: operations that the model lowers to, and calls of kernels that are left:");
table(["operation", "in the model", "in the session"], [
  ...kinds.map((kind) => [kind, ...count(kind)]), ["all", graph.nodes.length, lines.length]]);
claim("no normalisation, no scale, no sum and no activation is left: all are inside of convolutions",
  ["batch_norm", "scale", "add", "activation"].every((kind) => count(kind)[0] > 0 && count(kind)[1] === 0));

say(
  "One block of it, as the session runs it (operation, shape, kernel, name). Look at the last line: gate, residual and relu in one " +
  "kernel's name.",
);
const block = lines.filter((line) => line.includes(" layer2.1."));
for (const line of block) console.log(`    ${line.replace(/\s+/g, " ").slice(0, 130)}`);
claim(
  "squeeze, two tiny convolutions, and the last convolution with everything in it", block.some((line) => /gate.*residual.*relu/.test(line)),
);

const x = new Tensor(Float32Array.from(draw(3 * 64 * 64)), input);
const eager = model.forward(x);
const answer = session.run(x);
const largest = Math.max(...Array.from(eager.data, Math.abs));
claim("session and modules agree to a hundred-thousandth of the largest logit", distance(eager.data, answer.data) < 1e-5 * largest);

say(`At last, the machine. A session's kernels are WebAssembly, and nobody delivers them as a file: this library has an assembler and writes
them when they are wanted. Here is the scale of chapter 5 for one channel, four numbers at once, written with that assembler:`);
console.log(`
      splat the gate into the four lanes of a vector
      do: load four numbers of x, multiply, store into y, go on by 16 bytes
      while x is below the end`);
const module = new ModuleBuilder("chapter15");
module.importMemory("env", "memory", { minimum: 1 });
module.func("scale", { params: { y: "i32", x: "i32", end: "i32", gate: "f32" }, export: true }, (f, { y, x: at, end, gate }) => {
  const gates = f.local.v128("gates");
  f.local.get(gate); f.f32x4.splat(); f.local.set(gates);
  f.doWhile(() => {
    f.local.get(y);
    f.local.get(at); f.v128.load(); f.local.get(gates); f.f32x4.mul();
    f.v128.store();
    f.local.increase(y, 16);
    f.local.increase(at, 16);
    f.local.get(at); f.local.get(end); f.i32.lt_u();
  });
});
const bytes = module.toBytes();
const hexadecimal = [...bytes].map((byte) => byte.toString(16).padStart(2, "0"));
console.log(`\n  ${bytes.length} bytes:`);
for (let i = 0; i < bytes.length; i += 24) console.log(`  ${hexadecimal.slice(i, i + 24).join(" ")}`);
claim("they begin as every module of WebAssembly does: 0, 'asm', version 1", hexadecimal.slice(0, 8).join("") === "0061736d01000000");

if (typeof WebAssembly === "undefined") throw new Error("chapter 15 wants a host with WebAssembly");
const memory = new WebAssembly.Memory({ initial: 1 });
const { scale } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports as {
  scale(y: number, x: number, end: number, gate: number): void
};
const values = new Float32Array(memory.buffer, 0, 64);
values.set(Float32Array.from(draw(64)));
scale(1024, 0, 256, 0.75);
const byWasm = new Float32Array(memory.buffer, 1024, 64);
const byReference = new Float32Array(64);
channelScaleForward(byReference, values, Float32Array.of(0.75), channelShape(1, 1, 64));
claim("and it computes what the reference kernel computes, to the bit", byWasm.every((value, i) => value === byReference[i]));
say(
  "That is the whole way, from a mean over 784 pixels in chapter 3 to the bytes of a vector unit. docs/kernels.md goes on: tiles, " +
  `Winograd, Strassen.`,
);
session.close();
