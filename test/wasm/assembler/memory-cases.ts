/** Loads and stores: what is read and written, how many bytes, at which offsets; atomics, which also refuse what is not aligned. */
import * as assert from "uvu/assert";
import type { ValueType } from "../../../kernels/wasm/assembler/types.ts";
import { readLane, sizeOf, writeLane } from "./lanes.ts";
import type { Kind, Lane } from "./lanes.ts";
import { emit, laboratory, trapped } from "./lab.ts";
import type { Lab } from "./lab.ts";

/** By the instruction's name: runs it, and throws where it does wrong. */
export type Checks = Record<string, () => void>;

const OUT = 64;
const BASE = 1024;
const END = 2 * 65536;

function fill(view: DataView): void {
  for (let i = 0; i < view.byteLength; i++) view.setUint8(i, (i * 167 + (i >> 8) * 31 + 129) & 0xff);
}

/** Offsets of one to three bytes in LEB128, and every alignment that is allowed. */
function places(size: number): { readonly offset: number; readonly align: number }[] {
  const aligns = [1, 2, 4, 8, 16].filter((align) => align <= size);
  return [0, 127, 128, 16384, 7].map((offset, i) => ({ offset, align: aligns[i % aligns.length] }));
}

/** A load: its result as lanes, from `size` bytes at an address. */
function loads(name: string, type: ValueType, size: number, gives: Kind, read: (view: DataView, at: number) => Lane[]): Checks {
  return {
    [name]: () => {
      for (const { offset, align } of places(size)) {
        const lab = laboratory(["i32"], [], (f, [address]) => {
          f.i32.const(OUT);
          f.local.get(address);
          emit(f, name, offset, align);
          emit(f, `${type}.store`);
        });
        fill(lab.view());
        for (const address of [BASE, BASE + 1, END - offset - size]) {
          const expected = read(lab.view(), address + offset);
          lab.exports.f(address);
          expected.forEach(
            (lane, i) => assert.is(readLane(lab.view(), OUT + i * sizeOf(gives), gives), lane, `${name} offset ${offset}, lane ${i}`),
          );
        }
        assert.ok(trapped(() => lab.exports.f(END - offset - size + 1)), `${name} reads ${size} bytes`);
      }
    },
  };
}

/** A store of the lowest `size` bytes. */
function stores(name: string, type: ValueType, size: number): Checks {
  return {
    [name]: () => {
      for (const { offset, align } of places(size)) {
        const lab = laboratory(["i32"], [], (f, [address]) => {
          f.local.get(address);
          f.i32.const(OUT);
          emit(f, `${type}.load`);
          emit(f, name, offset, align);
        });
        checkStore(lab, name, offset, size, 0);
      }
    },
  };
}

/** Bytes of the operand, which lies at OUT, from `from` on are stored; nothing else changes. */
function checkStore(lab: Lab, name: string, offset: number, size: number, from: number): void {
  fill(lab.view());
  for (const address of [BASE, BASE + 3, END - offset - size]) {
    const before = new Uint8Array(lab.view().buffer).slice();
    before.copyWithin(address + offset, OUT + from, OUT + from + size);
    lab.exports.f(address);
    assert.equal(new Uint8Array(lab.view().buffer), before, `${name} offset ${offset}`);
  }
  assert.ok(trapped(() => lab.exports.f(END - offset - size + 1)), `${name} writes ${size} bytes`);
}

function laneLoads(bits: 8 | 16 | 32 | 64): Checks {
  const name = `v128.load${bits}_lane`;
  const size = bits / 8;
  return {
    [name]: () => {
      for (let lane = 0; lane < 16 / size; lane++) {
        for (const { offset, align } of places(size)) {
          const lab = laboratory(["i32"], [], (f, [address]) => {
            f.i32.const(OUT);
            f.local.get(address);
            f.i32.const(OUT);
            f.v128.load();
            emit(f, name, lane, offset, align);
            f.v128.store();
          });
          fill(lab.view());
          const expected = new Uint8Array(lab.view().buffer).slice(OUT, OUT + 16);
          expected.set(new Uint8Array(lab.view().buffer, BASE + offset, size), lane * size);
          lab.exports.f(BASE);
          assert.equal(new Uint8Array(lab.view().buffer).slice(OUT, OUT + 16), expected, `${name} lane ${lane} offset ${offset}`);
          assert.ok(trapped(() => lab.exports.f(END - offset - size + 1)));
        }
      }
    },
  };
}

function laneStores(bits: 8 | 16 | 32 | 64): Checks {
  const name = `v128.store${bits}_lane`;
  const size = bits / 8;
  return {
    [name]: () => {
      for (let lane = 0; lane < 16 / size; lane++) {
        for (const { offset, align } of places(size)) {
          const lab = laboratory(["i32"], [], (f, [address]) => {
            f.local.get(address);
            f.i32.const(OUT);
            f.v128.load();
            emit(f, name, lane, offset, align);
          });
          checkStore(lab, name, offset, size, lane * size);
        }
      }
    },
  };
}

