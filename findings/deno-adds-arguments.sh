#!/usr/bin/env bash
# Deno 2.9.6 (npm), its node:child_process: arguments that were handed to another program come out changed.
#
# Guess from memory: execFile(file, args) starts `file` with exactly `args`, as Node does, whatever they are.
# Seen: where `file` is a shell and one of `args` after the script is the path of Deno itself (process.execPath), Deno takes the
# next argument for a script that it is to run, and puts "run -A --unstable-bare-node-builtins --unstable-detect-cjs" before it,
# though the shell only prints its arguments:
#
#   execFile("/bin/sh", ["-c", 'echo "$@"', "sh", "a b", process.execPath, "c"])
#     Node 20:     a b /usr/bin/node c
#     Deno 2.9.6:  a b .../deno run -A --unstable-bare-node-builtins --unstable-detect-cjs c
#
# With `exec "$RUNTIME" "$@"` and the path in the environment nothing is changed; without `exec` the script is, and "$@" reaches
# Deno as these two letters. Whoever pipes into a command line by way of a shell meets it.
# Exits 1 where the output differs from this.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund deno@2.9.6
cat > ask.mjs <<'JS'
import { execFile } from "node:child_process";
import process from "node:process";
const env = { ...process.env, RUNTIME: process.execPath };
const shell = (script, ...args) => new Promise((resolve) => {
  execFile("/bin/sh", ["-c", script, "sh", ...args], { env }, (error, out, errors) => resolve(error === null ? out : errors));
});
const named = (text) => text.replaceAll(process.execPath, "RUNTIME").trim();
console.log(named(await shell('echo "$@"', "a b", process.execPath, "c")));
console.log(named(await shell('exec "$RUNTIME" "$@"', "eval", "console.log(1)")));
console.log(/Module not found .*\$@/.exec(await shell('"$RUNTIME" "$@"', "eval", "console.log(1)")) === null ? "other" : 'looks for "$@"');
JS
NO_COLOR=1 node_modules/.bin/deno run --allow-all --quiet ask.mjs | tee seen
cat > wanted <<'TEXT'
a b RUNTIME run -A --unstable-bare-node-builtins --unstable-detect-cjs c
1
looks for "$@"
TEXT
cmp seen wanted
node ask.mjs > node-seen
grep -qx 'a b RUNTIME c' node-seen
echo "as described"
