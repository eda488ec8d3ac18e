/** Control flow, variables, constants and shuffles. */
import "../../../kernels/wasm/assembler/checks/checked.ts";
import * as assert from "uvu/assert";
import type { FunctionBuilder } from "../../../kernels/wasm/assembler/function-builder.ts";
import { ModuleBuilder } from "../../../kernels/wasm/assembler/module-builder.ts";
import type { All } from "../../../kernels/wasm/assembler/opcodes-all.ts";
import type { ValueType } from "../../../kernels/wasm/assembler/types.ts";
import { readLane, sizeOf } from "./lanes.ts";
import type { Kind, Lane } from "./lanes.ts";
import { emit, laboratory, start, trapped } from "./lab.ts";
import type { Checks } from "./memory-cases.ts";

/** A constant of a scalar type, for each value. */
function scalarConstants<T extends number | bigint>(type: ValueType, values: readonly T[], result: (value: T) => number | bigint): Checks {
  return {
    [`${type}.const`]: () => {
      for (const value of values) {
        const lab = laboratory([], [type], (f) => emit(f, `${type}.const`, value));
        const expected = result(value);
        assert.ok(Object.is(lab.exports.f(), expected), `${type}.const ${value} gives ${expected}, not ${lab.exports.f()}`);
      }
    },
  };
}

function vector(write: (f: FunctionBuilder<All>) => void, kind: Kind): Lane[] {
  const lab = laboratory([], [], (f) => {
    f.i32.const(16);
    write(f);
    f.v128.store();
  });
  lab.exports.f();
  return Array.from({ length: 16 / sizeOf(kind) }, (_, i) => readLane(lab.view(), 16 + i * sizeOf(kind), kind));
}

/** A vector constant by lanes, and by one value for all lanes. */
function laneConstants(type: string, kind: Kind, lanes: readonly (number | bigint)[]): Checks {
  const name = `${type}.const`;
  const expected = (value: number | bigint): Lane => (kind[0] === "f" ? Number(value) : BigInt.asIntN(8 * sizeOf(kind), BigInt(value)));
  return {
    [name]: () => {
      const all = vector((f) => emit(f, name, ...lanes), kind);
      lanes.forEach((lane, i) => assert.ok(Object.is(all[i], expected(lane)), `${name} lane ${i}`));
      for (const lane of vector((f) => emit(f, name, lanes[1]), kind)) {
        assert.ok(Object.is(lane, expected(lanes[1])), `${name}: one for all`);
      }
    },
  };
}

const BYTES = Array.from({ length: 16 }, (_, i) => (i * 37 + 200) & 0xff);

export const constantChecks: Checks = {
  ...scalarConstants(
    "i32", [0, 1, -1, 63, 64, -64, -65, 8191, 8192, -8193, 0x7fffffff, -0x80000000, 0x80000000, 0xffffffff], (value) => value | 0,
  ),
  ...scalarConstants(
    "i64", [0n, 1n, -1n, 63n, 64n, -64n, -65n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 64n - 1n, 2n ** 35n, -(2n ** 49n)],
    (value) => BigInt.asIntN(64, value),
  ),
  ...scalarConstants("f32", [0, -0, 1, -1.5, 0.1, 1e-45, 3.4028234663852886e38, Infinity, -Infinity, NaN], Math.fround),
  ...scalarConstants("f64", [0, -0, 1, -1.5, 0.1, 5e-324, 1.7976931348623157e308, Infinity, -Infinity, NaN], Number),
  ...laneConstants("i8x16", "i8", [0, 1, -1, 127, -128, 255, 128, 7, 8, 9, 10, 11, 12, 13, 14, 15]),
  ...laneConstants("i16x8", "i16", [0, 300, -1, 32767, -32768, 65535, 32768, 7]),
  ...laneConstants("i32x4", "i32", [0, 0x12345678, -0x80000000, 0xffffffff]),
  ...laneConstants("i64x2", "i64", [0x123456789abcdef0n, -(2n ** 63n)]),
  ...laneConstants("f32x4", "f32", [-0, 1.5, Infinity, NaN]),
  ...laneConstants("f64x2", "f64", [-0, 0.1]),
  "v128.const": () => {
    assert.equal(vector((f) => emit(f, "v128.const", BYTES), "u8"), BYTES.map(BigInt));
  },
  "i8x16.shuffle": () => {
    const lanes = [0, 31, 16, 15, 1, 30, 17, 14, 5, 5, 21, 21, 8, 24, 3, 29];
    const other = BYTES.map((byte) => byte ^ 0x55);
    const both = [...BYTES, ...other];
    const result = vector((f) => {
      f.v128.const(BYTES);
      f.v128.const(other);
      emit(f, "i8x16.shuffle", lanes);
    }, "u8");
    assert.equal(result, lanes.map((lane) => BigInt(both[lane])));
  },
};

