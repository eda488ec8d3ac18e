/**
 * Every public function, given a wrong kind for each of its arguments in turn: it throws one of our own errors, which names the argument.
 * The functions are listed by what package.json exports: one that no table here has is a failure.
 */
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Module } from "../../src/nn/module.ts";
import { fileJson } from "../support/files.ts";
import type { Entry } from "./entry.ts";
import { kernels } from "./kernels.ts";
import { models } from "./models.ts";
import { nn } from "./nn.ts";
import { sessions } from "./sessions.ts";
import { training } from "./training.ts";
import { files } from "./files.ts";
import { faultOf, wrongValues } from "./wrong.ts";
import type { Argument } from "./wrong.ts";
import { exempt, inner, isExempt } from "./exempt.ts";

const tables: readonly Entry[] = [...nn, ...training, ...sessions, ...files, ...models, ...kernels];

/** What `call` says of arguments of which one is wrong; undefined where that is right. */
async function judged(
  entry: Entry,
  args: readonly unknown[],
  argument: Argument,
  wrong: string,
  allowed: boolean,
  part?: string,
): Promise<string | undefined> {
  const what = `${entry.name}: ${part ?? String(argument.name)} = ${wrong}`;
  const names = part === undefined ? [argument.name] : [part, ...(wrong === "misspelt" ? [] : [argument.name])];
  try {
    await entry.call(...(args as never[]));
  } catch (error) {
    const fault = faultOf(error, allowed && !(error instanceof TypeError) ? [/./] : names);
    return fault === undefined ? undefined : `${what}: ${fault}`;
  }
  return allowed ? undefined : `${what}: taken without a word`;
}

async function faultsOf(entry: Entry): Promise<string[]> {
  const faults: (string | undefined)[] = [];
  const good = (): unknown[] => entry.arguments.map((argument) => argument.good());
  try {
    await entry.call(...(good() as never[]));
  } catch (error) {
    return [`${entry.name}: right arguments are refused: ${(error as Error).stack}`];
  }
  for (const [i, argument] of entry.arguments.entries()) {
    for (const [wrong, make] of Object.entries(wrongValues)) {
      if (argument.spared?.includes(wrong) === true) continue;
      const args = good();
      args[i] = make();
      faults.push(await judged(entry, args, argument, wrong, argument.kind.includes(wrong)));
    }
    if (argument.parts === undefined) continue;
    for (const [part, { kind }] of Object.entries(argument.parts)) {
      for (const [wrong, make] of Object.entries(wrongValues)) {
        if (argument.spared?.includes(wrong) === true) continue;
        const args = good();
        args[i] = { ...(args[i] as object), [part]: make() };
        faults.push(await judged(entry, args, argument, wrong, kind.includes(wrong), part));
      }
    }
    if (argument.open === true) continue;
    const first = Object.keys(argument.parts)[0];
    const misspelt = `${first}z`;
    const args = good();
    args[i] = { ...(args[i] as object), [misspelt]: 1 };
    faults.push(await judged(entry, args, argument, "misspelt", false, misspelt));
  }
  return faults.filter((fault) => fault !== undefined);
}

const chosen = process.env.PUBLIC;
for (const entry of tables) {
  if (chosen !== undefined && !entry.name.includes(chosen)) continue;
  test(entry.name, async () => {
    const faults = await faultsOf(entry);
    assert.ok(faults.length === 0, `\n${faults.join("\n")}`);
  });
}

type Exports = Readonly<Record<string, string | { readonly default: string }>>;

/** What a class has that is called with arguments, by anyone but other modules. */
function methodsOf(of: { readonly prototype: object }): [string, unknown][] {
  return [of, of.prototype]
    .flatMap((holder) => Object.entries(Object.getOwnPropertyDescriptors(holder)))
    .flatMap(([key, { value }]): [string, unknown][] => {
      if (typeof value !== "function" || key === "constructor" || key === "prototype" || inner.has(key)) return [];
      const text = Function.prototype.toString.call(value);
      return /^[^(]*\(\s*\)/.test(text) ? [] : [[key, value]];
    });
}

test("every function that the package exports stands in a table", async () => {
  const covered = new Set<unknown>([...tables.map(({ of }) => of), ...exempt.keys()]);
  const missing = new Set<string>();
  for (const [path, target] of Object.entries(fileJson<{ exports: Exports }>("../package.json").exports)) {
    if (typeof target === "string" || isExempt(path)) continue;
    const source = target.default.replace("./dist/", "../../").replace(/\.js$/, ".ts");
    const module = (await import(new URL(source, import.meta.url).href)) as Readonly<Record<string, unknown>>;
    for (const [name, value] of Object.entries(module)) {
      if (typeof value !== "function") continue;
      const isClass = /^class /.test(Function.prototype.toString.call(value));
      // Networks are made by createModel, of options that it has read; what they do is what every module does.
      if (isClass && value.prototype instanceof Module && path.startsWith("./models/")) continue;
      if (!covered.has(value)) missing.add(`${path} ${name}`);
      for (const [key, member] of isClass ? methodsOf(value as unknown as { prototype: object }) : []) {
        if (!covered.has(member)) missing.add(`${path} ${name}.${key}`);
      }
    }
  }
  assert.is(missing.size, 0, [...missing].join("\n"));
});

test.run();
