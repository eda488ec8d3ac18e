#!/usr/bin/env bash
# A program that awaits Atomics.waitAsync with a timeout ends before the timeout, on Node and Deno; on Bun it waits.
#
# Node 20.20.2 and 26.10.0 (npm package node), Deno 2.9.6 (npm), Bun 1.4.5 (npm), seen 2026-12-01. Guess from memory: a wait with a
# timeout is like setTimeout: the engine knows when it ends, so the program lives until then, and "timed-out" is printed. Seen, for
#
#   console.log(await Atomics.waitAsync(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500).value)
#
#   Node 20, 26    ends at once with code 13 and "unsettled top-level await"
#   Deno           ends at once with code 1 and "Top-level await promise never resolved"
#   Bun            prints "timed-out" after half a second
#
# With any timer beside it all four print "timed-out". So a program of threads whose main thread waits that way for a worker that was
# unref'ed, or that has just died, is not late but gone; a test of such a timeout passes on Bun alone. Exits 1 where that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' > package.json
for version in 20.20.2 26.10.0; do npm install --silent --no-audit --no-fund --prefix "node-$version" "node@$version"; done
npm install --silent --no-audit --no-fund deno@2.9.6 bun@1.4.5
echo 'console.log(await Atomics.waitAsync(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500).value);' > alone.mjs
{ echo 'const timer = setInterval(() => {}, 100);'; cat alone.mjs; echo 'clearInterval(timer);'; } > beside.mjs
expect() {   # NAME CODE COMMAND...: what alone.mjs prints and ends with
  local name=$1 wanted=$2 code=0 text
  shift 2
  text=$("$@" alone.mjs 2> /dev/null) || code=$?
  echo "$name: alone code $code \"$text\", beside a timer \"$("$@" beside.mjs)\""
  [ "$code" = "$wanted" ]
  [ "$("$@" beside.mjs)" = "timed-out" ]
  if [ "$wanted" = 0 ]; then [ "$text" = "timed-out" ]; else [ -z "$text" ]; fi
}
expect "Node 20.20.2" 13 node-20.20.2/node_modules/.bin/node
expect "Node 26.10.0" 13 node-26.10.0/node_modules/.bin/node
expect "Deno 2.9.6" 1 node_modules/.bin/deno run --quiet
expect "Bun 1.4.5" 0 node_modules/.bin/bun
echo "as described"
