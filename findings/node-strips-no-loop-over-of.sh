#!/usr/bin/env bash
# A variable that is called `of` in the head of a for-of loop: valid JavaScript and TypeScript, which Node's own type stripping cannot read.
#
# Node 26.10.0 (npm package node), TypeScript 7.0.2, esbuild 0.28.2, seen 2026-12-01. Guess from memory: `of` is no reserved word, so
# `for (const of of [1, 2])` runs wherever TypeScript runs; the specification forbids only `for (let of ...)`.
# Seen: as JavaScript (.mjs) Node runs it; tsc and esbuild take the same text as TypeScript; Node given the .ts file itself refuses it with
# ERR_INVALID_TYPESCRIPT_SYNTAX, "Variable declaration list cannot be empty". Exits 1 where that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund node@26.10.0 typescript@7.0.2 esbuild@0.28.2
text='let sum = 0; for (const of of [1, 2]) sum += of; if (sum !== 3) throw new Error("sum");'
echo "$text" > loop.mjs
echo "$text export {};" > loop.ts
node=node_modules/.bin/node
"$node" --version
"$node" loop.mjs && echo "as JavaScript: runs"
node_modules/.bin/tsc --noEmit --target es2022 --module esnext --ignoreConfig loop.ts && echo "tsc: no error"
node_modules/.bin/esbuild loop.ts --log-level=error > built.mjs && "$node" built.mjs && echo "esbuild: takes it, and its output runs"
if "$node" loop.ts 2> errors; then
  echo "Node runs the .ts file now"
  exit 1
fi
grep -q 'ERR_INVALID_TYPESCRIPT_SYNTAX' errors
grep -q 'Variable declaration list cannot be empty' errors
echo "as TypeScript: ERR_INVALID_TYPESCRIPT_SYNTAX, as described"
