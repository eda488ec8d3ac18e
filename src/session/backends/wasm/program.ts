/**
 * A program on WebAssembly. Its kernels are emitted for the sizes of the graph, and one function calls them all. A node without a kernel
 * runs on the plain kernels: its inputs are copied out before, its output is copied in after. `plan` says which kernel each node has.
 */
import { fromPlanarKernel, toPlanarKernel } from "../../../../kernels/wasm/operations/move.ts";
import type { Kind, Node, Value } from "../../../graph/graph.ts";
import type { Routine } from "../../../operations/record.ts";
import { showShape } from "../../../tensor.ts";
import { callOf } from "../../plan/kernel-call.ts";
import { batchOf, imagesOf, planarLayout } from "../../plan/layouts.ts";
import { gather, scatter } from "../../plan/nhwc.ts";
import { imageOf } from "../../plan/places.ts";
import type { Image } from "../../plan/places.ts";
import { placePlan } from "../../plan/plan.ts";
import type { PlacedMemory, Plan } from "../../plan/plan.ts";
import { Planner } from "../../plan/planner.ts";
import { onThisThread } from "../backend.ts";
import { atOnce } from "../making.ts";
import type { Program, ProgramRequest } from "../backend.ts";
import type { Making } from "../making.ts";
import { plainRoutine } from "../operations.ts";
import type { Operations } from "../operations.ts";
import { newNumbers, routineContext } from "../plain/program.ts";
import type { PlainConstants } from "../plain/program.ts";
import { bindingOf } from "./bindings/binding.ts";
import type { Binding } from "./bindings/binding.ts";
import type { WasmExecutor } from "./executor.ts";
import { callsOf, installing, spansOf } from "./install.ts";
import type { Code } from "./install.ts";

export interface WasmProgramOptions extends ProgramRequest {
  readonly operations: Operations;
  readonly constants: PlainConstants;
  readonly executor: WasmExecutor;
}

/** A program whose memory is planned: what is to be emitted, and the program once something runs it. */
export interface PlannedProgram {
  readonly code: Code;
  /** Commits the memory. @param routines what runs the spans */
  finish(routines: readonly Routine[]): Program;
}

export function* makeWasmProgram(options: WasmProgramOptions): Making<Program> {
  const { code, finish } = planProgram(options);
  const { spans } = code;
  const runs = yield* installing(spans, options.executor);
  const runNames = spans.flatMap((span) => (typeof span === "function" ? [] : [span.name]));
  return { ...finish(runs), drop: options.executor.hold([...callsOf(spans).keys(), ...runNames]) };
}

/** The same at once. */
export function wasmProgram(options: WasmProgramOptions): Program {
  return atOnce(makeWasmProgram(options));
}

export function planProgram(options: WasmProgramOptions): PlannedProgram {
  const { graph, executor, kept } = options;
  const { memory } = executor;
  const { plan, images, planar, lines } = planGraph(options);
  const placed = placePlan(plan, memory, executor.threads);
  const spans = spansOf(placed.entries, () => executor.newRunName());
  const names = spans.flatMap((span) => (typeof span === "function" ? [] : [span.name]));
  const finish = (routines: readonly Routine[]): Program => {
    memory.commit(executor.functions);
    return {
      setInput: (index, data) => memory.floats.set(data, placed.address(planar.get(graph.inputs[index])!) / 4),
      run: () => routines.forEach((routine) => routine()),
      runAsync(begin, end) {
        const here = (): Promise<ReturnType<typeof end>> => onThisThread(routines, begin, end);
        if (names.length < spans.length) return here();
        return executor.runAsync({ names, begin, end, here, memory, graph, kept, images, planar, address: placed.address });
      },
      read(value, into) {
        const at = graph.outputs.includes(value) ? planar.get(value) : undefined;
        const image = images.get(value)!;
        if (at === undefined) gather(memory, placed.address(image), image, into);
        else into.set(memory.floats.subarray(placed.address(at) / 4, placed.address(at) / 4 + into.length));
      },
      arenaBytes: placed.arenaBytes,
      lines,
    };
  };
  return { code: { spans, packers: memory.packers, emitRuns: executor.emitRuns }, finish };
}

