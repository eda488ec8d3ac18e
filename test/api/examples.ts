/**
 * The examples of public names: what stands after `@example` in the block of each export of src/index.ts. A line that ends in "// => text"
 * is compared with what its expression gives. Names of senet need no import there.
 */
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

export const root: string = join(dirname(fileURLToPath(import.meta.url)), "../..");

export interface Documented {
  readonly name: string;
  readonly file: string;
  /** "" where there is none. */
  readonly block: string;
}

/** What an export is called where it stands, and the block before it. @throws Error where it is not exported */
function documented(file: string, name: string): Documented {
  const source = readFileSync(join(root, file), "utf8");
  const found = new RegExp(`^export (?:declare )?(?:abstract )?(?:async )?(?:class|function|const|interface|type) ${name}\\b`, "m")
    .exec(source);
  if (found === null) {
    const from = new RegExp(`^export (?:type )?\\{[^}]*\\b${name}\\b[^}]*\\} from "([^"]+)"`, "m").exec(source);
    if (from === null) throw new Error(`${file} does not export ${name}`);
    return documented(normalize(join(dirname(file), from[1])), name);
  }
  const before = source.slice(0, found.index).trimEnd();
  return { name, file, block: before.endsWith("*/") ? before.slice(before.lastIndexOf("/**")) : "" };
}

/** Every name of src/index.ts. */
export function publicNames(): readonly Documented[] {
  const source = readFileSync(join(root, "src/index.ts"), "utf8");
  return [...source.matchAll(/^export (?:type )?\{([^}]*)\} from "([^"]+)"/gm)].flatMap(([, names, from]) =>
    names.split(",").map((name) => name.trim()).filter((name) => name !== "")
      .map((name) => documented(normalize(join("src", from)), name)));
}

/** The lines of a block's example; none where it has none. */
export function exampleIn(block: string): readonly string[] {
  const lines = block.replace(/\s*\*\/$/, "").split("\n").map((line) => line.replace(/^ *(\/\*)?\*+ ?/, ""));
  const from = lines.indexOf("@example");
  if (from < 0) return [];
  const length = lines.slice(from + 1).findIndex((line) => line.startsWith("@"));
  return lines.slice(from + 1, length < 0 ? undefined : from + 1 + length);
}

const arrow = /^(\s*)(.*?);?\s*\/\/ => (.*)$/;

/** A module that exports `examples`: names, and functions that throw where an answer is another. */
export function program(given: readonly Documented[]): string {
  const names = publicNames().map(({ name }) => name);
  const used = new Set<string>();
  const parts = given.map(({ name, block }) => {
    const lines = exampleIn(block).map((line) => {
      for (const [word] of line.matchAll(/[A-Za-z_]\w*/g)) if (names.includes(word)) used.add(word);
      const [, space, expression, wanted] = arrow.exec(line) ?? [];
      return wanted === undefined ? line : `${space}same(${expression}, ${JSON.stringify(wanted)});`;
    });
    return `  ["${name}", async () => {\n${lines.map((line) => `    ${line}\n`).join("")}  }],\n`;
  });
  // What is imported and is a type is left out by tsc and by who strips types, where it is said so.
  const values = [...used].map((name) => (isType(name) ? `type ${name}` : name)).sort();
  return `import { ${values.join(", ")} } from ${JSON.stringify(join(root, "src/index.ts"))};
import { same } from ${JSON.stringify(join(root, "test/api/same.ts"))};

export const examples: readonly (readonly [string, () => Promise<void>])[] = [
${parts.join("")}];
`;
}

const types = new Set(
  [...readFileSync(join(root, "src/index.ts"), "utf8").matchAll(/^export type \{([^}]*)\}/gm)]
    .flatMap(([, names]) => names.split(",").map((name) => name.trim())),
);
const isType = (name: string): boolean => types.has(name);
