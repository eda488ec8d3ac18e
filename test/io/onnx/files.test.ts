/**
 * Files of real exporters and rewriters (test/fixtures/onnx/make.py), against the answers of onnxruntime: in sessions on plain kernels and
 * on WebAssembly.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { UnsupportedError } from "../../../src/errors.ts";
import { importOnnx } from "../../../src/io/onnx/import.ts";
import type { OnnxNetwork } from "../../../src/io/onnx/import.ts";
import { externalLocations } from "../../../src/io/onnx/read/foreign.ts";
import { compileSync } from "../../../src/session/session.ts";
import { recipeTensor } from "../../fixtures/recipe.ts";
import { fileBytes, fileJson } from "../../support/files.ts";

interface Case {
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly outputs: Readonly<Record<string, { readonly dims: readonly number[]; readonly data: readonly number[] }>>;
}
interface Expected {
  readonly operators: readonly string[];
  readonly opset: number;
  readonly atol?: number;
  readonly cases?: readonly Case[];
  readonly refused?: readonly string[];
}
const { files } = fileJson<{ readonly files: Readonly<Record<string, Expected>> }>("fixtures/onnx/expected.json");

/** The folder of a file. */
function folderOf(name: string): string {
  if (/-(onnxsim|onnxslim|ort|half|q\w+|dynamic)\b/.test(name)) return "rewritten";
  return /-(dynamo|script)\b/.exec(name)?.[1] ?? "other";
}

function open(name: string): OnnxNetwork {
  const folder = `fixtures/onnx/${folderOf(name)}`;
  const bytes = fileBytes(`${folder}/${name}`);
  const external = Object.fromEntries(externalLocations(bytes).map((location) => [location, fileBytes(`${folder}/${location}`)]));
  return importOnnx(bytes, { external });
}

for (const [name, { cases = [], atol = 0, opset, refused }] of Object.entries(files)) {
  if (refused !== undefined) {
    test(`${name}: all that is not supported is named at once`, () => {
      try {
        open(name);
        assert.unreachable();
      } catch (error) {
        assert.instance(error, UnsupportedError);
        const { message, missing } = error as UnsupportedError;
        for (const operator of refused) {
          assert.ok(missing.some((one) => one.startsWith(operator)) && message.includes(operator), `${operator} in: ${message}`);
        }
        assert.ok(message.includes(`opset ${opset}`) && message.includes("(node"), message);
      }
    });
    continue;
  }
  for (const kernels of ["plain", "wasm"] as const) {
    test(`${name}: onnxruntime's answers, ${kernels}`, () => {
      const network = open(name);
      for (const { inputs, outputs } of cases) {
        const x = Object.fromEntries(Object.entries(inputs).map(([input, dims]) => [input, recipeTensor("input", [...dims])]));
        const session = compileSync(network, { input: inputs, kernels, numerics: "exact" });
        const found = session.run(x);
        for (const [output, { dims, data }] of Object.entries(outputs)) {
          assert.equal(found[output].shape, dims, output);
          const worst = data.reduce((most, value, i) => Math.max(most, Math.abs(value - found[output].data[i])), 0);
          assert.ok(worst <= atol, `${output} is off by ${worst}`);
        }
      }
    });
  }
}

test.run();
