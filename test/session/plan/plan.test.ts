/**
 * Plans are values: made without a memory, printed, compared; halos are cleared where an image comes up first, and memory is shared by what
 * does not live at the same time.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { addKernel, copyKernel } from "../../../kernels/wasm/operations/elementwise.ts";
import { createModel } from "../../../models/index.ts";
import { lower } from "../../../src/nn/lower.ts";
import { allOperations } from "../../../src/session/backends/all-operations.ts";
import { exactArithmetic } from "../../../src/session/backends/numerics.ts";
import { PlainConstants } from "../../../src/session/backends/plain/program.ts";
import { planGraph } from "../../../src/session/backends/wasm/program.ts";
import { optimise } from "../../../src/session/optimise/optimise.ts";
import { callOf } from "../../../src/session/plan/kernel-call.ts";
import { imageOf } from "../../../src/session/plan/places.ts";
import type { Stored } from "../../../src/session/plan/places.ts";
import { placePlan, printPlan } from "../../../src/session/plan/plan.ts";
import type { Plan } from "../../../src/session/plan/plan.ts";
import { Planner } from "../../../src/session/plan/planner.ts";
import { StepPlanner } from "../../../src/session/training/step/step-planner.ts";

/** @param refused kinds whose kernels are not trusted */
function planOf(refused: readonly string[] = [], shared: boolean = false): Plan {
  const graph = optimise(lower(createModel("se_resnet8", { width: 8, reduction: 2 }, null), [1, 3, 12, 10]));
  const executor = { arithmetic: exactArithmetic, memory: { shared }, trusts: (kind: string) => !refused.includes(kind) };
  return planGraph({
    graph, operations: allOperations, kept: new Set(), constants: new PlainConstants(), overrides: new Map(), executor,
  }).plan;
}

test("a network is planned without a memory, and the same each time", () => {
  const [one, two] = [planOf(), planOf()];
  assert.equal(printPlan(one), printPlan(two));
  assert.match(printPlan(one)[0], /^ {3}0 {2}input +x32_clear_halo\S* x1 \(image \d+\)$/);
  assert.match(printPlan(one).join("\n"), /conv2d +f32_conv_\S* x1 \(image \d+, conv1\.weight bn1\.bias \d+, image \d+, -, -\)/);
  assert.is(one.total, two.total);
});

test("what is refused is a step in JavaScript, and nothing else is", () => {
  const kinds = (plan: Plan): string[] => [...new Set(plan.entries.filter((entry) => "bind" in entry).map(({ kind }) => kind))];
  assert.equal(kinds(planOf()), []);
  for (const kind of ["conv2d", "linear", "global_pool", "flatten"]) assert.equal(kinds(planOf([kind])), [kind]);
});

const layout = { channels: 4, height: 3, width: 3, halo: 1 };
const bare = { ...layout, halo: 0 };

test("a halo is cleared in the stage that names its image first, and once", () => {
  const planner = new StepPlanner(2);
  const [a, b] = [planner.image(bare), planner.image(layout)];
  planner.incoming(a.region);
  planner.stage(planner.each(copyKernel(layout, bare), [b, a]));
  planner.stage(planner.each(addKernel(layout, layout, bare), [b, b, a]));
  planner.script([planner.image(layout)], () => () => undefined);
  const clears = planner.finish().entries.map(
    (entry) => ("calls" in entry ? entry.calls.filter(({ kernel }) => kernel.name.includes("clear_halo")).length : "script"),
  );
  assert.equal(clears, [1, 0, 1, "script"]);
});

test("memory serves one image after the other; what is held stays", () => {
  const chain = (held: boolean): Plan => {
    const planner = new StepPlanner(1);
    const images = Array.from({ length: 6 }, () => planner.image(bare));
    planner.incoming(images[0].region);
    for (let i = 1; i < 6; i++) planner.stage(planner.each(copyKernel(bare, bare), [images[i], images[i - 1]]));
    if (held) for (const { region } of images) planner.hold(region);
    return planner.finish();
  };
  const bytes = 64 * Math.ceil((4 * 4 * 9) / 64);
  assert.is(chain(false).total, 2 * bytes);
  assert.is(chain(true).total, 6 * bytes);
});

// In the order of its calls.
test("addresses come when a plan is placed: what is stored once, then the arena, then working memory of threads", () => {
  const asked: string[] = [];
  const memory = {
    floats: new Float32Array(0),
    stored: ({ key }: Stored): number => (asked.includes(key) ? 0 : asked.push(key), 1000 * (1 + asked.indexOf(key))),
    arena: (bytes: number): number => (asked.push(`arena ${bytes}`), 1_000_000),
  };
  const weights = (key: string): Stored => ({ key, bytes: 16, fill: () => undefined });
  for (const [scratchInArena, total, at] of [[true, 640, 1_000_512], [false, 512 + 2 * 100, 1_000_512]] as const) {
    asked.length = 0;
    const planner = new Planner(scratchInArena);
    const [image, one] = [imageOf(bare, 2), imageOf(bare, 1)];
    planner.stage(callOf(copyKernel(bare, bare), 2, [image, weights("second"), 7, one], { scratch: 100 }));
    planner.stage(callOf(copyKernel(bare, bare), 1, [image, weights("first"), weights("second")]));
    const plan = planner.finish();
    assert.equal(asked, []);
    const { entries, arenaBytes } = placePlan(plan, memory, 2);
    assert.equal(asked, ["second", "first", `arena ${arenaBytes}`]);
    const [{ operands, scratchAt }] = entries.flatMap((entry) => (typeof entry === "function" ? [] : entry));
    // What is stored, and a single image, is the same for all images.
    assert.equal(operands, [
      { address: 1_000_000, pitch: 144 }, { address: 1000, pitch: 0 }, { address: 7, pitch: 0 }, { address: 1_000_320, pitch: 0 },
    ]);
    assert.equal([scratchAt, arenaBytes <= total], [at, true], `${arenaBytes}`);
  }
});

test.run();
