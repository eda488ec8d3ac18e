/** What the type check refuses and allows, and its words; what it allows must pass the host's validation, and run. */
import "../../../kernels/wasm/assembler/checks/checked.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { FunctionBuilder } from "../../../kernels/wasm/assembler/function-builder.ts";
import type { Local } from "../../../kernels/wasm/assembler/handles.ts";
import { ModuleBuilder } from "../../../kernels/wasm/assembler/module-builder.ts";
import { ALL } from "../../../kernels/wasm/assembler/opcodes-all.ts";
import type { All } from "../../../kernels/wasm/assembler/opcodes-all.ts";
import type { Label } from "../../../kernels/wasm/assembler/body.ts";
import type { ValueType } from "../../../kernels/wasm/assembler/types.ts";
import { laboratory } from "./lab.ts";
import { saying } from "../../support/errors.ts";

type Emit = (f: FunctionBuilder<All>, m: ModuleBuilder<All>) => void;

/** Emits function "kernel" with a memory at hand. */
function emitKernel(emit: Emit, results: readonly ValueType[] = []): ModuleBuilder<All> {
  const m = new ModuleBuilder("senet", ALL);
  m.memory({ minimum: 1 });
  m.func("kernel", { results, export: true }, (f) => emit(f, m));
  return m;
}

function refuses(kind: "TypeError" | "RangeError", message: string, emit: Emit, results: readonly ValueType[] = []): void {
  try {
    emitKernel(emit, results);
  } catch (error) {
    assert.is((error as Error).name, kind);
    assert.is((error as Error).message, message);
    return;
  }
  assert.unreachable(`allowed, instead of: ${message}`);
}

/** Allowed by the check and by the host. */
function allows(emit: Emit, results: readonly ValueType[] = []): void {
  const bytes = emitKernel(emit, results).toBytes();
  assert.ok(WebAssembly?.validate(bytes), "the host refuses it");
}

const I32 = (f: FunctionBuilder): void => f.i32.const(1);
const F32 = (f: FunctionBuilder): void => f.f32.const(1);

test("operands: wrong types and too few", () => {
  refuses("TypeError", "kernel, instruction 3 (i32.add): wants [i32 i32], the stack has [i32 f32]", (f) => {
    I32(f);
    F32(f);
    f.i32.add();
  });
  refuses(
    "TypeError", "kernel, instruction 1 (f32x4.relaxed_madd): wants [v128 v128 v128], the stack has []", (f) => f.f32x4.relaxed_madd(),
  );
  refuses("TypeError", "kernel, instruction 2 (v128.store): wants [i32 v128], the stack has [v128]", (f) => {
    f.f32x4.const(0);
    f.v128.store();
  });
  refuses("TypeError", "kernel, instruction 2 (local.set): wants [v128], the stack has [i32]", (f) => {
    const x = f.local.v128("x");
    I32(f);
    f.local.set(x);
  });
  refuses(
    "TypeError", "kernel, instruction 1 (drop): wants one value of any type, the stack has too few in this function", (f) => f.drop(),
  );
});

test("select wants two of one type", () => {
  refuses("TypeError", "kernel, instruction 4 (select): wants two values of one type and an i32, the stack had [i32 f32 i32]", (f) => {
    I32(f);
    F32(f);
    I32(f);
    f.select();
  });
});

test("results of functions and blocks: missing, wrong, too many", () => {
  refuses("TypeError", "kernel, instruction 0 (end of function): wants [i32], the stack has []", () => undefined, ["i32"]);
  refuses("TypeError", "kernel, instruction 1 (end of function): wants [i32], the stack has [f32]", F32, ["i32"]);
  refuses("TypeError", "kernel, instruction 2 (end of function): wants [i32] and nothing else, the stack has [i32 i32]", (f) => {
    I32(f);
    I32(f);
  }, ["i32"]);
  refuses(
    "TypeError", "kernel, instruction 2 (end of block): wants [] and nothing else, the stack has [i32]", (f) => f.block(() => I32(f)),
  );
  refuses("TypeError", "kernel, instruction 2 (end of loop): wants [f32], the stack has [i32]", (f) => f.loop("f32", () => I32(f)));
  refuses("TypeError", "kernel, instruction 2 (return): wants [f32], the stack has [i32]", (f) => {
    I32(f);
    f.return();
  }, ["f32"]);
});

test("values outside a block are out of its reach", () => {
  const unreachable = "wants [i32 i32], the stack has [i32], and [f32 i32] out of reach, outside this block";
  refuses("TypeError", `kernel, instruction 5 (i32.add): ${unreachable}`, (f) => {
    F32(f);
    I32(f);
    f.block("i32", () => {
      I32(f);
      f.i32.add();
    });
  });
});