function lanesAt(view: DataView, at: number, kind: Kind, count: number): Lane[] {
  return Array.from({ length: count }, (_, i) => readLane(view, at + i * sizeOf(kind), kind));
}

function narrowLoads(type: "i32" | "i64"): Checks {
  const widths = type === "i32" ? [8, 16] as const : [8, 16, 32] as const;
  return Object.assign({}, ...widths.flatMap((bits) => [
    loads(`${type}.load${bits}_s`, type, bits / 8, type, (view, at) => [readLane(view, at, `i${bits}`)]),
    loads(`${type}.load${bits}_u`, type, bits / 8, type, (view, at) => [readLane(view, at, `u${bits}`)]),
    stores(`${type}.store${bits}`, type, bits / 8),
  ])) as Checks;
}

function vectorLoads(): Checks {
  const wide = [[8, 8], [16, 4], [32, 2]] as const;
  return Object.assign({},
    ...wide.flatMap(([bits, count]) => [
      loads(`v128.load${bits}x${count}_s`, "v128", 8, `i${2 * bits}` as Kind, (view, at) => lanesAt(view, at, `i${bits}`, count)),
      loads(`v128.load${bits}x${count}_u`, "v128", 8, `u${2 * bits}` as Kind, (view, at) => lanesAt(view, at, `u${bits}`, count)),
    ]),
    ...([8, 16, 32, 64] as const).flatMap((bits) => [
      loads(`v128.load${bits}_splat`, "v128", bits / 8, `u${bits}`, (view, at) =>
        Array.from({ length: 128 / bits }, () => readLane(view, at, `u${bits}`))),
      laneLoads(bits), laneStores(bits),
    ]),
    ...([32, 64] as const).map((bits) => loads(`v128.load${bits}_zero`, "v128", bits / 8, `u${bits}`, (view, at) =>
      Array.from({ length: 128 / bits }, (_, i) => (i === 0 ? readLane(view, at, `u${bits}`) : 0n)))),
  ) as Checks;
}

// ---- atomics --------------------------------------------------------------------------------------------------------

const UPDATES: Readonly<Record<string, (old: bigint, value: bigint) => bigint>> = {
  add: (old, value) => old + value, sub: (old, value) => old - value, and: (old, value) => old & value,
  or: (old, value) => old | value, xor: (old, value) => old ^ value, xchg: (_, value) => value,
};

function atomics(type: "i32" | "i64"): Checks {
  const size = type === "i32" ? 4 : 8;
  const js = (value: bigint): number | bigint => (type === "i32" ? Number(BigInt.asIntN(32, value)) : BigInt.asIntN(64, value));
  const [old, value] = type === "i32" ? [0xf0e1d2c3n, 0x7123456an] : [0xf0e1d2c3b4a59687n, 0x7123456789abcdefn];
  const operation = (name: string, operands: number, results: readonly ValueType[], offset: number): Lab =>
    laboratory(["i32", ...Array.from({ length: operands }, () => type)], results, (f, params) => {
      for (const param of params) f.local.get(param);
      emit(f, name, offset);
    });
  const checks: Checks = {
    [`${type}.atomic.load`]: () => {
      const lab = operation(`${type}.atomic.load`, 0, [type], 200);
      writeLane(lab.view(), BASE + 200, type, old);
      assert.is(lab.exports.f(BASE), js(old));
      assert.ok(trapped(() => lab.exports.f(BASE + size / 2)), "not aligned");
    },
    [`${type}.atomic.store`]: () => {
      const lab = operation(`${type}.atomic.store`, 1, [], 200);
      lab.exports.f(BASE, js(value));
      assert.is(readLane(lab.view(), BASE + 200, type), BigInt(js(value)));
      assert.is(lab.view().getUint8(BASE + 200 + size), 0);
      assert.ok(trapped(() => lab.exports.f(BASE + size / 2, js(value))), "not aligned");
    },
    [`${type}.atomic.rmw.cmpxchg`]: () => {
      const lab = operation(`${type}.atomic.rmw.cmpxchg`, 2, [type], 8);
      writeLane(lab.view(), BASE + 8, type, old);
      assert.is(lab.exports.f(BASE, js(value), js(1n)), js(old));
      assert.is(readLane(lab.view(), BASE + 8, type), BigInt(js(old)), "another value stays");
      assert.is(lab.exports.f(BASE, js(old), js(value)), js(old));
      assert.is(readLane(lab.view(), BASE + 8, type), BigInt(js(value)), "the expected value is replaced");
      assert.ok(trapped(() => lab.exports.f(BASE + size / 2, js(old), js(value))), "not aligned");
    },
  };
  for (const [name, update] of Object.entries(UPDATES)) {
    checks[`${type}.atomic.rmw.${name}`] = () => {
      const lab = operation(`${type}.atomic.rmw.${name}`, 1, [type], 8);
      writeLane(lab.view(), BASE + 8, type, old);
      assert.is(lab.exports.f(BASE, js(value)), js(old), "the old value");
      assert.is(readLane(lab.view(), BASE + 8, type), BigInt(js(update(old, value))), "the new value");
      assert.ok(trapped(() => lab.exports.f(BASE + size / 2, js(value))), "not aligned");
    };
  }
  return checks;
}

