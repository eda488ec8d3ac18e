/**
 * The functions that run a program on several threads. All of them call the same one, and each takes the next piece of a stage until there
 * is none, then waits for what others have begun. Pieces change no bit of a result, so it does not matter who computes which.
 * Longer than 300 lines: the order of atomic operations is one argument, and is read as one.
 */
import type { Func } from "../../../kernels/wasm/assembler/handles.ts";
import { atMost } from "../../../kernels/wasm/shared/addresses.ts";
import { THREADS } from "../../../kernels/wasm/assembler/opcodes-threads.ts";
import type { Threads } from "../../../kernels/wasm/assembler/opcodes-threads.ts";
import type { ModuleBuilder } from "../../../kernels/wasm/assembler/module-builder.ts";
import type { KernelCall, Stage } from "../plan/kernel-call.ts";
import { pushOperands, pushScratch, wholeCall } from "../backends/wasm/run-function.ts";
import type { EmitRuns, RunFunction, RunPlace } from "../backends/wasm/run-function.ts";
import { CONTROL_ADDRESS, LOST_ADDRESS, STAGE_ADDRESS } from "../backends/wasm/memory.ts";

/**
 * Operations below which a stage is not worth sharing: about what a thread computes while the others are told. (Layers of one pixel wait
 * for their weights, so that they take five times as long as others of as many operations.)
 */
const SERIAL_WORK = 100_000;
/**
 * Operations of a piece, about; and pieces of a stage, at most: an even number, for of three pieces one of two threads does two. Small
 * pieces even out what threads lose to other programs.
 */
const PIECE_WORK = 400_000;
const MOST_PIECES = 16;
/** Looks at a word before a thread goes to sleep: some tenths of a millisecond, for to be woken takes as long on a virtual machine. */
const SPINS = 100_000;
/** How long a thread sleeps, in nanoseconds, before it asks whether pieces still get done. */
const NAP = 50_000_000;
/** After so many naps, or turns of looking, in which none was done, whoever had begun one is lost: about five seconds. */
const SLEEPS = 100;
const TURNS = 20_000;

/**
 * Words of the control block, in bytes from its start: the stage's next piece and the stage's number (that thread which sees both as they
 * were at one moment takes a piece), its pieces that are done, sleeping threads, has one been lost? Stages are counted on from run to run:
 * whoever comes late finds that its stage is over.
 */
const NEXT = 0;
const STAGE = STAGE_ADDRESS - CONTROL_ADDRESS;
const FINISHED = 8;
const ASLEEP = 12;
const LOST = LOST_ADDRESS - CONTROL_ADDRESS;

/** The pieces of a call: units of its divided range, and pieces, of an image. */
export interface Division {
  readonly call: KernelCall;
  readonly units: number;
  readonly perImage: number;
}

/**
 * Cuts a call into pieces. Where units are not as many for each, larger and smaller ones come in turns, a larger one first: 10 units are 3,
 * 2, 3 and 2, so that two threads have 5 each.
 */
export function divide(call: KernelCall): Division {
  const { ranges, divided, images, work } = call;
  const { count, unit, most = MOST_PIECES } = ranges[divided];
  const units = Math.ceil(count / unit);
  const wanted = Math.min(most, MOST_PIECES, 2 * Math.ceil(work / PIECE_WORK / 2)) / images;
  return { call, units, perImage: Math.max(1, Math.min(units, Math.round(wanted))) };
}

/** The functions by which threads share a stage. */
interface Sharing {
  /** (stage, pieces) -> the number of a piece that nobody has, or -1 where there is none left. */
  readonly claim: Func;
  /** (stage, pieces): one of them is done; the last one begins the next stage. */
  readonly finish: Func;
  /** (stage, may this one sleep?) -> 0 once its pieces are done, 1 where that will never be. */
  readonly await: Func;
}