/** A graph's plan, and where its values lie in it. */
export interface GraphPlan {
  readonly plan: Plan;
  readonly images: ReadonlyMap<Value, Image>;
  /** Inputs and outputs as users see them, [N,C,H,W] without halo. */
  readonly planar: ReadonlyMap<Value, Image>;
  /** One an operation, with its kernel. */
  readonly lines: readonly string[];
}

/** What a graph is planned for. */
export type GraphPlanOptions = Omit<WasmProgramOptions, "executor"> & {
  readonly executor: Pick<WasmExecutor, "arithmetic" | "trusts"> & { readonly memory: { readonly shared: boolean } },
};

/** All calls in their order, inputs and outputs included, and the routines of what has no kernels, or none that is trusted. */
export function planGraph({ graph, operations, kept, constants, executor, overrides }: GraphPlanOptions): GraphPlan {
  const of = (node: Node): Binding<Kind> | undefined => bindingOf(operations.bindings, node);
  const images = imagesOf(graph, kept, of);
  const image = (value: Value): Image => images.get(value)!;
  const planar = new Map([...graph.inputs, ...graph.outputs].map((value) => [value, imageOf(planarLayout(value), batchOf(value))]));
  // Working memory of threads stands after the arena, so that no address depends on how many there are (a given module does not know).
  const planner = new Planner(!executor.memory.shared);
  for (const places of [images, planar]) for (const input of graph.inputs) planner.hold(places.get(input)!.region, -1);
  planner.of("input");
  for (const input of graph.inputs) {
    const x = image(input);
    planner.stage(callOf(fromPlanarKernel(x.layout), x.images, [x, planar.get(input)!]));
  }
  // Also what nothing reads, so that modules which were written long ago still fit.
  for (const input of graph.inputs) planner.hold(image(input).region);
  const lines: string[] = [];
  for (const node of graph.nodes) {
    const { operation: { kind }, output } = node;
    planner.of(kind);
    const call = executor.trusts(kind)
      ? of(node)?.bind(node, { image, arithmetic: executor.arithmetic, emitters: operations.emitters ?? {} })
      : undefined;
    if (call !== undefined) planner.stage(call);
    else planner.script([...node.inputs, output].map(image), (placed) => onPlain(node, { ...placed, operations, constants, image }));
    const kernel = call?.kernel.name ?? "plain, between conversions";
    lines.push([kind.padEnd(14), showShape(output.shape).padEnd(18), kernel.padEnd(60), output.name].join(" "));
    if (!overrides.has(output.name)) continue;
    planner.script([image(output)], ({ memory, address }) => () => {
      const data = overrides.get(output.name);
      if (data !== undefined) scatter(memory, address(image(output)), image(output), data);
    });
  }
  planner.of("output");
  for (const output of new Set(graph.outputs)) {
    const y = image(output);
    planner.stage(callOf(toPlanarKernel(y.layout), y.images, [planar.get(output)!, y]));
  }
  for (const [value, { region }] of images) if (graph.outputs.includes(value) || kept.has(value.name)) planner.hold(region);
  for (const output of graph.outputs) planner.hold(planar.get(output)!.region);
  return { plan: planner.finish(), images, planar, lines };
}

interface PlainNode extends PlacedMemory, Pick<WasmProgramOptions, "operations" | "constants"> {
  readonly image: (value: Value) => Image;
}

/** A node on the plain kernels, between two conversions. */
function onPlain(node: Node, { operations, constants, memory, address, image }: PlainNode): Routine {
  const arrays = new Map([...node.inputs, node.output].map((value) => [value.name, newNumbers(value)]));
  const routine = plainRoutine(node, operations, routineContext(arrays, constants));
  const { inputs, output } = node;
  return () => {
    for (const input of inputs) gather(memory, address(image(input)), image(input), arrays.get(input.name)!);
    routine();
    scatter(memory, address(image(output)), image(output), arrays.get(output.name)!);
  };
}