test("if: its condition, both halves, and none without results", () => {
  refuses("TypeError", "kernel, instruction 1 (if): wants [i32], the stack has []", (f) => f.if(() => undefined));
  refuses("TypeError", "kernel, instruction 3 (else): wants [i32], the stack has [f32]", (f) => {
    I32(f);
    f.if("i32", () => F32(f), () => I32(f));
  });
  refuses("TypeError", "kernel, instruction 4 (end of if): wants [i32], the stack has [f32]", (f) => {
    I32(f);
    f.if("i32", () => I32(f), () => F32(f));
  });
  refuses("TypeError", "kernel, instruction 3 (end of if): wants [i32], the stack has []", (f) => {
    I32(f);
    f.if("i32", () => I32(f));
  });
});

test("branches: what their targets want", () => {
  refuses("TypeError", "kernel, instruction 3 (br): wants [i32], the stack has [f32]", (f) => f.block("i32", (out) => {
    F32(f);
    f.br(out);
  }));
  // To a loop a branch takes the parameters, not the results.
  refuses("TypeError", "kernel, instruction 6 (br_if): wants [f32], the stack has [i32]", (f) => {
    F32(f);
    f.loop({ params: ["f32"], results: ["i32"] }, (again) => {
      f.drop();
      I32(f);
      I32(f);
      f.br_if(again);
    });
  }, ["i32"]);
  const unequal = "kernel, instruction 4 (br_table): wants labels that take equally many values, got 0 and 1";
  refuses("TypeError", unequal, (f) => f.block("i32", (a) => f.block((b) => {
    I32(f);
    f.br_table([b], a);
  })));
});

test("labels of other functions and of blocks that have ended", () => {
  refuses("TypeError", "kernel, after instruction 1 (br): wants the label of an open block, this block has ended", (f) => {
    let label: Label | undefined;
    f.block((ended) => {
      label = ended;
    });
    if (label !== undefined) f.br(label);
  });
  let other: Label | undefined;
  laboratory([], [], (f) => f.loop((label) => {
    other = label;
  }));
  refuses("TypeError", "kernel, after instruction 0 (br_if): wants a label of this function, got one of f", (f) => f.br_if(other as Label));
});

test("handles of other functions and modules", () => {
  let local: Local | undefined;
  const other = emitKernel((f) => {
    local = f.local.i32("theirs");
  });
  const func = other.func("helper", {}, () => undefined);
  refuses(
    "TypeError", 'kernel, instruction 1 (local.get): wants a handle of this function, "theirs" belongs to another',
    (f) => f.local.get(local as Local),
  );
  refuses("TypeError", 'kernel, instruction 2 (local.set): wants a handle of this function, "theirs" belongs to another', (f) => {
    I32(f);
    f.local.set(local as Local);
  });
  refuses("TypeError", 'kernel, instruction 1 (call): wants a handle of this module, "helper" belongs to another', (f) => f.call(func));
  const m = new ModuleBuilder("mine");
  assert.throws(() => m.export(func), saying('mine: wants a handle of this module, "helper" belongs to another'));
  assert.throws(() => m.define(func, () => undefined), saying('mine: wants a handle of this module, "helper" belongs to another'));
});

