#!/usr/bin/env bash
# One function of WebAssembly with one relaxed vector instruction gives other numbers at its thirtieth call than at its first, in Bun.
#
# Node 26.10.0, Deno 2.9.6, Bun 1.4.5 (npm packages all), wabt 1.0.39, x86-64 with FMA3, seen 2026-12-01. Guess from memory: what the
# relaxed instructions leave open is settled once, by the processor, so that engines on one machine agree, and a result seen once stays.
# Seen, on one machine, for the first call and after a hundred thousand:
#
#                                              Node, Deno: always   Bun: first           Bun: later
#   relaxed_trunc_f32x4_s of NaN, 3e9          -2^31, -2^31         -2^31, -2^31         0, 2^31 - 1
#   relaxed_trunc_f32x4_u of 3e9               3000000000           2147483648           3000000000
#   relaxed_laneselect, masks 1 and 2^31 - 1   lanes: 0, 0          bytes: 0, 2^24 - 1   bits: 1, 2^31 - 1
#   relaxed_madd, (1 + e)^2 - 1, e = 2^-12     2e + e^2: fused      2e: not fused        2e
#
# JavaScriptCore's compilers settle it each in its own way, and a function moves from one to the next while it runs; 3e9 fits into 32
# bits, so there nothing was left open. A check of a kernel at start-up, which runs it a few times, tests another compiler than the one
# that will run it for hours. Exits 1 where that changes.
set -euo pipefail
if ! grep -qw fma /proc/cpuinfo; then echo "this processor has no FMA3"; exit 1; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund node@26.10.0 deno@2.9.6 bun@1.4.5 wabt@1.0.39
cat > table.mjs <<'JS'
import make from "wabt";

const { parseWat } = await make();

/** One instruction on vectors of four numbers: what it gives at the first call, and at the last of many. */
function twice(name, operands, Result) {
  const loads = operands.map((_, i) => `(v128.load (i32.const ${16 * i}))`).join(" ");
  const text = `(module (memory (export "memory") 1) (func (export "run") (v128.store (i32.const 64) (${name} ${loads}))))`;
  const { buffer } = parseWat("one.wat", text, { simd: true, relaxed_simd: true }).toBinary({});
  const { memory, run } = new WebAssembly.Instance(new WebAssembly.Module(buffer)).exports;
  operands.forEach((operand, i) => new Uint8Array(memory.buffer, 16 * i, 16).set(new Uint8Array(operand.buffer)));
  const seen = () => [...new Result(memory.buffer, 64, 2)];
  run();
  const first = seen();
  for (let turn = 0; turn < 50; turn++) {
    const until = performance.now() + 10;   // compilers work beside it
    while (performance.now() < until) for (let i = 0; i < 1000; i++) run();
  }
  return [first, seen()];
}

const floats = (...values) => Float32Array.from({ length: 4 }, (_, i) => values[i] ?? 0);
const ints = (...values) => Int32Array.from({ length: 4 }, (_, i) => values[i] ?? 0);
const e = 2 ** -12;
console.log(JSON.stringify({
  signed: twice("i32x4.relaxed_trunc_f32x4_s", [floats(NaN, 3e9)], Int32Array),
  unsigned: twice("i32x4.relaxed_trunc_f32x4_u", [floats(3e9, 1)], Uint32Array),
  select: twice("i32x4.relaxed_laneselect", [ints(-1, -1), ints(), ints(1, 2 ** 31 - 1)], Int32Array),
  fused: twice("f32x4.relaxed_madd", [floats(1 + e), floats(1 + e), floats(-1)], Float32Array).map(([sum]) => sum === 2 * e + e * e),
}));
JS
v8='{"signed":[[-2147483648,-2147483648],[-2147483648,-2147483648]],"unsigned":[[3000000000,1],[3000000000,1]],'
v8+='"select":[[0,0],[0,0]],"fused":[true,true]}'
jsc='{"signed":[[-2147483648,-2147483648],[0,2147483647]],"unsigned":[[2147483648,1],[3000000000,1]],'
jsc+='"select":[[0,16777215],[1,2147483647]],"fused":[false,false]}'
same=0
expect() {   # NAME WANTED COMMAND...
  local name=$1 wanted=$2 seen
  shift 2
  seen=$("$@" table.mjs)
  echo "$name $seen"
  if [ "$seen" != "$wanted" ]; then same=1; fi
}
expect "Node 26.10.0" "$v8" node_modules/.bin/node
expect "Deno 2.9.6" "$v8" node_modules/.bin/deno run --quiet --allow-all
expect "Bun 1.4.5" "$jsc" node_modules/.bin/bun
if [ "$same" = 0 ]; then echo "as described"; else exit 1; fi
