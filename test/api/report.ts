/**
 * What a user can name, as text: read from the declarations that tsc emits. Declarations are taken whole, but for comments; what they name
 * and no entry exports comes last, for a change there is a change of the public face, too.
 */

/** One statement of a declaration file. */
export interface Declaration {
  readonly name: string;
  readonly text: string;
}

interface DeclarationFile {
  /** By name; overloads of one name are one. */
  readonly own: ReadonlyMap<string, Declaration>;
  /** What comes from elsewhere, by the name it has here: where it is from, and what it is called there. */
  readonly imported: ReadonlyMap<string, readonly [path: string, name: string]>;
  /** What goes out, by the name that others use: the name that it has here. */
  readonly exported: ReadonlyMap<string, string>;
  /** Files all of whose names go out. */
  readonly stars: readonly string[];
}

/** Reads a declaration file, by its path without an ending, such as "src/tensor". */
export type ReadDeclarations = (path: string) => string;

const joined = (from: string, relative: string): string => {
  const parts = from.split("/").slice(0, -1);
  for (const part of relative.replace(/(\.d)?\.[jt]s$/, "").split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
};

/** Statements begin in the first column, and go on in others or with a closing bracket. */
const statementsOf = (text: string): string[] => text.split(/\n(?=[^\s})\]])/).map((each) => each.trimEnd()).filter((each) => each !== "");

const declares = /^(export )?(?:declare )?(?:abstract )?(?:class|function|const|let|interface|type|enum) ([\w$]+)/;
const fromElsewhere = /^(import|export) (?:type )?\{([\s\S]*)\} from "([^"]+)";$/;
const wholeModule = /^import (?:type )?\* as (\w+) from "([^"]+)";$/;

/** @throws Error for a statement that is not known here */
export function parseDeclarations(path: string, text: string): DeclarationFile {
  const own = new Map<string, Declaration>();
  const imported = new Map<string, readonly [string, string]>();
  const exported = new Map<string, string>();
  const stars: string[] = [];
  for (const statement of statementsOf(text)) {
    const elsewhere = fromElsewhere.exec(statement);
    const declared = declares.exec(statement);
    const whole = wholeModule.exec(statement);
    const star = /^export \* from "([^"]+)";$/.exec(statement);
    if (statement === "export {};" || statement.startsWith("/// ")) continue;
    if (star !== null) stars.push(joined(path, star[1]));
    else if (whole !== null) imported.set(whole[1], [joined(path, whole[2]), "*"]);
    else if (elsewhere !== null || /^export (type )?\{/.test(statement)) {
      const [way, list, from] = elsewhere === null
        ? ["export", statement.slice(statement.indexOf("{") + 1, statement.lastIndexOf("}"))] as const
        : [elsewhere[1], elsewhere[2], elsewhere[3]] as const;
      for (const each of list.split(",").map((item) => item.trim().replace(/^type /, "")).filter((item) => item !== "")) {
        const [name, as = name] = each.split(" as ");
        // What goes on at once gets a name here that nothing else has.
        const here = from === undefined ? name : way === "import" ? as : `${as} of ${from}`;
        if (from !== undefined) imported.set(here, [joined(path, from), name]);
        if (way === "export") exported.set(as, here);
      }
    } else if (declared !== null) {
      const [, goesOut, name] = declared;
      const before = own.get(name);
      const shown = statement.replace(/^(export )?(declare )?/, "").replaceAll(/^ +/gm, (space) => " ".repeat(space.length / 2));
      own.set(name, { name, text: before === undefined ? shown : `${before.text}\n${shown}` });
      if (goesOut !== undefined) exported.set(name, name);
    } else throw new Error(`${path}: a statement that the report does not know: ${statement.slice(0, 100)}`);
  }
  return { own, imported, exported, stars };
}

export interface Entry {
  /** As a user imports it. */
  readonly name: string;
  readonly path: string;
}

/** @returns pages by name: what senet itself exports, what its other entries do, and what these name */
export function report(entries: readonly Entry[], read: ReadDeclarations): ReadonlyMap<string, string> {
  const files = new Map<string, DeclarationFile>();
  const file = (path: string): DeclarationFile => {
    const known = files.get(path);
    if (known !== undefined) return known;
    const parsed = parseDeclarations(path, read(path));
    const [imported, exported] = [new Map(parsed.imported), new Map(parsed.exported)];
    for (const star of parsed.stars) {
      for (const name of file(star).exported.keys()) {
        if (exported.has(name)) continue;
        imported.set(`${name} of ${star}`, [star, name]);
        exported.set(name, `${name} of ${star}`);
      }
    }
    const whole = { ...parsed, imported, exported };
    files.set(path, whole);
    return whole;
  };
  /** Where a name of a file stands. Undefined for names of the language. */
  const find = (path: string, name: string): readonly [string, Declaration] | undefined => {
    const { own, imported } = file(path);
    const from = imported.get(name);
    if (from === undefined) return own.has(name) ? [path, own.get(name)!] : undefined;
    const there = file(from[0]).exported.get(from[1]);
    return there === undefined ? undefined : find(from[0], there);
  };
  const told = new Set<Declaration>();
  const named: (readonly [string, Declaration])[] = [];
  /** Declarations that were not told yet, below the files that they stand in. */
  const tell = (found: readonly (readonly [string, Declaration])[]): string => {
    const byFile = new Map<string, string[]>();
    for (const [path, declaration] of found) {
      if (told.has(declaration)) continue;
      told.add(declaration);
      named.push([path, declaration]);
      byFile.set(path, [...(byFile.get(path) ?? []), declaration.text]);
    }
    const paths = [...byFile.keys()].sort();
    return paths.map((path) => `\n# ${path}.ts\n\n${byFile.get(path)!.join("\n")}\n`).join("");
  };
  const exportsOf = ({ name, path }: Entry): (readonly [string, string, Declaration])[] =>
    [...file(path).exported].sort(([a], [b]) => (a < b ? -1 : 1)).map(([as, here]) => {
      const found = find(path, here);
      if (found === undefined) throw new Error(`${name} exports ${as}, which stands nowhere`);
      return [as, ...found];
    });
  const listed = (entry: Entry): string => `## ${entry.name}\n${exportsOf(entry).map(([as]) => `  ${as}\n`).join("")}`;
  const page = (some: readonly Entry[]): string =>
    some.map(listed).join("\n") + tell(some.flatMap((entry) => exportsOf(entry).map(([, path, found]) => [path, found] as const)));

  const pages = new Map([["senet.txt", page(entries.slice(0, 1))], ["other-entries.txt", page(entries.slice(1))]]);
  let rest: (readonly [string, Declaration])[] = [];
  // `named` grows as declarations are told.
  const seen = new Set<Declaration>();
  for (let i = 0; i < named.length; i++) {
    const [path, { text }] = named[i];
    for (const [word] of text.matchAll(/[A-Za-z_$][\w$]*/g)) {
      const found = find(path, word);
      if (found === undefined || told.has(found[1]) || seen.has(found[1])) continue;
      seen.add(found[1]);
      rest.push(found);
      named.push(found);
    }
  }
  rest = rest.sort(([a, { name }], [b, { name: other }]) => (a === b ? (name < other ? -1 : 1) : a < b ? -1 : 1));
  return pages.set("named.txt", tell(rest).trimStart());
}
