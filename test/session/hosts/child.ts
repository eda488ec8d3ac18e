/** A host that lacks what the arguments name: what senet says there, one line of JSON. Started by lost.test.ts. */
import process from "node:process";

const host = globalThis as unknown as Record<string, unknown>;

/** As SES's lockdown leaves them: nothing of the language can be changed, and what inherits from it is not overridden by assignment. */
function freezeLanguage(): void {
  const seen = new Set<unknown>();
  const visit = (value: unknown): void => {
    if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) return;
    seen.add(value);
    for (const property of Object.values(Object.getOwnPropertyDescriptors(value))) {
      for (const part of [property.value, property.get, property.set] as unknown[]) visit(part);
    }
    visit(Object.getPrototypeOf(value));
  };
  for (const name of [
    "Object", "Function", "Array", "Map", "Set", "WeakMap", "WeakSet", "Promise", "Symbol", "Number", "String", "Boolean", "BigInt", "Math",
    "JSON", "Reflect", "Proxy", "RegExp", "Date", "Error", "TypeError", "RangeError", "ArrayBuffer", "DataView", "Float32Array",
    "Float64Array", "Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array",
  ]) visit(host[name]);
  visit(Object.getPrototypeOf(function* () {}));
  visit(Object.getPrototypeOf(async function* () {}));
  visit(Object.getPrototypeOf(async () => undefined));
  for (const each of seen) Object.freeze(each);
}

// What the test itself needs, before anything is gone.
const { default: lost } = await import("./lost.ts");
const { createHash } = await import("node:crypto");
const source = {
  senet: "../../../src/index.ts", plain: "../../../kernels/plain/index.ts", recipe: "../../fixtures/recipe.ts",
  state: "../../../src/nn/state-dict.ts",
};
const name = process.argv[2];
if (name === "frozen built-ins") freezeLanguage();
for (const each of lost[name]) {
  Object.defineProperty(host, each, { value: undefined, configurable: true, writable: true });
}
const senet = await import(source.senet) as typeof import("../../../src/index.ts");
const plain = await import(source.plain) as typeof import("../../../kernels/plain/index.ts");
const { recipeTensor, recipeWeights } = await import(source.recipe) as typeof import("../../fixtures/recipe.ts");
const { stateShapes } = await import(source.state) as typeof import("../../../src/nn/state-dict.ts");

const said: Record<string, string> = {};
async function say(what: string, work: () => string | Promise<string>): Promise<void> {
  try {
    said[what] = await work();
  } catch (error) {
    said[what] = `${(error as Error).name}: ${(error as Error).message}`;
  }
}

const digest = ({ data }: { readonly data: Float32Array | Float64Array }): string =>
  createHash("sha256").update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)).digest("hex").slice(0, 16);
const shape = [1, 1, 12, 12];
const model = senet.createModel("se_resnet8", { classes: 4, inChannels: 1, width: 8, reduction: 2 }, null);
senet.loadStateDict(model, recipeWeights(stateShapes(model)));
model.evaluate();
const x = recipeTensor("input", shape);

await say("kernels", async () => {
  const session = await senet.compile(model, { input: shape, numerics: "exact", threads: 2 });
  said.bits = digest(session.run(x));
  said.later = digest(await session.runAsync(x));
  session.close();
  return session.kernels;
});
await say("eager", () => digest(model.forward(x)));
await say("file", () => {
  const bytes = senet.saveWeights(model, { classes: ["å", "b", "c", "d"] });
  return (senet.openNetwork(bytes).classes ?? []).join() + digest(senet.openNetwork(bytes).model.forward(x));
});
await say("picture", async () => {
  const picture = { width: 3, height: 2, data: new Uint8ClampedArray(24).fill(200) };
  return String((await senet.decodeImage(await senet.encodePng(picture))).data[5]);
});
await say("onnx", () => {
  const bytes = senet.writeOnnx(senet.lower(model, shape));
  const network = senet.importOnnx(bytes);
  const session = senet.compileSync(network, { input: shape, numerics: "exact", kernels: "plain" });
  return digest(Object.values(session.run({ [network.inputs[0].name]: x }))[0]);
});
await say("training", () => {
  const session = senet.compileTrainingSync(model, { input: shape, optimiser: { method: "sgd" }, numerics: "exact" });
  const loss = session.trainStep(x, Int32Array.of(1), 0.1);
  session.close();
  return String(loss);
});
await say("loss", () => String(senet.crossEntropy(plain, model.train().forward(x), Int32Array.of(1)).value));
console.log(JSON.stringify(said));
process.exit(0);