test("immediates out of range", () => {
  const load = (offset: number, align?: number): Emit => (f) => {
    I32(f);
    f.v128.load(offset, align);
  };
  refuses("RangeError", "kernel, instruction 2 (v128.load): offset wants a whole number from 0 to 4294967295, got -16", load(-16));
  refuses("RangeError", "kernel, instruction 2 (v128.load): offset wants a whole number from 0 to 4294967295, got 1.5", load(1.5));
  refuses(
    "RangeError", "kernel, instruction 2 (v128.load): offset wants a whole number from 0 to 4294967295, got 4294967296", load(4294967296),
  );
  for (const align of [0, 3, 32, -4]) {
    refuses("RangeError", `kernel, instruction 2 (v128.load): alignment wants a power of two up to 16 bytes, got ${align}`, load(0, align));
  }
  refuses("RangeError", "kernel, instruction 2 (f32x4.extract_lane): lane wants a whole number from 0 to 3, got 4", (f) => {
    f.f32x4.const(0);
    f.f32x4.extract_lane(4);
  });
  refuses("RangeError", "kernel, instruction 3 (v128.load64_lane): lane wants a whole number from 0 to 1, got 2", (f) => {
    I32(f);
    f.f32x4.const(0);
    f.v128.load64_lane(2);
  });
  const shuffle = (lanes: readonly number[]): Emit => (f) => {
    f.f32x4.const(0);
    f.f32x4.const(0);
    f.i8x16.shuffle(lanes);
  };
  refuses("RangeError", "kernel, instruction 3 (i8x16.shuffle): wants 16 values, got 2", shuffle([1, 2]));
  refuses(
    "RangeError", "kernel, instruction 3 (i8x16.shuffle): lane wants a whole number from 0 to 31, got 32",
    shuffle([...Array<number>(15).fill(0), 32]),
  );
  refuses("RangeError", "kernel, instruction 1 (v128.const): wants 16 values, got 4", (f) => f.v128.const([1, 2, 3, 4]));
  refuses("RangeError", "kernel, instruction 1 (f32x4.const): wants 4 values, got 3", (f) => f.f32x4.const(1, 2, 3));
  refuses(
    "RangeError", "kernel, instruction 1 (i8x16.const): constant wants a whole number from -128 to 255, got 256", (f) => f.i8x16.const(256),
  );
  for (const value of [4294967296, -2147483649, 0.5, NaN]) {
    refuses(
      "RangeError", `kernel, instruction 1 (i32.const): constant wants a whole number from -2147483648 to 4294967295, got ${value}`,
      (f) => f.i32.const(value),
    );
  }
  refuses(
    "RangeError", "kernel, instruction 1 (i64.const): constant wants a whole number of 64 bits, got 18446744073709551616",
    (f) => f.i64.const(2n ** 64n),
  );
  refuses(
    "RangeError", "kernel, instruction 2 (i32.const): constant wants a whole number from -2147483648 to 4294967295, got 0.5",
    (f) => f.local.increase(f.local.i32(), 0.5),
  );
});

test("memory instructions want a memory", () => {
  const m = new ModuleBuilder("senet");
  const wants = (name: string): string => `kernel, instruction 2 (${name}): wants a memory, the module has none yet`;
  assert.throws(() => m.func("kernel", {}, (f) => {
    I32(f);
    f.v128.load();
  }), wants("v128.load"));
  const other = new ModuleBuilder("senet", ALL);
  assert.throws(() => other.func("kernel", {}, (f) => {
    I32(f);
    f.memory.grow();
  }), wants("memory.grow"));
});

test("nothing can be added to a function that has ended", () => {
  let ended: FunctionBuilder | undefined;
  emitKernel((f) => {
    ended = f;
  });
  const f = ended as FunctionBuilder;
  assert.throws(() => f.i32.const(1), saying("kernel, instruction 1 (i32.const): the function has ended"));
  assert.throws(() => f.nop(), saying("the function has ended"));
  assert.throws(() => f.block(() => undefined), saying("the function has ended"));
  assert.throws(() => f.local.get(f.local.i32()), saying("the function has ended"));
});

test("unreachable code: what is missing has any type", () => {
  for (const leave of [(f: FunctionBuilder) => f.unreachable(), (f: FunctionBuilder, out: Label) => f.br(out), (
    f: FunctionBuilder,
  ) => f.return(), (f: FunctionBuilder, out: Label) => {
    I32(f);
    f.br_table([], out);
  }]) {
    allows((f) => f.block((out) => {
      leave(f, out);
      f.i32.add();
      f.drop();
      f.f32x4.mul();
      f.f32x4.add();
      f.i32x4.all_true();
      f.drop();
    }));
    allows((f) => f.block((out) => {
      leave(f, out);
      f.select();
      f.f32.neg();
      f.drop();
      f.drop();
      f.select();
      f.drop();
    }));
  }
  // The results of a block need not be there, a branch's values neither.
  allows((f) => f.unreachable(), ["i32", "v128"]);
  allows((f) => f.block("f64", (out) => {
    f.unreachable();
    f.br_if(out);
  }), ["f64"]);
  // What an if leaves is there again.
  allows((f) => {
    I32(f);
    f.if("i32", () => f.return(), () => I32(f));
    f.drop();
  });
});

test("unreachable code: what is there must still fit", () => {
  refuses("TypeError", "kernel, instruction 3 (i32.add): wants [i32 i32], the stack has [f32] after code that never ends here", (f) => {
    f.unreachable();
    F32(f);
    f.i32.add();
  });
  const more = "wants [] and nothing else, the stack has [i32 i32] after code that never ends here";
  refuses("TypeError", `kernel, instruction 4 (end of block): ${more}`, (f) => f.block(() => {
    f.unreachable();
    I32(f);
    I32(f);
  }));
  refuses("TypeError", "kernel, instruction 5 (select): wants two values of one type and an i32, the stack had [f32 i32 i32]", (f) => {
    f.unreachable();
    F32(f);
    I32(f);
    I32(f);
    f.select();
  });
  // After the block the code is reachable again.
  refuses("TypeError", "kernel, instruction 3 (i32.eqz): wants [i32], the stack has []", (f) => {
    f.block((out) => f.br(out));
    f.i32.eqz();
  });
  // A value of unknown type stays unknown: it fits as i32 here, and as f32 there.
  allows((f) => {
    f.unreachable();
    f.select();
    f.i32.eqz();
  }, ["i32"]);
  allows((f) => {
    f.unreachable();
    f.select();
    f.f32.neg();
  }, ["f32"]);
});

