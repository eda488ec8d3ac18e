/** Figures that README states and a test can know: bytes of bundles (minified, gzip), of the bundled file, counts of parameters. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
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
    };
    const entries = await Promise.all(Object.entries(programs).map(async ([name, text]) => [name, (await bundle(text)).bytes] as const));
    const bytes = Object.fromEntries(entries) as Record<keyof typeof programs, number>;
    // A change of some bytes does not make a page wrong; one of a kilobyte does.
    const near = (place: RegExp, ...wanted: readonly number[]): void => {
      const said = stated(place);
      wanted.forEach((n, i) => assert.ok(Math.abs(1000 * said[i] - n) <= 900, `${said[i]} KB instead of ${n} bytes: ${place}`));
    };
    const { lean, threads, whole, plain, general, onnx, onnxLean, session: alone } = bytes;
    near(/in fewer bytes \(minified, gzip\): (\d+) KB for one thread, (\d+) KB for several, .*? is (\d+) KB \(/, lean, threads, whole);
    near(/`senet\/lean\/int8` runs files of `senet convert --int8` in (\d+) KB, reader and all/, bytes.int8);
    near(/\(`senet\/lean\/int8`\), with the reader of files \|[^|]*\|[^|]*\|[^|]*\| (\d+) KB \|/, bytes.int8);
    near(/plain kernels, too \((\d+) KB more\)/, plain - lean);
    const reader = /The reader is (\d+) KB \(minified, gzip\), (\d+) of them kernels .*? is (\d+) without/;
    near(reader, onnx - alone, general - alone, onnxLean - alone);
    for (const [row, n] of [["exact", lean], ["fast \\(the default\\)", whole], ["turbo, Node 26", whole]] as const) {
      near(new RegExp(`\\| senet session, ${row} \\|[^|]*\\|[^|]*\\|[^|]*\\| (\\d+) KB \\|`), n);
    }
  });
}

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
