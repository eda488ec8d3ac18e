/**
 * House rules for what people read: every file that a comment or a page names is there, every export of src/index.ts says what it
 * is, lines and files are short.
 */
import { readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { judgesIn } from "./support/errors.ts";
import { linesOf } from "./support/files.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const text = (path: string): string => readFileSync(join(root, path), "utf8");

function filesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (/^(node_modules|dist|runs|\.git)$/.test(entry.name)) return [];
    const path = folder === "." ? entry.name : `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesIn(path) : [path];
  });
}
const files = filesIn(".");
const sources = files.filter((path) => path.endsWith(".ts"));
const pages = files.filter((path) => path.endsWith(".md"));

/** Only the comments of a source file. */
function commentsOf(source: string): string {
  const tokens = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|(\/\*[\s\S]*?\*\/|\/\/[^\n]*)/g;
  return [...source.matchAll(tokens)].map(([, comment]) => comment ?? "").join("\n");
}

/** Names of files in a text. Of Python only our own (others' are cited), and no name with a place to fill in, as KIND.ts. */
function namedFiles(prose: string): string[] {
  return [...prose.matchAll(/(?<![\w@/.{}$*-])((?:\.\.?\/)*[\w-][\w./-]*\.(?:ts|md|py))\b/g)]
    .map(([, name]) => name).filter(
      (name) => (!name.endsWith(".py") || name.startsWith("test/")) && !/\b[A-Z]+[/.]/.test(
        name.replace(/README|CHANGELOG|CONTRIBUTING/, ""),
      ),
    );
}

const endings = new Set(files.flatMap((path) => path.split("/").map((_, i, parts) => parts.slice(i).join("/"))));

test("every file that a comment or a page names exists", () => {
  const missing: string[] = [];
  for (const path of [...sources, ...pages]) {
    const prose = path.endsWith(".md") ? text(path) : commentsOf(text(path));
    for (const name of namedFiles(prose)) {
      if (!endings.has(name.replace(/^(\.\/)+/, "")) && !files.includes(normalize(join(dirname(path), name)))) {
        missing.push(`${path} names ${name}`);
      }
    }
  }
  assert.equal(missing, []);
});

test("what benches bundle from a text is there", () => {
  const named = sources.filter((path) => path.startsWith("bench/")).flatMap((path) =>
    [...text(path).matchAll(/"(?:\.\.\/)+((?:src|models|kernels)\/[^"]+\.ts)"/g)].map(([, name]) => ({ path, name })));
  assert.ok(named.length > 50);
  assert.equal(named.filter(({ name }) => !files.includes(name)).map(({ path, name }) => `${path} names ${name}`), []);
});

test("that search finds files in comments only, and what is missing", () => {
  const [b, c] = ["// b", "/* c */"];
  assert.is(commentsOf(`const a = "// no"; ${b}\n${c} \`/* d */\``), `\n${b}\n${c}\n`);
  assert.equal(
    namedFiles("see kernels/math.ts, ../x/y.ts, timm/models/vgg.py and src/KIND.ts (test/a.py)"),
    ["kernels/math.ts", "../x/y.ts", "test/a.py"],
  );
});

/** An export's own text, and the block comment before it, wherever it is re-exported from. */
function declaration(path: string, name: string): { readonly kind: string; readonly block: string; readonly body: string } {
  const source = text(path);
  const found = new RegExp(`^export (?:declare )?(?:abstract )?(?:async )?(class|function|const|interface|type) ${name}\\b`, "m")
    .exec(source);
  if (found === null) {
    const from = new RegExp(`^export (?:type )?\\{[^}]*\\b${name}\\b[^}]*\\} from "([^"]+)"`, "m").exec(source);
    assert.ok(from, `${path} does not export ${name}`);
    return declaration(normalize(join(dirname(path), from[1])), name);
  }
  const before = source.slice(0, found.index).trimEnd();
  const block = before.endsWith("*/") ? before.slice(before.lastIndexOf("/**")) : "";
  return { kind: found[1], block, body: source.slice(found.index, source.indexOf("\n}\n", found.index)) };
}