test("nested blocks with results, parameters and branches through several", () => {
  const lab = laboratory(["i32", "i32"], ["i32", "f32"], (f, [a, b]) => {
    f.local.get(a);
    f.f32.const(0.5);
    f.block({ params: ["i32", "f32"], results: ["i32", "f32"] }, (outer) => {
      f.loop({ params: ["i32", "f32"], results: ["i32", "f32"] }, (again) => {
        f.f32.const(2);
        f.f32.mul();
        f.local.get(b);
        f.if({ params: ["i32", "f32"], results: ["i32", "f32"] }, () => {
          f.local.decrease(b as Local<"i32">, 1);
          f.br(again);
        });
        f.local.get(a);
        f.br_if(outer);
        f.drop();
        f.drop();
        f.i32.const(-1);
        f.f32.const(-1);
      });
    });
  });
  assert.equal(lab.exports.f(7, 0), [7, 1]);
  assert.equal(lab.exports.f(7, 3), [7, 8]);
  assert.equal(lab.exports.f(0, 3), [-1, -1]);
});

test("loops: do-while, while, count down", () => {
  const sum = (loop: (f: FunctionBuilder, n: Local<"i32">, body: () => void) => void) => {
    const lab = laboratory(["i32"], ["i32"], (f, [n]) => {
      const total = f.local.i32("total");
      loop(f, n as Local<"i32">, () => f.local.increase(total, n as Local<"i32">));
      f.local.get(total);
    });
    return (n: number) => lab.exports.f(n);
  };
  const doWhile = sum((f, n, body) => f.doWhile(() => {
    body();
    f.local.decrease(n, 1);
    f.local.get(n);
  }));
  const pre = sum((f, n, body) => f.while(() => f.local.get(n), () => {
    body();
    f.local.decrease(n, 1);
  }));
  const down = sum((f, n, body) => f.countDown(n, body));
  for (const run of [doWhile, pre, down]) assert.is(run(4), 10);
  assert.is(pre(0), 0);
  assert.is(down(1), 1);
});

test("modules: what they refuse", () => {
  const m = new ModuleBuilder("senet");
  assert.throws(
    () => m.importMemory("env", "memory", { minimum: 1, shared: true }), saying('senet: shared memory "env.memory" wants a maximum'),
  );
  assert.throws(
    () => m.memory({ minimum: 2, maximum: 1 }), saying('senet: maximum of memory "memory" wants a whole number from 2 to 65536, got 1'),
  );
  assert.throws(
    () => m.memory({ minimum: 65537 }), saying('senet: minimum of memory "memory" wants a whole number from 0 to 65536, got 65537'),
  );
  m.memory({ minimum: 1 });
  assert.throws(
    () => m.importMemory("env", "memory", { minimum: 1 }), saying('senet: a module has one memory, "env.memory" would be a second'),
  );
  const f = m.declare("f", { results: ["i32"], export: true });
  assert.throws(() => m.toBytes(), saying('senet: function "f" was declared and never defined'));
  assert.throws(() => m.func("f", {}, () => undefined), saying('senet: two functions are named "f"'));
  assert.throws(() => m.export(f), saying('senet: two exports are named "f"'));
  assert.throws(
    () => m.importFunc("env", "late"), saying('senet: functions are imported before the first one is defined, "env.late" comes late'),
  );
  m.define(f, I32);
  assert.throws(() => m.define(f, I32), saying('senet: "f" is defined already'));
  assert.throws(
    () => m.func("g", { params: { "0": "i32" } }, () => undefined), saying(`g: a parameter's name cannot begin with a digit, got "0"`),
  );
  assert.throws(
    () => m.func("h", { results: ["i33" as ValueType] }, () => undefined),
    saying("wasm: a value type is one of i32, i64, f32, f64, v128, got i33"),
  );
});

test("an error in a function leaves the module as it was, but for the declaration", () => {
  const m = new ModuleBuilder("senet");
  const f = m.declare("f", { results: ["i32"], export: true });
  assert.throws(() => m.define(f, (k) => k.i32.add()));
  m.define(f, I32);
  assert.ok(WebAssembly?.validate(m.toBytes()));
});

test.run();
