/**
 * The house rules of docs/architecture.md, held by reading the source: imports run one way, nothing outside src/cli, test and
 * bench touches a host, and no transcendental function of the engine stands outside kernels/math.ts.
 */
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { version } from "../src/version.ts";
import { linesOf } from "./support/files.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return sources(path);
    return entry.name.endsWith(".ts") ? [path] : [];
  });
}

/** Without comments and the contents of strings, so that only code is searched. */
export function codeOf(text: string): string {
  return text.replace(
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g,
    (match) => (/^["'`]/.test(match) ? '""' : " "),
  );
}

/** The project files that a file imports, and everything else by its bare name. */
function imports(file: string, text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/[^\n]*/gm, "");
  return [...code.matchAll(/^(?:import|export)\b[^;"]*?from\s*"([^"]+)"|^import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"/gm)].map(
    ([, named, run, loaded]) => named ?? run ?? loaded,
  ).map((target) =>
    target.startsWith(".") ? join(dirname(file), target) : target);
}

/** Files that import one another in a circle, the first of them again at the end; a file that names itself is none. */
function circleIn(targetsOf: (file: string) => readonly string[], from: Iterable<string>): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    done.add(file);
    path.push(file);
    for (const target of targetsOf(file)) {
      const found = target === file ? undefined : visit(target);
      if (found !== undefined) return found;
    }
    path.pop();
    return undefined;
  };
  for (const file of from) {
    const found = visit(file);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What each place may import, besides itself; the longest matching prefix rules. */
const mayImport: Record<string, readonly string[]> = {
  "kernels/": ["kernels/"],
  "kernels/shapes.ts": [],
  "kernels/activations.ts": [],
  "kernels/quantised.ts": ["kernels/activations.ts"],
  "kernels/formats.ts": [],
  "kernels/math.ts": [],
  "kernels/scratch.ts": ["kernels/shapes.ts"],
  "kernels/erf.ts": ["kernels/math.ts"],
  "kernels/reference/": ["kernels/erf.ts", "kernels/shapes.ts", "kernels/scratch.ts", "kernels/math.ts", "kernels/contract.ts",
    "kernels/activations.ts", "kernels/quantised.ts"],
  "kernels/plain/": [
    "kernels/shapes.ts", "kernels/scratch.ts", "kernels/math.ts", "kernels/contract.ts", "kernels/quantised.ts", "kernels/reference/",
  ],
  "src/errors.ts": [],
  "src/host-types.ts": [],
  "src/weight-layout.ts": ["src/tensor.ts"],
  "src/version.ts": [],
  "src/tensor.ts": ["kernels/shapes.ts", "src/errors.ts"],
  "src/checks.ts": ["src/tensor.ts", "src/errors.ts"],
  "src/graph/": ["src/checks.ts", "kernels/activations.ts", "kernels/formats.ts", "kernels/quantised.ts", "src/tensor.ts", "src/errors.ts"],
  "src/nn/": ["src/checks.ts", "kernels/", "src/tensor.ts", "src/errors.ts", "src/weight-layout.ts", "src/graph/"],
  "src/io/": [
    "src/checks.ts", "src/tensor.ts", "src/errors.ts", "src/host-types.ts", "src/weight-layout.ts", "src/graph/", "src/operations/",
  ],
  "src/io/images/jpeg-vectors.ts": ["kernels/wasm/images/", "src/io/"],
  "src/io/onnx/import.ts": ["src/io/", "src/checks.ts", "src/tensor.ts", "src/errors.ts", "src/graph/", "src/session/general.ts"],
  "src/operations/": ["kernels/", "src/tensor.ts", "src/errors.ts", "src/graph/"],
  "src/session/": [
    "src/checks.ts", "kernels/", "src/operations/", "src/tensor.ts", "src/errors.ts", "src/host-types.ts", "src/version.ts", "src/graph/",
    "src/nn/lower.ts",
    "src/nn/lowering.ts", "src/nn/module.ts",
  ],
  "src/quantise/": [
    "src/checks.ts", "kernels/", "src/operations/", "src/tensor.ts", "src/errors.ts", "src/host-types.ts", "src/graph/",
    "src/nn/module.ts", "src/nn/lower.ts", "src/session/", "src/io/",
  ],
  "src/bundle/": [
    "src/checks.ts", "kernels/", "src/operations/", "src/tensor.ts", "src/errors.ts", "src/version.ts", "src/graph/", "src/nn/module.ts",
    "src/session/", "src/io/", "src/quantise/",
  ],
  "src/train/": ["src/checks.ts", "kernels/", "src/tensor.ts", "src/errors.ts", "src/nn/", "src/io/", "src/session/"],
  "src/weights/": ["src/checks.ts", "src/tensor.ts", "src/errors.ts", "src/nn/", "src/io/"],
  "src/weights/any.ts": ["src/weights/", "src/errors.ts", "src/nn/", "src/io/", "src/train/"],
  "src/weights/network-of-file.ts": ["models/", "src/"],
  "src/weights/open-network.ts": ["models/", "src/"],
  "src/index.ts": ["kernels/", "models/", "src/"],
  "src/cli/": ["kernels/", "models/", "src/", "node:"],
  "models/": [
    "src/checks.ts", "kernels/random.ts", "src/nn/", "src/errors.ts", "src/tensor.ts", "src/weight-layout.ts",
    "src/io/images/preprocess.ts",
    "src/io/images/presets.ts",
  ],
};

const files = [...sources("kernels"), ...sources("models"), ...sources("src")].filter((file) => !file.endsWith(".d.ts"));
const text = new Map(files.map((file) => [file, readFileSync(join(root, file), "utf8")]));

test("imports run one way and name their file with .ts", () => {
  const wrong: string[] = [];
  for (const [file, source] of text) {
    const place = Object.keys(mayImport).filter((prefix) => file.startsWith(prefix)).sort((a, b) => b.length - a.length)[0];
    assert.ok(place, `${file} belongs to no place that this test knows`);
    for (const target of imports(file, source)) {
      const within = place.endsWith("/") && target.startsWith(place);
      const named = target.startsWith("node:") || target.endsWith(".ts");
      if (!named || !(within || mayImport[place].some((prefix) => target.startsWith(prefix)))) wrong.push(`${file} imports ${target}`);
    }
  }
  assert.equal(wrong, []);
});

test("no files import one another in a circle, not even types, nor by what they load later", () => {
  const others = ["learn", "test", "bench", "docs/examples"].flatMap(sources);
  const all = new Map([...text, ...others.map((file) => [file, readFileSync(join(root, file), "utf8")] as const)]);
  assert.is(circleIn((file) => imports(file, all.get(file) ?? ""), all.keys())?.join(" -> "), undefined);
});

test("models are composition: no loops over data, no typed arrays", () => {
  for (const [file, source] of text) {
    if (file.startsWith("models/")) assert.not(/\.data\b|Float32Array|Float64Array/.test(codeOf(source)), `${file} touches numbers`);
  }
});

test("no transcendental function of the engine outside kernels/math.ts", () => {
  const inexact = "exp|expm1|log|log1p|log2|log10|pow|sin|cos|tan|asin|acos|atan|atan2|sinh|cosh|tanh|asinh|acosh|atanh|cbrt|hypot|random";
  const forbidden = new RegExp(`\\bMath\\.(${inexact})\\b|\\*\\*`);
  for (const [file, source] of text) {
    const found = forbidden.exec(codeOf(source));
    assert.is(found, null, `${file} uses ${found?.[0]}`);
  }
});

test("nothing of a host outside src/cli", () => {
  const forbidden =
    /\b(process|Buffer|require|navigator|console|setTimeout|setInterval|queueMicrotask|fetch|globalThis|Deno|Bun)\b\s*[.(\[]/g;
  for (const [file, source] of text) {
    if (file.startsWith("src/cli/")) continue;
    // Threads and the engine's flags cannot be had but from the host: there it is asked for first.
    for (const [use, name] of codeOf(source).matchAll(forbidden)) {
      assert.ok(file.startsWith("src/session/") && codeOf(source).includes(`typeof ${name} ===`), `${file} uses ${use}`);
    }
  }
});

test("what small engines take: yield* stands behind no arguments, regular expressions name no properties of Unicode", () => {
  // QuickJS 2021-03-27 miscounts its stack where arguments stand before yield*, Hermes 0.12 knows no \\p.
  for (const [file, source] of text) {
    const found = file.startsWith("src/cli/") ? null : /[(,[][^\S\n]*yield\*|\\p\{/.exec(source);
    assert.is(found, null, `${file}: ${found?.[0]}`);
  }
});

test("these searches find what they forbid", () => {
  assert.match(codeOf('const a = 1; // Math.exp\nconst b = "x ** y";'), /^const a = 1; {2}\nconst b = "";$/);
  assert.equal(
    imports("src/nn/x.ts", 'import { a } from "../../kernels/shapes.ts";\nconst m = await import("node:fs");\nimport "./y.ts";'),
    ["kernels/shapes.ts", "node:fs", "src/nn/y.ts"],
  );
  assert.equal(
    imports("a/b.ts", 'import type {\n  A,\n} from "./c.ts";\nexport type { D } from "./d.ts";\nlet e: import("./e.ts").E;'),
    ["a/c.ts", "a/d.ts", "a/e.ts"],
  );
  const targets: Record<string, string[]> = { a: ["a", "b", "c"], b: ["d"], c: ["b", "d"], d: [] };
  assert.is(circleIn((file) => targets[file], "abcd"), undefined);
  targets.d.push("c");
  assert.equal(circleIn((file) => targets[file], "abcd"), ["b", "d", "c", "b"]);
});

test("package.json depends on nothing, develops with three packages, and has the version that the source has", () => {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<string, Record<string, string> | undefined>;
  assert.is(manifest.version, version);
  assert.is(manifest.dependencies, undefined);
  assert.is(manifest.peerDependencies, undefined);
  assert.is(manifest.optionalDependencies, undefined);
  assert.equal(Object.keys(manifest.devDependencies ?? {}).sort(), ["tsx", "typescript", "uvu"]);
});

test("package.json publishes what it names, and every family of models", () => {
  const { exports, scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    exports: Record<string, string | { types: string; default: string }>, scripts: Record<string, string | undefined>,
  };
  for (const [path, target] of Object.entries(exports)) {
    assert.not.ok(path.includes("*"), `${path} is no explicit path`);
    if (typeof target !== "string") {
      const source = /^\.\/dist\/(.+)\.js$/.exec(target.default)?.[1] ?? "";
      assert.ok(text.has(`${source}.ts`), `${path}: there is no ${source}.ts`);
      assert.is(target.types, `./dist/${source}.d.ts`);
    } else if (target.startsWith("./dist/")) {
      assert.ok(scripts.build?.endsWith(` --out ${target.slice(2)}`), `${path}: the build does not write it`);
    } else readFileSync(join(root, target));
  }
  const families = imports("models/index.ts", text.get("models/index.ts") ?? "").filter((file) => /^models\/[^/]+\//.test(file));
  for (const file of families) {
    assert.ok(Object.hasOwn(exports, file.replace(/^models\/[^/]+\/(.+)\.ts$/, "./models/$1")), `package.json does not publish ${file}`);
  }
});

test("no folder holds more than 15 files", () => {
  const count = (folder: string): string[] => {
    const entries = readdirSync(join(root, folder), { withFileTypes: true })
      .filter(({ name }) => name !== "node_modules" && !name.startsWith("."));
    const here = entries.filter((entry) => !entry.isDirectory()).length;
    return [
      ...(here > 15 ? [`${folder}: ${here} files`] : []),
      ...entries.filter((entry) => entry.isDirectory()).flatMap(({ name }) => count(`${folder}/${name}`)),
    ];
  };
  assert.equal(["bench", "docs", "kernels", "models", "src", "test"].flatMap(count), []);
});

test("no file of ours is long", () => {
  for (const [file, source] of text) assert.ok(linesOf(source) <= 450, `${file} has ${linesOf(source)} lines`);
});

test.run();