test("every export of src/index.ts says what it is, and what it throws", () => {
  const silent: string[] = [];
  for (const [, names, from] of text("src/index.ts").matchAll(/^export (?:type )?\{([^}]*)\} from "([^"]+)"/gm)) {
    for (const name of names.split(",").map((each) => each.trim()).filter((each) => each !== "")) {
      const { kind, block, body } = declaration(normalize(join("src", from)), name);
      if (block.length < 12) silent.push(`${name} has no block`);
      if (kind === "function" && body.includes("throw new") && !block.includes("@throws")) {
        silent.push(`${name} does not say what it throws`);
      }
      const made = /((?:\n {2}\/\*\*(?:(?!\*\/)[\s\S])*\*\/)?)\n {2}constructor\([\s\S]*?\n {2}\}/.exec(kind === "class" ? body : "");
      if (made !== null && made[0].includes("throw new") && !(block + made[1]).includes("@throws")) {
        silent.push(`new ${name} does not say what it throws`);
      }
    }
  }
  assert.equal(silent, []);
});

test("exported layers say which shapes they take, and attention where it is from", () => {
  const silent: string[] = [];
  for (const [, names, from] of text("src/index.ts").matchAll(/^export \{([^}]*)\} from "(\.\/nn\/(?:layers|attention)\/[^"]+)"/gm)) {
    for (const name of names.split(",").map((each) => each.trim())) {
      const { block } = declaration(normalize(join("src", from)), name);
      if (!/\[N|any shape|of any shape/i.test(block)) silent.push(`${name} names no shapes`);
      if (from.includes("/attention/") && name !== "Attention" && !block.includes("arXiv")) silent.push(`${name} names no source`);
    }
  }
  assert.equal(silent, []);
});

/** Lines of a page but those that cannot be broken: code, tables, links, headings. */
function proseOf(page: string): string[] {
  let code = false;
  return page.split("\n").map((line) => {
    if (line.startsWith("```")) code = !code;
    return code || /^(\||#|\[|!\[|<|```)/.test(line) ? "" : line;
  });
}

test("lines have at most 140 columns: code, and pages where they are prose", () => {
  const lines = [
    ...sources.map((path) => [path, text(path).split("\n")] as const), ...pages.map((path) => [path, proseOf(text(path))] as const),
  ];
  const long = lines.flatMap(([path, all]) => all.flatMap((line, i) => ([...line].length > 140 ? [`${path}:${i + 1}`] : [])));
  assert.equal(long, []);
  assert.equal(proseOf("a\n```\nb\n```\n| c\nd"), ["a", "", "", "", "", "d"]);
});

test("counts in messages are of one or of many: counted(n, \"class\", \"classes\")", () => {
  // What may well be 1. Lean sessions have no bytes for it, so their messages say it otherwise: "inputs (1)".
  const nouns = "images|pictures|classes|tensors|files|labels|inputs|epochs|steps";
  const many = new RegExp(`\`[^\`]*\\$\\{[\\w.[\\]]*(?:length|size|count|epochs|classes|restarts)\\} (?:\\w+ )?(?:${nouns})\\b`);
  const found = sources.filter((path) => path.startsWith("src/")).flatMap((path) =>
    text(path).split("\n").flatMap((line, i) => (many.test(line) ? [`${path}:${i + 1}`] : [])));
  assert.equal(found, []);
});

test("files of src/session and kernels/wasm have at most 300 lines, or say in their head comment why not", () => {
  const long = sources.filter((path) => /^(src\/session|kernels\/wasm)\//.test(path)).filter((path) => {
    const source = text(path);
    return linesOf(source) > 301 && !source.slice(0, source.indexOf("*/")).includes("Longer than 300 lines: ");
  });
  assert.equal(long, []);
  assert.is(linesOf("a\n/**\n * B.\n * @example\n * 1\n *\n * 2\n */\nb\n"), linesOf("a\n/**\n * B.\n */\nb\n"));
});

test("errors are judged: no text and no class stands where uvu would let any error pass", () => {
  const lenient = sources.filter((path) => path.endsWith(".test.ts"))
    .flatMap((path) => judgesIn(text(path)).filter((judge) => /^(["'`]|[A-Z]\w*$)/.test(judge)).map((judge) => `${path}: ${judge}`));
  assert.equal(lenient, []);
  const call = "assert.throws(";
  assert.equal(judgesIn(`${call}() => f(1, ")"), "a, b"); ${call}() => f([1, 2]), RangeError); ${call}f, /a, (b)/); ${call}f)`), [
    '"a, b"', "RangeError", "/a, (b)/", "",
  ]);
});

test("findings can be started as they are, and know nothing of senet", () => {
  const findings = files.filter((path) => path.startsWith("findings/"));
  assert.ok(findings.length > 20);
  assert.equal(findings.filter((path) => (statSync(join(root, path)).mode & 0o111) === 0), []);
  assert.equal(findings.filter((path) => /\bsenet\b/.test(text(path))), []);
});

test.run();
