/** senet worker: the script that workers run, as a file to serve beside a page. */
import { encodeUtf8 } from "../../io/bytes/utf8.ts";
import { workerFile } from "../../session/threads/worker-file.ts";
import type { Command } from "../command.ts";
import { writeBytes } from "../files.ts";
import { options } from "../options.ts";
import { print, thousands } from "../terminal.ts";

export const workerCommand: Command = {
  name: "worker",
  usage: "--out pool-worker.js",
  help: "writes the script that workers run, for pages whose policy forbids those made of a text: setWorkers(\"/pool-worker.js\")",
  options: { out: options.out },
  positionals: { least: 0, most: 0 },
  run(args) {
    const out = args.required("out");
    const bytes = encodeUtf8(workerFile());
    writeBytes(out, bytes);
    print(`${out}: ${thousands(bytes.length)} bytes`);
  },
};
