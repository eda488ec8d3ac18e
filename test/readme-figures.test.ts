/** Figures that README states and a test can know: bytes of bundles (minified, gzip), of the bundled file, counts of parameters. */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bundle as bundleNetwork } from "../src/bundle/bundle.ts";
import { openNetwork } from "../src/weights/open-network.ts";
import { bundle, bundles } from "./support/bundle.ts";

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url).href);
const readme = readFileSync(at("README.md"), "utf8").replace(/\s+/g, " ");

/** The numbers that README states in this place. */
function stated(place: RegExp): number[] {
  const found = place.exec(readme);
  assert.ok(found, `README has no ${place}`);
  return found.slice(1).map((text) => Number(text.replaceAll(",", "")));
}

const usual = `export { compileSync } from "./src/session/session.ts";`;
const family = `export { resnet } from "./models/residual/resnet.ts";`;
const session = `export { compileSync } from "./src/session/lean.ts"; export { Tensor } from "./src/tensor.ts";`;

if (bundles) {
  test("bytes of bundles, to the kilobyte", async () => {
    const programs = {
      lean: session, threads: `${session} export { compile } from "./src/session/lean.ts";`,
      whole: `export { compile, compileSync } from "./src/session/session.ts"; export { Tensor } from "./src/tensor.ts";`,
      plain: `export { compileSync } from "./src/session/lean-plain.ts"; export { Tensor } from "./src/tensor.ts";`,
      onnx: `${usual} export { importOnnx } from "./src/io/onnx/import.ts";`,
      onnxLean: `${usual} export { importOnnx } from "./src/io/onnx/lean.ts";`,
      general: `${usual} export { generalOperations } from "./src/session/general.ts";`,
      session: usual,
      int8: `export { openInt8 } from "./src/quantise/lean/index.ts";`,
      ownWeights: `${session} ${family} export { loadWeights } from "./src/weights/lean.ts";`,
      everybodysWeights: `${session} ${family} export { loadWeights } from "./src/weights/weights.ts";`,
      anyWeights: `${session} ${family} export { loadWeights } from "./src/weights/any.ts";`,
      // What a page loads (bench/peers/browser/cold.ts).
      page: `export { compile } from "./src/session/lean.ts"; export { Tensor } from "./src/tensor.ts"; ${family}
        export { loadWeights } from "./src/weights/lean.ts";`,
    };
    const entries = await Promise.all(Object.entries(programs).map(async ([name, text]) => [name, (await bundle(text)).bytes] as const));
    const bytes = Object.fromEntries(entries) as Record<keyof typeof programs, number>;
    // A change of some bytes does not make a page wrong; one of a kilobyte does.
    const near = (place: RegExp, ...wanted: readonly number[]): void => {
      const said = stated(place);
      wanted.forEach((n, i) => assert.ok(Math.abs(1000 * said[i] - n) <= 900, `${said[i]} KB instead of ${n} bytes: ${place}`));
    };
    const { lean, threads, whole, plain, general, onnx, onnxLean, session: alone, ownWeights, everybodysWeights, anyWeights, page } = bytes;
    near(/in fewer bytes \(minified, gzip\): (\d+) KB for one thread, (\d+) KB for several, .*? is (\d+) KB \(/, lean, threads, whole);
    near(/`senet\/lean\/int8` runs files of `senet convert --int8` in (\d+) KB, reader and all/, bytes.int8);
    near(/\(`senet\/lean\/int8`\), with the reader of files \|[^|]*\|[^|]*\|[^|]*\| (\d+) KB \|/, bytes.int8);
    near(
      /\(`senet\/weights\/lean`\) add (\d+) KB, .*? \(`senet\/weights`\) (\d+) KB more, and that of `\.pth` another (\d+)\./,
      ownWeights - lean, everybodysWeights - ownWeights, anyWeights - everybodysWeights,
    );
    near(/senet's code for it is (\d+) KB,/, page);
    near(/plain kernels, too \((\d+) KB more\)/, plain - lean);
    const reader = /The reader is (\d+) KB \(minified, gzip\), (\d+) of them kernels .*? is (\d+) without/;
    near(reader, onnx - alone, general - alone, onnxLean - alone);
    for (const [row, n] of [["exact", lean], ["fast \\(the default\\)", whole], ["turbo, Node 26", whole]] as const) {
      near(new RegExp(`\\| senet session, ${row} \\|[^|]*\\|[^|]*\\|[^|]*\\| (\\d+) KB \\|`), n);
    }
  });
}

test("one network as one file, without its weights", () => {
  const { model } = openNetwork(readFileSync(at("models/pretrained/fashion-mnist.safetensors")));
  const said = [
    ...stated(/\(`senet bundle`\) is (\d+) KB without its weights on WebAssembly, (\d+) KB plain/),
    ...stated(/the bundled network's, without weights\) \|[^|]*\|[^|]*\|[^|]*\| (\d+) KB \|/),
  ];
  for (const [i, target] of (["wasm", "plain", "wasm"] as const).entries()) {
    const { code } = bundleNetwork(model, { input: [1, 1, 28, 28], target, beside: true });
    const bytes = gzipSync(Uint8Array.from(code, (letter) => letter.charCodeAt(0)), { level: 9 }).length;
    assert.ok(Math.abs(1000 * said[i] - bytes) <= 900, `${said[i]} KB instead of ${bytes} bytes: ${target}`);
  }
});

test("the bundled network: bytes and parameters, whatever page says them", () => {
  const file = readFileSync(at("models/pretrained/fashion-mnist.safetensors"));
  const [kilobytes, parameters] = stated(/fashion-mnist\.safetensors` \((\d+) KB, half precision\): .*? ([\d,]+) parameters,/);
  assert.is(kilobytes, Math.round(file.length / 1000));
  assert.is(parameters, openNetwork(file).model.parameterCount());
});

test("operator sets of ONNX", () => {
  const source = readFileSync(at("src/io/onnx/network.ts"), "utf8");
  assert.equal(stated(/ONNX \(opset \d+ to (\d+):/), [Number(/NEWEST_OPSET = (\d+)/.exec(source)![1])]);
});

test.run();