function emitSharing(m: ModuleBuilder<Threads>): Sharing {
  const claim = m.func("claim_piece", { params: { stage: "i32", pieces: "i32" }, results: ["i32"] }, (f, { stage, pieces }) => {
    const seen = f.local.i64("seen");
    const next = f.local.i32("next");
    f.loop((again) => {
      f.i32.const(CONTROL_ADDRESS);
      f.i64.atomic.load(NEXT);
      f.local.tee(seen);
      f.i64.const(32);
      f.i64.shr_u();
      f.i32.wrap_i64();
      f.local.get(stage);
      f.i32.ne();
      f.local.get(seen);
      f.i32.wrap_i64();
      f.local.tee(next);
      f.local.get(pieces);
      f.i32.ge_u();
      f.i32.or();
      f.if(() => {
        f.i32.const(-1);
        f.return();
      });
      f.i32.const(CONTROL_ADDRESS);
      f.local.get(seen);
      f.local.get(seen);
      f.i64.const(1);
      f.i64.add();
      f.i64.atomic.rmw.cmpxchg(NEXT);
      f.local.get(seen);
      f.i64.ne();
      f.br_if(again);
    });
    f.local.get(next);
  });
  const finish = m.func("finish_piece", { params: { stage: "i32", pieces: "i32" } }, (f, { stage, pieces }) => {
    f.i32.const(CONTROL_ADDRESS);
    f.i32.const(1);
    f.i32.atomic.rmw.add(FINISHED);
    f.i32.const(1);
    f.i32.add();
    f.local.get(pieces);
    f.i32.eq();
    f.if(() => {
      f.i32.const(CONTROL_ADDRESS);
      f.i32.const(0);
      f.i32.atomic.store(FINISHED);
      f.i32.const(CONTROL_ADDRESS);
      f.local.get(stage);
      f.i32.const(1);
      f.i32.add();
      f.i64.extend_i32_u();
      f.i64.const(32);
      f.i64.shl();
      f.i64.atomic.store(NEXT);
      f.i32.const(CONTROL_ADDRESS);
      f.i32.atomic.load(ASLEEP);
      f.if(() => {
        f.i32.const(CONTROL_ADDRESS);
        f.i32.const(-1);
        f.memory.atomic.notify(STAGE);
        f.drop();
      });
    });
  });
  // A function of its own, for Node 20's first compiler forgets what a loop counts where there is such a wait in it
  // (findings/node-20-wait-in-loop.sh).
  const nap = m.func("nap", { params: { stage: "i32" } }, (f, { stage }) => {
    const asleep = (by: number): void => {
      f.i32.const(CONTROL_ADDRESS);
      f.i32.const(by);
      f.i32.atomic.rmw.add(ASLEEP);
      f.drop();
    };
    asleep(1);
    f.i32.const(CONTROL_ADDRESS);
    f.local.get(stage);
    f.i64.const(NAP);
    f.memory.atomic.wait32(STAGE);
    f.drop();
    asleep(-1);
  });
  const awaitStage = m.func("await_stage", { params: { stage: "i32", sleeps: "i32" }, results: ["i32"] }, (f, { stage, sleeps }) => {
    const [spins, rounds, seen] = ["spins", "rounds", "seen"].map((name) => f.local.i32(name));
    const word = (offset: number): void => {
      f.i32.const(CONTROL_ADDRESS);
      f.i32.atomic.load(offset);
    };
    f.i32.const(SPINS);
    f.local.set(spins);
    f.loop((again) => {
      f.doWhile(() => {
        word(STAGE);
        f.local.get(stage);
        f.i32.ne();
        f.if(() => {
          f.i32.const(0);
          f.return();
        });
        f.local.decrease(spins, 1);
        f.local.get(spins);
      });
      word(LOST);
      f.if(() => {
        f.i32.const(1);
        f.return();
      });
      // As long as pieces get done nobody is lost. (Rounds begin at 0, and what is seen at what no stage has.)
      word(FINISHED);
      f.i32.const(1);
      f.i32.add();
      f.local.get(seen);
      f.i32.ne();
      f.if(() => {
        word(FINISHED);
        f.i32.const(1);
        f.i32.add();
        f.local.set(seen);
        f.i32.const(SLEEPS);
        f.i32.const(TURNS);
        f.local.get(sleeps);
        f.select();
        f.local.set(rounds);
      });
      f.local.decrease(rounds, 1);
      f.local.get(rounds);
      f.i32.eqz();
      f.if(() => {
        f.i32.const(CONTROL_ADDRESS);
        f.i32.const(1);
        f.i32.atomic.store(LOST);
        f.i32.const(CONTROL_ADDRESS);
        f.i32.const(-1);
        f.memory.atomic.notify(STAGE);
        f.drop();
        f.i32.const(1);
        f.return();
      });
      f.local.get(sleeps);
      f.if(() => {
        f.local.get(stage);
        f.call(nap);
      });
      f.i32.const(1);
      f.i32.const(SPINS);
      f.local.get(sleeps);
      f.select();
      f.local.set(spins);
      f.br(again);
    });
    f.unreachable();
  });
  return { claim, finish, await: awaitStage };
}

/** Of calls that may run at the same time. */
function piecesOf(divisions: readonly Division[]): number {
  return divisions.reduce((sum, { call, perImage }) => sum + call.images * perImage, 0);
}

