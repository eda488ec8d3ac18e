/**
 * Every instruction of the table runs, and gives what TypeScript says it should. An instruction without a case, and a case without
 * an instruction, fail. Relaxed instructions run where the host has them; everywhere their bytes are compared with the specification.
 */
import "../../../kernels/wasm/assembler/checks/checked.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ALL } from "../../../kernels/wasm/assembler/opcodes-all.ts";
import { CONTROL, instructionsOf } from "../../../kernels/wasm/assembler/opcodes.ts";
import type { GroupName, Instruction } from "../../../kernels/wasm/assembler/opcodes.ts";
import { ModuleBuilder } from "../../../kernels/wasm/assembler/module-builder.ts";
import { namesOf } from "../../../kernels/wasm/assembler/types.ts";
import type { ValueType } from "../../../kernels/wasm/assembler/types.ts";
import type { Case, Cases } from "./case.ts";
import { constantChecks, controlChecks } from "./control-cases.ts";
import { floatCases, moveCases } from "./float-cases.ts";
import { integerCases } from "./integer-cases.ts";
import { emit, hex, start, trapped } from "./lab.ts";
import { bank, readLane, same, sequence, sizeOf, tuples, writeLane } from "./lanes.ts";
import type { Lane } from "./lanes.ts";
import { memoryChecks } from "./memory-cases.ts";
import { relaxedBytes, relaxedCases } from "./relaxed-cases.ts";

const instructions = new Map<string, Instruction>(
  (Object.keys(ALL) as GroupName[]).flatMap((group) => instructionsOf(group, ALL).map((op) => [op.name, op] as const)));
const cases: Cases = { ...integerCases, ...floatCases, ...moveCases, ...relaxedCases };
const checks = { ...memoryChecks, ...constantChecks, ...controlChecks };

const OPERANDS = 256;
const RESULT = 64;

/** One function for each lane index: operands from memory, the instruction, its result to memory. */
function moduleFor(op: Instruction, lanes: number): Uint8Array<ArrayBuffer> {
  const m = new ModuleBuilder(op.name, ALL);
  m.export(m.memory({ minimum: 1 }));
  const operands = op.operands.map((code) => namesOf([code]) as ValueType);
  const [result] = op.results.map((code) => namesOf([code]) as ValueType);
  for (let lane = 0; lane < lanes; lane++) {
    m.func(`lane${lane}`, { export: true }, (f) => {
      f.i32.const(RESULT);
      operands.forEach((type, i) => {
        f.i32.const(OPERANDS + 16 * i);
        emit(f, `${type}.load`);
      });
      if (op.immediate === "lane") emit(f, op.name, lane);
      else emit(f, op.name);
      emit(f, `${result}.store`);
    });
  }
  return m.toBytes();
}

const BYTES_OF: Readonly<Record<string, number>> = { i32: 4, i64: 8, f32: 4, f64: 8, v128: 16 };

/** Operands as lanes: tuples of interesting values, as many as fill whole vectors. */
function* operandSets(op: Instruction, { takes, choose }: Case): Generator<Lane[][]> {
  const all = choose === undefined ? tuples(takes) : chosen(takes.map((kind, i) => choose[i] ?? bank(kind)));
  const counts = op.operands.map((code, i) => BYTES_OF[namesOf([code])] / sizeOf(takes[i]));
  const most = Math.max(...counts);
  const sets = Math.max(Math.ceil(all.length / most), 24);
  for (let set = 0; set < sets; set++) {
    yield counts.map(
      (count, i) => Array.from({ length: count }, (_, lane) => all[(set * most + Math.floor((lane * most) / count)) % all.length][i]),
    );
  }
}

function chosen(values: readonly (readonly Lane[])[]): Lane[][] {
  const next = sequence(values.length);
  return Array.from({ length: 2000 }, () => values.map((each) => each[next() % each.length]));
}

function show(lanes: readonly unknown[]): string {
  return `[${lanes.map(String).join(" ")}]`;
}

function runCase(op: Instruction, each: Case): void {
  const lanes = each.lanes ?? 1;
  const lab = start(moduleFor(op, lanes));
  const view = lab.view();
  let compared = 0;
  for (const operands of operandSets(op, each)) {
    for (let lane = 0; lane < lanes; lane++) {
      operands.forEach(
        (values, i) => values.forEach((value, j) => writeLane(view, OPERANDS + 16 * i + j * sizeOf(each.takes[i]), each.takes[i], value)),
      );
      const run = lab.exports[`lane${lane}`];
      const expected = each.compute(operands, lane);
      const what = `${op.name} of ${operands.map(show).join(" ")}${lanes > 1 ? `, lane ${lane}` : ""}`;
      compared++;
      if (expected === undefined) {
        assert.ok(trapped(run), `${what} traps`);
        continue;
      }
      run();
      expected.forEach((wanted, i) => {
        // Written and read once, so that it has the precision and range of its type.
        const allowed = (Array.isArray(wanted) ? wanted : [wanted]).map((value: Lane) => {
          writeLane(view, RESULT + 32, each.gives, value);
          return readLane(view, RESULT + 32, each.gives);
        });
        const got = readLane(view, RESULT + i * sizeOf(each.gives), each.gives);
        assert.ok(allowed.some((value: Lane) => same(value, got)), `${what}: lane ${i} is ${got}, not ${show(allowed)}`);
      });
    }
  }
  assert.ok(compared >= 5);
}

const relaxedRuns = typeof WebAssembly !== "undefined" && WebAssembly.validate(moduleFor(instructions.get("f32x4.relaxed_madd")!, 1));

for (const [name, each] of Object.entries(cases)) {
  const op = instructions.get(name);
  if (op === undefined || (name in relaxedCases && !relaxedRuns)) continue;
  test(name, () => runCase(op, each));
}

for (const [name, check] of Object.entries(checks)) test(name, check);

test("every instruction has a case, and every case an instruction", () => {
  const tested = [...Object.keys(cases), ...Object.keys(checks)].sort();
  assert.equal(tested, [...instructions.keys(), ...Object.keys(CONTROL)].sort());
});

test("no case is said twice", () => {
  const lists = [integerCases, floatCases, moveCases, relaxedCases, memoryChecks, constantChecks, controlChecks].flatMap(
    (list) => Object.keys(list),
  );
  assert.is(lists.length, new Set(lists).size);
});

test("relaxed instructions have the bytes of the specification", () => {
  assert.equal(Object.keys(relaxedBytes).sort(), Object.keys(relaxedCases).sort());
  for (const [name, bytes] of Object.entries(relaxedBytes)) {
    // It stands between the last operand's load and the result's store, each with alignment 16 and offset 0.
    assert.ok(hex(moduleFor(instructions.get(name)!, 1)).includes(`fd000400${bytes}fd0b0400`), `${name} is ${bytes}`);
  }
});

const relaxed = Object.keys(relaxedCases).length;
const run = relaxedRuns ? "all run" : `${relaxed} relaxed ones only encoded, for this host has no relaxed SIMD`;
console.log(`${instructions.size + Object.keys(CONTROL).length} instructions; ${run}`);
test.run();
