/**
 * The examples of public names: what stands after `@example` in the block of each export of an entry. A line that ends in "// => text" is
 * compared with what its expression gives. Names of the entry need no import there, nor do those of src/index.ts.
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
  /** Nothing is left of it when the program runs. */
  readonly isType: boolean;
}

/** A path that the package publishes, such as senet/io/png. */
export interface Entry {
  readonly path: string;
  readonly file: string;
  readonly names: readonly Documented[];
}

/** What an export is called where it stands, and the block before it. @throws Error where it is not exported */
function documented(file: string, name: string): Documented {
  const source = readFileSync(join(root, file), "utf8");
  const found = new RegExp(`^export (?:declare )?(?:abstract )?(?:async )?(class|function|const|interface|type) ${name}\\b`, "m")
    .exec(source);
  if (found === null) {
    const from = new RegExp(`^export (?:type )?\\{[^}]*\\b${name}\\b[^}]*\\} from "([^"]+)"`, "m").exec(source);
    if (from === null) throw new Error(`${file} does not export ${name}`);
    return documented(normalize(join(dirname(file), from[1])), name);
  }
  const before = source.slice(0, found.index).trimEnd();
  const block = before.endsWith("*/") ? before.slice(before.lastIndexOf("/**")) : "";
  return { name, file, block, isType: found[1] === "interface" || found[1] === "type" };
}

function wholePackage(): Entry {
  const file = "src/index.ts";
  const source = readFileSync(join(root, file), "utf8");
  const names = [...source.matchAll(/^export (?:type )?\{([^}]*)\} from "([^"]+)"/gm)].flatMap(([, list, from]) =>
    list.split(",").map((name) => name.trim()).filter((name) => name !== "")
      .map((name) => documented(normalize(join("src", from)), name)));
  return { path: "senet", file, names };
}

/**
 * The entries whose exports have examples, senet first: all but families of networks, each of which is an example of its own
 * (`createModel`), and kernels, which have the contract of kernels/contract.ts in common. What senet exports, too, stands there only.
 */
export function entries(): readonly [Entry, ...Entry[]] {
  const whole = wholePackage();
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { exports: Record<string, { default: string }> };
  // Held to what is exported by test/api/main.ts.
  const listed = readFileSync(join(root, "docs/api/other-entries.txt"), "utf8");
  const others = listed.split(/^## /m).slice(1).flatMap((part): Entry[] => {
    const [path, ...lines] = part.split("\n");
    if (/^senet\/(models\/|kernels\/)/.test(path)) return [];
    const file = exports[path.replace("senet", ".")].default.replace(/^\.\/dist\/(.+)\.js$/, "$1.ts");
    const names = lines.flatMap((line) => /^ {2}(\w+)$/.exec(line)?.[1] ?? []).map((name) => documented(file, name));
    return [{ path, file, names: names.filter((each) => !whole.names.some((one) => one.name === each.name && one.file === each.file)) }];
  });
  return [whole, ...others];
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
export function program(entry: Entry, whole: Entry): string {
  const used = new Set<string>();
  const parts = entry.names.map(({ name, block }) => {
    const lines = exampleIn(block).map((line) => {
      for (const [word] of line.matchAll(/[A-Za-z_]\w*/g)) used.add(word);
      const [, space, expression, wanted] = arrow.exec(line) ?? [];
      return wanted === undefined ? line : `${space}same(${expression}, ${JSON.stringify(wanted)});`;
    });
    return `  ["${name}", async () => {\n${lines.map((line) => `    ${line}\n`).join("")}  }],\n`;
  });
  const own = new Set(entry.names.map(({ name }) => name));
  // What is imported and is a type is left out by tsc and by who strips types, where it is said so.
  const imported = ({ file, names }: Entry, from: readonly Documented[] = names): string => {
    const words = from.filter(({ name }) => used.has(name)).map(({ name, isType }) => (isType ? `type ${name}` : name));
    return `import { ${words.sort().join(", ")} } from ${JSON.stringify(join(root, file))};\n`;
  };
  const others = entry === whole ? "" : imported(whole, whole.names.filter(({ name }) => !own.has(name)));
  return `${imported(entry)}${others}import { same } from ${JSON.stringify(join(root, "test/api/same.ts"))};

export const examples: readonly (readonly [string, () => Promise<void>])[] = [
${parts.join("")}];
`;
}
