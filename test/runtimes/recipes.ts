/** The blocks of code on a page: their language, their text, and the file that their first line names ("// embed.c", "# build.sh"). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./build.ts";

export interface Block {
  readonly language: string;
  /** Undefined where the first line names none. */
  readonly file: string | undefined;
  readonly text: string;
  /** The heading that it stands under. */
  readonly heading: string;
}

export function blocks(page: string): readonly Block[] {
  const found: Block[] = [];
  let heading = "";
  for (const [, title, language, text] of page.matchAll(/^##+ (.+)$|^```(\w+)\n([\s\S]*?)^```$/gm)) {
    if (title !== undefined) heading = title;
    else {
      const [first] = text.split("\n", 1);
      const file = /^(?:\/\/|#|\/\*|<!--) ?([\w./-]+\.\w+)(?: \*\/| -->)?$/.exec(first)?.[1];
      found.push({ language, file, text, heading });
    }
  }
  return found;
}

/** The blocks of docs/hosts.md. */
export function guide(): readonly Block[] {
  return blocks(readFileSync(join(root, "docs/hosts.md"), "utf8"));
}

/** A file of docs/hosts.md. @throws Error where the page has none of this name */
export function fileOfGuide(name: string): string {
  const found = guide().find(({ file }) => file === name);
  if (found === undefined) throw new Error(`docs/hosts.md has no ${name}`);
  return found.text;
}

/** What old engines lack of ES2022. */
export const polyfill = (): string => fileOfGuide("es2022.js");
