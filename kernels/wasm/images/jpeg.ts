/**
 * What makes pixels of a JPEG file's coefficients, eight numbers at a time: the inverse cosine transform, the upsampling of colour and
 * its conversion to RGBA. The same bits as src/io/images/jpeg has them in plain TypeScript (inverse-dct.ts, planes.ts, picture.ts, where
 * the sources are named), those of libjpeg-turbo's vector code included where sums leave 16 bits: here they do so by themselves.
 */
import type { Local } from "../assembler/handles.ts";
import { ModuleBuilder } from "../assembler/module-builder.ts";
import { ALL, type All } from "../assembler/opcodes-all.ts";
import { HIGH, LOW, type Vector, transformFunction } from "./jpeg-transform.ts";

/** What a module of `jpegModule` exports. All addresses are in bytes, vectors need not be aligned. */
export interface JpegKernels {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  /**
   * Transforms `count` blocks of 64 coefficients (int16, row by row) at `from`, each times its step at `steps` (int16), to 8 rows of
   * samples at `to`, `pitch` apart; blocks lie side by side.
   */
  transform(to: number, from: number, count: number, steps: number, pitch: number): void;
  /**
   * Twice as many samples as there are in `near` and `far` (the same for one row), 16 a round; reads the samples before the first and
   * behind the last round's last. `even` and `odd` are added to 16 times the numbers before they are rounded down.
   */
  widen(to: number, near: number, far: number, rounds: number, even: number, odd: number): void;
  /** RGBA of three rows of samples in JFIF's colours, 8 pixels a round. */
  colour(to: number, luma: number, cb: number, cr: number, rounds: number): void;
}

/** The bytes of the module. */
export function jpegModule(): Uint8Array<ArrayBuffer> {
  const m = new ModuleBuilder<All>("senet_jpeg", ALL);
  m.export(m.memory({ minimum: 1 }));
  transformFunction(m);
  m.func(
    "widen", { params: { to: "i32", near: "i32", far: "i32", rounds: "i32", even: "i32", odd: "i32" }, export: true },
    (f, { to, near, far, rounds, even, odd }) => {
      const here = f.local.v128("here");
      const [a, b] = [even, odd].map((each) => {
        const added = f.local.v128();
        f.local.get(each);
        f.i16x8.splat();
        f.local.set(added);
        return added;
      });
      /** 3 near + far of the eight samples that begin `offset` before or behind. */
      const mix = (offset: number): void => {
        f.local.get(near);
        f.i32.const(offset);
        f.i32.add();
        f.v128.load8x8_u();
        f.local.tee(here);
        f.local.get(here);
        f.i32.const(1);
        f.i16x8.shl();
        f.i16x8.add();
        f.local.get(far);
        f.i32.const(offset);
        f.i32.add();
        f.v128.load8x8_u();
        f.i16x8.add();
      };
      const middle = f.local.v128("middle");
      const three = f.local.v128("three");
      f.doWhile(() => {
        mix(0);
        f.local.tee(middle);
        f.local.get(middle);
        f.i32.const(1);
        f.i16x8.shl();
        f.i16x8.add();
        f.local.set(three);
        f.local.get(to);
        [[-1, a], [1, b]].forEach(([offset, added], i) => {
          mix(offset as number);
          f.local.get(three);
          f.i16x8.add();
          f.local.get(added as Vector);
          f.i16x8.add();
          f.i32.const(4);
          f.i16x8.shr_u();
          if (i === 0) return;
          f.i32.const(8);
          f.i16x8.shl();
          f.v128.or();
        });
        f.v128.store();
        f.local.increase(to, 16);
        f.local.increase(near, 8);
        f.local.increase(far, 8);
        f.local.decrease(rounds, 1);
        f.local.get(rounds);
      });
    },
  );
  m.func(
    "colour", { params: { to: "i32", luma: "i32", cb: "i32", cr: "i32", rounds: "i32" }, export: true },
    (f, { to, luma, cb, cr, rounds }) => {
      const [y, b, r, low, high, even] = f.local.array("v128", "v", 6);
      const centred = (address: Local<"i32">, held: Vector): void => {
        f.local.get(address);
        f.v128.load8x8_u();
        f.i16x8.const(128);
        f.i16x8.sub();
        f.local.set(held);
      };
      /** (byCb cb + byCr cr + 32768) >> 16, which is added to what is on the stack. */
      const addProducts = (byCb: number, byCr: number): void => {
        for (const half of [low, high]) {
          f.local.get(half);
          f.i16x8.const(byCb, byCr, byCb, byCr, byCb, byCr, byCb, byCr);
          f.i32x4.dot_i16x8_s();
          f.i32x4.const(32768);
          f.i32x4.add();
          f.i32.const(16);
          f.i32x4.shr_s();
        }
        f.i16x8.narrow_i32x4_s();
        f.i16x8.add();
      };
      f.doWhile(() => {
        f.local.get(luma);
        f.v128.load8x8_u();
        f.local.set(y);
        centred(cb, b);
        centred(cr, r);
        for (const [half, lanes] of [[low, LOW], [high, HIGH]] as const) {
          f.local.get(b);
          f.local.get(r);
          f.i8x16.shuffle(lanes);
          f.local.set(half);
        }
        // What factors have above 16 bits is added apart: 91881 is 65536 + 26345, -46802 -65536 + 18734, 116130 131072 - 14942.
        f.local.get(y);
        f.local.get(r);
        f.i16x8.add();
        addProducts(0, 26345);
        f.local.get(y);
        f.local.get(b);
        f.i16x8.add();
        f.local.get(b);
        f.i16x8.add();
        addProducts(-14942, 0);
        f.i8x16.narrow_i16x8_u();
        f.local.set(even);
        f.local.get(y);
        f.local.get(r);
        f.i16x8.sub();
        addProducts(-22554, 18734);
        f.i16x8.const(255);
        f.i8x16.narrow_i16x8_u();
        f.local.set(y);
        for (let half = 0; half < 2; half++) {
          f.local.get(to);
          f.local.get(even);
          f.local.get(y);
          f.i8x16.shuffle([0, 1, 2, 3].flatMap((i) => [0, 16, 8, 24].map((plane) => plane + i + 4 * half)));
          f.v128.store(16 * half);
        }
        f.local.increase(to, 32);
        for (const address of [luma, cb, cr]) f.local.increase(address, 8);
        f.local.decrease(rounds, 1);
        f.local.get(rounds);
      });
    },
  );
  return m.toBytes();
}
