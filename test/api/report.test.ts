/** The report of what the package exports: each change of a declaration that a user can name shows in it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { report } from "./report.ts";

const files: Readonly<Record<string, string>> = {
  "src/index": `export { Tensor as Array } from "./tensor.ts";
export type { Options } from "./options.ts";
export * from "./more.ts";
`,
  "src/tensor": `import type { Options } from "./options.ts";
/// <reference lib="esnext.disposable" />
export declare class Tensor {
    #private;
    readonly size: number;
    constructor(options: Options);
}
export declare const unseen: number;
`,
  "src/options": `import type { Inner as Within } from "./inner.ts";
export interface Options {
    readonly within: Within;
}
export {};
`,
  "src/inner": `interface Inner {
    readonly a: 1;
}
interface Other {
    readonly b: 1;
}
export type { Inner, Other };
`,
  "src/more": `export declare function more(x: number): void;
export declare function more(x: string): void;
`,
  "src/lean": `export { Tensor } from "./tensor.ts";
export declare const lean: true;
`,
};

const entries = [{ name: "senet", path: "src/index" }, { name: "senet/lean", path: "src/lean" }];
const all = (given: Readonly<Record<string, string>>): string =>
  [...report(entries, (path) => given[path])].map(([name, text]) => `=== ${name}\n${text}`).join("");

test("names, declarations by file, and what they name", () => {
  assert.is(all(files), `=== senet.txt
## senet
  Array
  Options
  more

# src/more.ts

function more(x: number): void;
function more(x: string): void;

# src/options.ts

interface Options {
  readonly within: Within;
}

# src/tensor.ts

class Tensor {
  #private;
  readonly size: number;
  constructor(options: Options);
}
=== other-entries.txt
## senet/lean
  Tensor
  lean

# src/lean.ts

const lean: true;
=== named.txt
# src/inner.ts

interface Inner {
  readonly a: 1;
}
`);
});

const changes: readonly (readonly [what: string, file: string, from: string, to: string])[] = [
  ["a field of a type that is only named", "src/inner", "a: 1", "a: 2"],
  ["an argument", "src/more", "x: string", "x: bigint"],
  ["an overload", "src/more", "export declare function more(x: string): void;\n", ""],
  ["the name of an export", "src/index", "as Array", "as Cube"],
  ["a name that comes with all of a file", "src/more", "declare function more(x: number)", "declare function other(x: number)"],
  ["an entry's own", "src/lean", "lean: true", "lean: false"],
];
for (const [what, file, from, to] of changes) {
  test(`changes with ${what}`, () => {
    const changed = { ...files, [file]: files[file].replace(from, to) };
    assert.is.not(changed[file], files[file]);
    assert.is.not(all(changed), all(files));
  });
}

test("does not change with what nobody can name", () => {
  assert.is(all({ ...files, "src/tensor": files["src/tensor"].replace("unseen", "hidden") }), all(files));
  assert.is(all({ ...files, "src/inner": files["src/inner"].replace("b: 1", "b: 2") }), all(files));
});

test("a statement that it does not know, and a name that stands nowhere, are errors", () => {
  assert.throws(() => all({ ...files, "src/more": "export = 1;\n" }), /src\/more: a statement that the report does not know: export = 1;/);
  assert.throws(() => all({ ...files, "src/tensor": "export {};\n" }), /senet exports Array, which stands nowhere/);
});

test.run();