/** Factorials, with a forward call to itself. */
function factorials(): void {
  const m = new ModuleBuilder("factorials");
  const factorial = m.declare("factorial", { params: { n: "i32" }, results: ["i32"], export: true });
  m.define(factorial, (f, { n }) => {
    f.local.get(n);
    f.if("i32", () => {
      f.local.get(n);
      f.local.get(n);
      f.i32.const(1);
      f.i32.sub();
      emit(f, "call", factorial);
      f.i32.mul();
    }, () => f.i32.const(1));
  });
  assert.is(start(m.toBytes()).exports.factorial(10), 3628800);
}

export const controlChecks: Checks = {
  "call": factorials,
  "unreachable": () => {
    const lab = laboratory([], ["i32"], (f) => emit(f, "unreachable"));
    assert.ok(trapped(() => lab.exports.f()));
  },
  "nop": () => {
    const lab = laboratory([], ["i32"], (f) => {
      f.i32.const(3);
      emit(f, "nop");
    });
    assert.is(lab.exports.f(), 3);
  },
  "block": () => {
    // The larger of two, with the branch taking a value out of two blocks.
    const lab = laboratory(["i32", "i32"], ["i32"], (f, [a, b]) => {
      emit(f, "block", "i32", (outer: Parameters<typeof f.br>[0]) => {
        f.block(() => {
          f.local.get(a);
          f.local.get(a);
          f.local.get(b);
          f.i32.gt_s();
          f.br_if(outer);
          f.drop();
        });
        f.local.get(b);
      });
    });
    assert.is(lab.exports.f(3, 9), 9);
    assert.is(lab.exports.f(9, 3), 9);
  },
  "loop": () => {
    // A loop with a parameter and two results: 1 + 2 + ... + n, and n.
    const lab = laboratory(["i32"], ["i32", "i32"], (f, [n]) => {
      const i = f.local.i32("i");
      f.i32.const(0);
      emit(f, "loop", { params: ["i32"], results: ["i32", "i32"] }, (again: Parameters<typeof f.br>[0]) => {
        f.local.increase(i, 1);
        f.local.get(i);
        f.i32.add();
        f.local.get(i);
        f.local.get(n);
        f.i32.lt_u();
        f.br_if(again);
        f.local.get(i);
      });
    });
    assert.equal(lab.exports.f(100), [5050, 100]);
  },
  "if": () => {
    const lab = laboratory(["i32", "i32"], ["i32"], (f, [x, y]) => {
      f.local.get(y);
      f.local.get(x);
      emit(f, "if", { params: ["i32"], results: ["i32"] }, () => {
        f.i32.const(10);
        f.i32.add();
      });
    });
    assert.is(lab.exports.f(1, 5), 15);
    assert.is(lab.exports.f(0, 5), 5, "without else the parameters are the results");
  },
  "else": () => {
    const lab = laboratory(["i32"], ["f32"], (f, [x]) => {
      f.local.get(x);
      f.if("f32", (end) => {
        f.f32.const(2.5);
        f.br(end);
      }, () => f.f32.const(-1));
    });
    assert.is(lab.exports.f(7), 2.5);
    assert.is(lab.exports.f(0), -1);
  },
  "end": () => {
    const lab = laboratory([], ["i32"], (f) => {
      f.block(() => f.block(() => f.block(() => f.nop())));
      f.i32.const(1);
    });
    assert.is(lab.exports.f(), 1);
  },
  "br": () => {
    const lab = laboratory(["i32"], [], (f, [x]) => {
      f.block((end) => {
        f.local.get(x);
        f.i32.const(1);
        f.i32.store();
        emit(f, "br", end);
        f.local.get(x);
        f.i32.const(2);
        f.i32.store();
      });
    });
    lab.exports.f(32);
    assert.is(lab.view().getInt32(32, true), 1);
  },
  "br_if": () => {
    const lab = laboratory(["i32"], ["i32"], (f, [x]) => {
      const sum = f.local.i32("sum");
      f.block((end) => {
        f.local.get(x);
        f.i32.eqz();
        emit(f, "br_if", end);
        f.loop((again) => {
          f.local.increase(sum, x as Parameters<typeof f.local.increase>[0]);
          f.local.decrease(x as Parameters<typeof f.local.increase>[0], 1);
          f.local.get(x);
          emit(f, "br_if", again);
        });
      });
      f.local.get(sum);
    });
    assert.is(lab.exports.f(0), 0);
    assert.is(lab.exports.f(4), 10);
  },
  "br_table": () => {
    const lab = laboratory(["i32"], ["i32"], (f, [x]) => {
      f.block((c) => {
        f.block((b) => {
          f.block((a) => {
            f.local.get(x);
            emit(f, "br_table", [a, b], c);
          });
          f.i32.const(10);
          f.return();
        });
        f.i32.const(20);
        f.return();
      });
      f.i32.const(30);
    });
    assert.equal([0, 1, 2, 200, -1].map((x) => lab.exports.f(x)), [10, 20, 30, 30, 30]);
  },
  "return": () => {
    const lab = laboratory(["i32"], ["i32", "f32"], (f, [x]) => {
      f.loop(() => {
        f.local.get(x);
        f.f32.const(0.5);
        emit(f, "return");
      });
      f.unreachable();
    });
    assert.equal(lab.exports.f(6), [6, 0.5]);
  },
  "drop": () => {
    const lab = laboratory([], ["i32"], (f) => {
      f.i32.const(1);
      f.v128.const(BYTES);
      emit(f, "drop");
    });
    assert.is(lab.exports.f(), 1);
  },
  "select": () => {
    const lab = laboratory(["i32"], ["f64"], (f, [x]) => {
      f.f64.const(1);
      f.f64.const(2);
      f.local.get(x);
      emit(f, "select");
    });
    assert.is(lab.exports.f(5), 1);
    assert.is(lab.exports.f(0), 2);
    const chosen = vector((f) => {
      f.i32x4.const(1);
      f.i32x4.const(2);
      f.i32.const(0);
      emit(f, "select");
    }, "i32");
    assert.equal(chosen, [2n, 2n, 2n, 2n], "vectors too");
  },
  "local.get": () => {
    // More than 127 locals of alternating types: indices of two bytes, many runs.
    const lab = laboratory(["i32"], ["f64"], (f, [x]) => {
      const locals = Array.from({ length: 300 }, (_, i) => (i % 2 === 0 ? f.local.f64() : f.local.i32()));
      f.local.get(x);
      f.f64.convert_i32_s();
      f.local.set(locals[298]);
      emit(f, "local.get", locals[298]);
      emit(f, "local.get", locals[0]);
      f.f64.add();
    });
    assert.is(lab.exports.f(-7), -7);
  },
  "local.set": () => {
    const lab = laboratory(["i32", "i32"], ["i32"], (f, [a, b]) => {
      f.local.get(b);
      emit(f, "local.set", a);
      f.local.get(a);
    });
    assert.is(lab.exports.f(1, 2), 2);
  },
  "local.tee": () => {
    const lab = laboratory(["i32", "i32"], ["i32"], (f, [a, b]) => {
      f.local.get(b);
      emit(f, "local.tee", a);
      f.local.get(a);
      f.i32.add();
    });
    assert.is(lab.exports.f(1, 21), 42);
  },
};
