/** Other programs, and what they say. */
import { execFile } from "node:child_process";
import process from "node:process";

/** What `program` prints. @throws Error with all that it said, where it fails. */
export function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    // npm tells the programs that it starts how it was called: nothing of that is for the next one.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_(?!config_(registry|cache)$)/i.test(name)));
    execFile(program, args, { cwd, env, maxBuffer: 1 << 26, timeout: 600_000 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${program} ${args.join(" ")}\n${stdout}${stderr}`));
    });
  });
}
