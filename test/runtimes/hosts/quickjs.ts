/** QuickJS as a C program embeds it: the program of docs/hosts.md, with the files that the source archive of PyPI's `quickjs` holds. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { here } from "../build.ts";
import { Missing, inShell, reportIn, run, withoutWasm } from "../host.ts";
import type { Host } from "../host.ts";
import { fileOfGuide, polyfill } from "../recipes.ts";

/** Where the built program is kept from run to run. */
const folder: string = join(here, "node_modules/.quickjs");

/** The program's path, built unless it was before. @throws Error with what failed */
export async function embedded(): Promise<string> {
  const [path, from] = [join(folder, "embed"), join(folder, "built-from.txt")];
  const files = ["embed.c", "build.sh"].map((name) => [name, fileOfGuide(name)] as const);
  const made = files.map(([, text]) => text).join("");
  if (existsSync(path) && existsSync(from) && readFileSync(from, "utf8") === made) return path;
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  await run("sh", ["build.sh"], { cwd: folder, seconds: 600 });
  writeFileSync(from, made);
  return path;
}

export const quickJs: Host = {
  name: "QuickJS in a C program",
  quick: false,
  async find({ folder: work, script }) {
    const program = await embedded().catch((error: Error) => {
      throw new Missing(`it wants gcc, and pip for PyPI's quickjs 1.19.4: ${error.message.split("\n")[0].slice(0, 200)}`);
    });
    const [first, last] = [join(work, "es2022.js"), join(work, "shell.js")];
    writeFileSync(first, polyfill());
    writeFileSync(last, inShell);
    return {
      version: "2021-03-27",
      places: [{
        name: "", kernels: withoutWasm,
        run: async () => reportIn(await run(program, [first, script, last], { seconds: 600 })),
      }],
    };
  },
};
