#!/usr/bin/env bash
# Node 20 forgets what a loop counts, where there is a wait in it.
#
# A function of WebAssembly adds 1 to a local variable, waits a microsecond (memory.atomic.wait32, with a timeout), adds 1 to a word of
# memory, and goes on until that word is 10. By the specification it returns 10. Node 20.20.2 (V8 11.3, first compiler, Liftoff) returns
# 0: at the end of each pass the local variable has the value it had before the loop. With --no-liftoff it returns 10, and so do Node
# 22.21.1 and 24.11.1. A loop that ends by such a counter never ends. What helps: a function of its own that waits.
#
# Seen on x86-64 Linux, 2026-11-30:
#   v20.20.2: 0, without Liftoff 10
#   v22.21.1: 10
#   v24.11.1: 10
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat > count.mjs <<'JS'
import wabt from "wabt";
const text = `(module (memory 1 1 shared)
  (func (export "count") (result i32) (local $i i32)
    (loop $again
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 1000)))
      (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1)))
      (br_if $again (i32.lt_u (i32.atomic.load (i32.const 4)) (i32.const 10))))
    (local.get $i)))`;
const bytes = (await wabt()).parseWat("count.wat", text, { threads: true }).toBinary({}).buffer;
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
console.log(`${process.version}: ${exports.count()}`);
JS
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund wabt@1.0.37
for version in 20.20.2 22.21.1 24.11.1; do
  mkdir "node-$version"
  (cd "node-$version" && echo '{ "private": true }' > package.json && npm install --silent --no-audit --no-fund "node@$version")
done

said=$(
  node-20.20.2/node_modules/.bin/node count.mjs
  node-20.20.2/node_modules/.bin/node --no-liftoff count.mjs
  node-22.21.1/node_modules/.bin/node count.mjs
  node-24.11.1/node_modules/.bin/node count.mjs
)
echo "$said"
[ "$said" = "v20.20.2: 0
v20.20.2: 10
v22.21.1: 10
v24.11.1: 10" ] || { echo "this is no longer what was seen"; exit 1; }