/** Waiting wants a shared memory. Nobody wakes these: a value that differs answers 1, a time that is over 2. */
function waits(name: string, type: "i32" | "i64"): Checks {
  return {
    [name]: () => {
      const lab = laboratory(["i32", type, "i64"], ["i32"], (f, params) => {
        for (const param of params) f.local.get(param);
        emit(f, name, 16);
      }, { minimum: 1, maximum: 1, shared: true });
      const [seven, eight] = type === "i32" ? [7, 8] : [7n, 8n];
      writeLane(lab.view(), BASE + 16, type, 7n);
      assert.is(lab.exports.f(BASE, eight, -1n), 1);
      assert.is(lab.exports.f(BASE, seven, 1000n), 2);
      if (type === "i64") return;
      // The other half of 64 bits is not looked at.
      writeLane(lab.view(), BASE + 20, type, 1n);
      assert.is(lab.exports.f(BASE, seven, 1000n), 2);
    },
  };
}

export const memoryChecks: Checks = {
  ...loads("i32.load", "i32", 4, "i32", (view, at) => [readLane(view, at, "i32")]),
  ...loads("i64.load", "i64", 8, "i64", (view, at) => [readLane(view, at, "i64")]),
  ...loads("f32.load", "f32", 4, "u32", (view, at) => [readLane(view, at, "u32")]),
  ...loads("f64.load", "f64", 8, "u64", (view, at) => [readLane(view, at, "u64")]),
  ...loads("v128.load", "v128", 16, "u64", (view, at) => lanesAt(view, at, "u64", 2)),
  ...stores("i32.store", "i32", 4), ...stores("i64.store", "i64", 8), ...stores("f32.store", "f32", 4), ...stores("f64.store", "f64", 8),
  ...stores("v128.store", "v128", 16),
  ...narrowLoads("i32"), ...narrowLoads("i64"), ...vectorLoads(),
  ...atomics("i32"), ...atomics("i64"),
  ...waits("memory.atomic.wait32", "i32"), ...waits("memory.atomic.wait64", "i64"),
  "memory.atomic.notify": () => {
    const lab = laboratory(["i32", "i32"], ["i32"], (f, [address, count]) => {
      f.local.get(address);
      f.local.get(count);
      emit(f, "memory.atomic.notify", 4);
    }, { minimum: 1, maximum: 1, shared: true });
    assert.is(lab.exports.f(BASE, 3), 0, "nobody waits");
    assert.ok(trapped(() => lab.exports.f(BASE + 1, 3)), "not aligned");
  },
  "atomic.fence": () => {
    const lab = laboratory([], ["i32"], (f) => {
      f.i32.const(5);
      emit(f, "atomic.fence");
    });
    assert.is(lab.exports.f(), 5);
  },
  "memory.size": () => {
    assert.is(laboratory([], ["i32"], (f) => emit(f, "memory.size"), { minimum: 3 }).exports.f(), 3);
  },
  "memory.grow": () => {
    const lab = laboratory(["i32"], ["i32"], (f, [pages]) => {
      f.local.get(pages);
      emit(f, "memory.grow");
    }, { minimum: 1, maximum: 3 });
    assert.is(lab.exports.f(2), 1, "the size before");
    assert.is(lab.view().byteLength, 3 * 65536);
    assert.is(lab.exports.f(1), -1, "beyond the maximum");
  },
  "memory.copy": () => {
    const lab = laboratory(["i32", "i32", "i32"], [], (f, params) => {
      for (const param of params) f.local.get(param);
      emit(f, "memory.copy");
    });
    fill(lab.view());
    const expected = new Uint8Array(lab.view().buffer).slice();
    expected.copyWithin(BASE + 5, BASE, BASE + 100);
    lab.exports.f(BASE + 5, BASE, 100);
    assert.equal(new Uint8Array(lab.view().buffer), expected, "to, from, length; overlapping");
    assert.ok(trapped(() => lab.exports.f(END - 10, BASE, 11)));
  },
  "memory.fill": () => {
    const lab = laboratory(["i32", "i32", "i32"], [], (f, params) => {
      for (const param of params) f.local.get(param);
      emit(f, "memory.fill");
    });
    fill(lab.view());
    const expected = new Uint8Array(lab.view().buffer).slice().fill(0xab, BASE, BASE + 77);
    lab.exports.f(BASE, 0x1ab, 77);
    assert.equal(new Uint8Array(lab.view().buffer), expected, "to, byte, length");
    assert.ok(trapped(() => lab.exports.f(END - 10, 0, 11)));
  },
};
