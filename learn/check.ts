/**
 * Checks the exercises: `npx tsx learn/check.ts` yours, `npx tsx learn/check.ts 3` the third alone, `--solutions` the solutions. Code 1
 * where one is not right yet.
 */
import process from "node:process";
import { checks } from "./shared/checks.ts";

const args = process.argv.slice(2);
const folder = args.includes("--solutions") ? "solutions" : "exercises";
const wanted = args.filter((arg) => !arg.startsWith("--"));
let [right, wrong] = [0, 0];
for (const [name, check] of Object.entries(checks)) {
  if (wanted.length > 0 && !wanted.includes(name[0])) continue;
  try {
    (check as (module: unknown) => void)(await import(`./${folder}/${name}.ts`));
    right++;
    console.log(`[x] ${name}`);
  } catch (error) {
    wrong++;
    console.log(`[ ] ${name}: ${(error as Error).message}`);
  }
}
console.log(`\n${right} of ${right + wrong} right. They lie in learn/${folder}; npx tsx learn/check.ts 1 checks the first alone.`);
process.exitCode = wrong === 0 ? 0 : 1;
