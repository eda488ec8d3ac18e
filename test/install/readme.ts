/** README's programs: every block of TypeScript in it, whole, as a user copies it. */
import { readFileSync } from "node:fs";

export interface Program {
  /** The heading it stands under, and its number there: "five-lines-1". */
  readonly name: string;
  readonly text: string;
}

export function readmePrograms(path: string): readonly Program[] {
  const programs: Program[] = [];
  let heading = "";
  let count = 0;
  for (const [, title, block] of readFileSync(path, "utf8").matchAll(/^## (.+)$|^```ts\n([\s\S]*?)^```$/gm)) {
    if (title !== undefined) {
      heading = title.toLowerCase().replace(/[^a-z]+/g, "-");
      count = 0;
    } else programs.push({ name: `${heading}-${++count}`, text: block });
  }
  return programs;
}
