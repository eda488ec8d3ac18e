/** How workers wait for a job: they look for a while, which takes well under a microsecond to notice it, then sleep, which takes tens. */
import { THREADS } from "../../../kernels/wasm/assembler/opcodes-threads.ts";
import type { Threads } from "../../../kernels/wasm/assembler/opcodes-threads.ts";
import { ModuleBuilder } from "../../../kernels/wasm/assembler/module-builder.ts";
import { ASLEEP, EPOCH } from "./words.ts";

/** A module that exports `wait`. */
export function waitModule(): Uint8Array<ArrayBuffer> {
  const m = new ModuleBuilder("senet_wait", THREADS);
  m.importMemory("host", "memory", { minimum: 1, maximum: 1, shared: true });
  emitWait(m);
  return m.toBytes();
}

/** Exports `wait(epoch, looks) -> i32`: the next epoch that is another one. The module's memory is the pool's. */
export function emitWait(m: ModuleBuilder<Threads>): void {
  m.func("wait", { params: { epoch: "i32", looks: "i32" }, results: ["i32"], export: true }, (f, { epoch, looks }) => {
    const now = f.local.i32("now");
    const count = (by: number): void => {
      f.i32.const(4 * ASLEEP);
      f.i32.const(by);
      f.i32.atomic.rmw.add();
      f.drop();
    };
    f.loop((again) => {
      f.i32.const(4 * EPOCH);
      f.i32.atomic.load();
      f.local.tee(now);
      f.local.get(epoch);
      f.i32.ne();
      f.if(() => {
        f.local.get(now);
        f.return();
      });
      f.local.get(looks);
      f.if(() => f.local.decrease(looks, 1), () => {
        count(1);
        f.i32.const(4 * EPOCH);
        f.local.get(epoch);
        f.i64.const(-1);
        f.memory.atomic.wait32();
        f.drop();
        count(-1);
      });
      f.br(again);
    });
    f.unreachable();
  });
}