/**
 * Stages that are worth sharing and can be, and between them runs of those that one thread computes: after each of both threads wait for
 * each other.
 */
export function grouped(stages: readonly Stage[]): { readonly shared: boolean; readonly calls: Stage }[] {
  const groups: { shared: boolean; calls: KernelCall[] }[] = [];
  for (const stage of stages) {
    const shared = stage.reduce((sum, { work }) => sum + work, 0) >= SERIAL_WORK && piecesOf(stage.map(divide)) > 1;
    const last = groups.at(-1);
    if (!shared && last?.shared === false) last.calls.push(...stage);
    else groups.push({ shared, calls: [...stage] });
  }
  return groups;
}

/**
 * Functions of (thread's number, number of the first stage, may this one sleep?) that give 0, or 1 where a thread was lost that had begun a
 * piece: then nothing in this memory is of use any more. The thread that wants the result must call one, with what stands in the memory as
 * the present stage; others may, with the same, at any time, and help from where the work is then.
 */
export const emitRunsShared: EmitRuns = Object.assign((given: ModuleBuilder, runs: readonly RunFunction[], place: RunPlace) => {
  const m = given as unknown as ModuleBuilder<Threads>;
  const sharing = emitSharing(m);
  for (const run of runs) emitRun(m, run, place, sharing);
}, { instructions: THREADS });

function emitRun(m: ModuleBuilder<Threads>, { name, stages }: RunFunction, { funcs }: RunPlace, sharing: Sharing): void {
  m.func(name, {
    params: { thread: "i32", stage: "i32", sleeps: "i32" }, results: ["i32"], export: true,
  }, (f, { thread, stage, sleeps }) => {
    const [image, piece, begin, end] = ["image", "piece", "begin", "end"].map((each) => f.local.i32(each));

    /** The unit that a piece begins with: pieces before it times units, over all pieces, rounded up. */
    const bound = (to: typeof begin, after: number, { call, units, perImage }: Division): void => {
      f.local.get(piece);
      f.i32.const(units);
      f.i32.mul();
      f.i32.const(after * units + perImage - 1);
      f.i32.add();
      f.i32.const(perImage);
      f.i32.div_u();
      f.i32.const(call.ranges[call.divided].unit);
      f.i32.mul();
      f.local.set(to);
    };
    /** Piece `piece` of a call, which has not more. */
    const onePiece = (division: Division): void => {
      const { call, perImage } = division;
      if (call.images > 1) {
        f.local.get(piece);
        f.i32.const(perImage);
        f.i32.div_u();
        f.local.set(image);
        f.local.get(piece);
        f.i32.const(perImage);
        f.i32.rem_u();
        f.local.set(piece);
      }
      bound(begin, 0, division);
      bound(end, 1, division);
      atMost(f, end, call.ranges[call.divided].count);
      pushOperands(f, call, image);
      call.ranges.forEach((range, i) => {
        if (i === call.divided) {
          f.local.get(begin);
          f.local.get(end);
        } else {
          f.i32.const(0);
          f.i32.const(range.count);
        }
      });
      pushScratch(f, call, thread);
      f.call(funcs.get(call.kernel.name)!);
    };

    /** Piece `piece` of calls that stand one after the other. */
    const onePieceOf = (divisions: readonly Division[]): void => {
      f.block((done) => {
        divisions.forEach((division, i) => {
          if (i === divisions.length - 1) return onePiece(division);
          const count = division.call.images * division.perImage;
          f.local.get(piece);
          f.i32.const(count);
          f.i32.lt_u();
          f.if(() => {
            onePiece(division);
            f.br(done);
          });
          f.local.decrease(piece, count);
        });
      });
    };

    for (const { shared, calls } of grouped(stages)) {
      const divisions = calls.map(divide);
      const total = shared ? piecesOf(divisions) : 1;
      f.loop((again) => {
        f.local.get(stage);
        f.i32.const(total);
        f.call(sharing.claim);
        f.local.tee(piece);
        f.i32.const(0);
        f.i32.ge_s();
        f.if(() => {
          if (shared) onePieceOf(divisions);
          else for (const call of calls) wholeCall(f, call, funcs.get(call.kernel.name)!, image, thread);
          f.local.get(stage);
          f.i32.const(total);
          f.call(sharing.finish);
          f.br(again);
        });
      });
      f.local.get(stage);
      f.local.get(sleeps);
      f.call(sharing.await);
      f.if(() => {
        f.i32.const(1);
        f.return();
      });
      f.local.increase(stage, 1);
    }
    f.i32.const(0);
  });
}
