/**
 * The blocks of code on a page: their language, their text, and the file that is named after the language ("```js app.js") or by their
 * first line ("// embed.c", "# build.sh").
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./build.ts";

export interface Block {
  readonly language: string;
  /** Undefined where none is named. */
  readonly file: string | undefined;
  readonly text: string;
  /** The heading that it stands under. */
  readonly heading: string;
}

export function blocks(page: string): readonly Block[] {
  const found: Block[] = [];
  let heading = "";
  for (const [, title, language, named, text] of page.matchAll(/^##? (.+)$|^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm)) {
    if (title !== undefined) heading = title;
    else {
      const [first] = text.split("\n", 1);
      const file = named ?? /^(?:\/\/|#|\/\*|<!--) ?([\w./-]+\.\w+)(?: \*\/| -->)?$/.exec(first)?.[1];
      found.push({ language, file, text, heading });
    }
  }
  return found;
}

/** The blocks of docs/hosts.md and of the pages in docs/hosts. */
export function guide(): readonly Block[] {
  const pages = readdirSync(join(root, "docs/hosts")).filter((name) => name.endsWith(".md")).map((name) => `hosts/${name}`);
  return ["hosts.md", ...pages].flatMap((page) => blocks(readFileSync(join(root, "docs", page), "utf8")));
}

/** A file of the guide. @throws Error where it has none of this name */
export function fileOfGuide(name: string): string {
  const found = guide().find(({ file }) => file === name);
  if (found === undefined) throw new Error(`docs/hosts has no ${name}`);
  return found.text;
}

/** The commands under a heading of the guide. @throws Error where there are none */
export function commandsOfGuide(heading: string): string {
  const found = guide().find((block) => block.heading === heading && block.language === "sh" && block.file === undefined);
  if (found === undefined) throw new Error(`docs/hosts has no commands under "${heading}"`);
  return found.text;
}

/** What old engines lack of ES2022. */
export const polyfill = (): string => fileOfGuide("es2022.js");
