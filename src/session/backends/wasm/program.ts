/**
 * A program on WebAssembly SIMD kernels, emitted for the graph's sizes when it is compiled, with a function that calls them all. What has
 * no kernel of its own runs on the plain kernels between two conversions of layout; `plan` says which.
 */
import type { Func } from "../../../../kernels/wasm/assembler/handles.ts";
import { clearHaloKernel, fromPlanarKernel, toPlanarKernel } from "../../../../kernels/wasm/operations/move.ts";
import { ModuleBuilder } from "../../../../kernels/wasm/assembler/module-builder.ts";
import type { Kind, Node, Value } from "../../../graph/graph.ts";
import { showShape, sizeOf } from "../../../tensor.ts";
import { argumentCount } from "../../plan/kernel-call.ts";
import type { Emitter, KernelCall, Stage } from "../../plan/kernel-call.ts";
import { imagesOf, planLayouts } from "../../plan/layouts.ts";
import type { LayoutPlan, Placement } from "../../plan/layouts.ts";
import { gather, scatter } from "../../plan/nhwc.ts";
import type { Arithmetic } from "../numerics.ts";
import type { PlainConstants } from "../plain/program.ts";
import type { Step } from "../../../operations/record.ts";
import { plainStep } from "../operations.ts";
import type { Operations } from "../operations.ts";
import { atOnce, onThisThread } from "../backend.ts";
import type { Making, Program, ProgramRequest } from "../backend.ts";
import type { EmitRuns, RunFunction } from "./run-function.ts";
import type { WasmHost } from "./engine.ts";
import { bindingOf, operandOf } from "./bindings/binding.ts";
import type { Binding, Bound } from "./bindings/binding.ts";

/** Pages that a shared memory may say it can grow to: all that 32-bit addresses reach. */
const MOST_PAGES = 65536;

/** What happens at one place of a program: stages of one function in WebAssembly, or a step in JavaScript. */
export type Part = (RunFunction & { readonly stages: Stage[] }) | Step;

function fromPlanar(value: Value, { layout, images }: Placement): Bound {
  const kernel = fromPlanarKernel(layout);
  return { kernel, images, operands: [], ranges: [{ count: kernel.parts, unit: 1 }], divided: 0, scratch: 0, work: 4 * sizeOf(value.shape) };
}

export interface WasmProgramOptions extends ProgramRequest {
  readonly operations: Operations;
  readonly constants: PlainConstants;
  readonly host: WasmHost;
}

/** A program whose memory is planned: what is to be emitted, and the program once something runs it. */
export interface PlannedProgram {
  readonly code: Code;
  /** Commits the memory. @param steps what runs the parts */
  finish(steps: readonly Step[]): Program;
}

export function* makeWasmProgram(options: WasmProgramOptions): Making<Program> {
  const { code, finish } = planProgram(options);
  return finish(yield* installing(code.parts, options.host));
}

/** The same at once. */
export function wasmProgram(options: WasmProgramOptions): Program {
  return atOnce(makeWasmProgram(options));
}

export function planProgram({ graph, operations, kept, constants, host, overrides }: WasmProgramOptions): PlannedProgram {
  const { memory } = host;
  let bound: (Bound | undefined)[] = [];
  let scratch: number[] = [];
  const of = (node: Node): Binding<Kind> | undefined => bindingOf(operations.bindings, node);
  const layout = planLayouts(graph, kept, of, (place) => {
    const context = { place, memory, arithmetic: host.arithmetic };
    bound = graph.nodes.map((node) => (host.refused.has(node.operation.kind) ? undefined : of(node)?.bind(node, context)));
    scratch = bound.map((call) => call?.scratch ?? 0);
    return memory.shared ? [] : scratch;
  });
  const place = (value: Value): Placement => layout.placements.get(value)!;
  // Working memory of threads stands after the arena, so that no address depends on how many there are (a given module does not know).
  const arenaBytes = layout.total + (memory.shared ? host.threads * Math.max(0, ...scratch) : 0);
  const base = memory.arena(arenaBytes);
  const parts = partsOf({ graph, layout, bound, base, host, overrides }, (node) => onPlain(node));
  const names = parts.map((part) => (typeof part === "function" ? undefined : part.name));

  function onPlain(node: Node): Step {
    const arrays = new Map([...node.inputs, node.output].map((value) => [value.name, new Float32Array(sizeOf(value.shape))]));
    let work = new Float64Array(0);
    const step = plainStep(node, operations, {
      array: (value) => arrays.get(value.name)!,
      constant: (constant) => constants.array(constant),
      scratch: (size) => (size <= work.length ? work : (work = new Float64Array(size))),
    });
    return () => {
      for (const input of node.inputs) gather(memory.floats, base + place(input).offset, place(input), arrays.get(input.name)!);
      step();
      scatter(memory.floats, base + place(node.output).offset, place(node.output), arrays.get(node.output.name)!);
    };
  }

  const finish = (steps: readonly Step[]): Program => {
    memory.commit(host.functions);
    const run = (): void => steps.forEach((step) => step());
    return {
      setInput: (index, data) => memory.floats.set(data, (base + layout.planar.get(graph.inputs[index])!) / 4),
      run,
      runAsync: (begin, end) =>
        (names.includes(undefined) ? undefined : host.runAsync(names as string[], begin, end)) ?? onThisThread({ run }, begin, end),
      read(value, into) {
        const planar = layout.planar.get(value);
        if (planar === undefined || !graph.outputs.includes(value)) gather(memory.floats, base + place(value).offset, place(value), into);
        else into.set(memory.floats.subarray((base + planar) / 4, (base + planar) / 4 + into.length));
      },
      arenaBytes,
      lines: graph.nodes.map(({ operation, output }, i) =>
        [
          operation.kind.padEnd(14), showShape(output.shape).padEnd(18), (bound[i]?.kernel.name ?? "plain, between conversions").padEnd(60), output.name,
        ].join(" ")),
    };
  };
  return { code: { parts, packers: memory.packers, emitRuns: host.emitRuns }, finish };
}

interface PartsOptions extends Pick<WasmProgramOptions, "graph" | "host" | "overrides"> {
  readonly layout: LayoutPlan;
  readonly bound: readonly (Bound | undefined)[];
  /** The arena's address. */
  readonly base: number;
}

/** All calls in their order, inputs and outputs included, cut where JavaScript has something to do. */
function partsOf({ graph, layout, bound, base, host, overrides }: PartsOptions, onPlain: (node: Node) => Step): Part[] {
  const parts: Part[] = [];
  const place = (value: Value): Placement => layout.placements.get(value)!;
  const operand = (value: Value): KernelCall["operands"][number] => operandOf(place(value), base);
  const planar = (value: Value): KernelCall["operands"][number] => ({ address: base + layout.planar.get(value)!, pitch: (4 * sizeOf(value.shape)) / imagesOf(value) });
  const add = (stage: Stage): void => {
    const last = parts.at(-1);
    if (last !== undefined && typeof last !== "function") last.stages.push(stage);
    else parts.push({ name: host.newRunName(), stages: [stage] });
  };
  const resolved = (call: Bound, i: number): KernelCall =>
    ({ ...call, scratchAt: base + (layout.scratch[i] ?? layout.total), operands: call.operands.map((value) => (typeof value === "number" ? { address: value, pitch: 0 } : operand(value))) });
  /** What clears the border of a value, if it has one: the arena is used by one value after the other, so it is dirty. */
  const border = (value: Value): KernelCall[] => {
    const { layout: { halo, width, channels }, images } = place(value);
    if (halo === 0 || layout.inPlace.has(value)) return [];
    const kernel = clearHaloKernel(place(value).layout);
    const work = 8 * images * kernel.parts * (width + 2 * halo) * channels * 0.1;
    return [{ kernel, images, operands: [operand(value)], ranges: [{ count: kernel.parts, unit: 1 }], divided: 0, scratch: 0, work }];
  };
  for (const input of graph.inputs) add([...border(input), { ...fromPlanar(input, place(input)), operands: [operand(input), planar(input)] }]);
  graph.nodes.forEach((node, i) => {
    const call = bound[i];
    if (call === undefined) {
      if (border(node.output).length > 0) add(border(node.output));
      parts.push(onPlain(node));
    } else {
      add([...border(node.output), resolved(call, i)]);
    }
    const { name } = node.output;
    if (!overrides.has(name)) return;
    const write = (): void => {
      const data = overrides.get(name);
      if (data !== undefined) scatter(host.memory.floats, base + place(node.output).offset, place(node.output), data);
    };
    parts.push(write);
  });
  for (const output of new Set(graph.outputs)) {
    const kernel = toPlanarKernel(place(output).layout);
    const work = 4 * sizeOf(output.shape);
    add([{ kernel, images: place(output).images, operands: [planar(output), operand(output)], ranges: [{ count: kernel.parts, unit: 1 }], divided: 0, scratch: 0, work }]);
  }
  return parts;
}

/** All that a module is emitted from. */
export interface Code {
  readonly parts: readonly Part[];
  /** Functions that pack weights. */
  readonly packers: readonly Emitter[];
  readonly emitRuns: EmitRuns;
}

/** An empty module of kernels. @param shared is the memory one to share? */
export function kernelModule(shared: boolean, name: string, { pace }: Pick<Arithmetic, "pace">): ModuleBuilder {
  const m = new ModuleBuilder(name);
  m.pace = pace;
  m.importMemory("host", "memory", shared ? { minimum: 1, maximum: MOST_PAGES, shared: true } : { minimum: 1 });
  return m;
}

function callsOf(parts: readonly Part[]): Map<string, KernelCall> {
  const calls = new Map<string, KernelCall>();
  for (const part of parts) {
    if (typeof part !== "function") for (const call of part.stages.flat()) calls.set(call.kernel.name, call);
  }
  return calls;
}

/** Emits kernels, packers and the functions that run the parts. @param funcs what the module has already, by name; it receives the rest */
export function emitCode(m: ModuleBuilder, { parts, packers, emitRuns }: Code, funcs: Map<string, Func> = new Map()): void {
  for (const kernel of [...[...callsOf(parts).values()].map((call) => call.kernel), ...packers]) {
    if (!funcs.has(kernel.name)) funcs.set(kernel.name, kernel.emit(m));
  }
  emitRuns(m, parts.filter((part) => typeof part !== "function"), { funcs });
}

/** The same at once. */
export function install(parts: readonly Part[], host: WasmHost): Step[] {
  return atOnce(installing(parts, host));
}

/** Emits and compiles what the host does not have yet, and the functions that run the parts. @returns what runs them */
export function* installing(parts: readonly Part[], host: WasmHost): Making<Step[]> {
  const { shared } = host.memory;
  const calls = callsOf(parts);
  for (const { kernel } of host.apart ? calls.values() : []) {
    if (host.has(kernel.name)) continue;
    yield host.install(() => {
      const m = kernelModule(shared, kernel.name, host.arithmetic);
      kernel.emit(m);
      return m;
    });
  }
  yield host.install(() => {
    const m = kernelModule(shared, "senet", host.arithmetic);
    const funcs = new Map<string, Func>();
    for (const call of calls.values()) {
      const { name } = call.kernel;
      if (!host.has(name)) continue;
      const params = Object.fromEntries(Array.from({ length: argumentCount(call) }, (_, i) => [`a${i}`, "i32" as const]));
      funcs.set(name, m.importFunc("kernels", name, { params }));
    }
    emitCode(m, { parts, packers: host.memory.packers.filter(({ name }) => !host.has(name)), emitRuns: host.emitRuns }, funcs);
    return m;
  });
  return runners(parts, host);
}

/** What runs the parts, where the host has their functions. */
export function runners(parts: readonly Part[], host: WasmHost): Step[] {
  return parts.map((part) => (typeof part === "function" ? part : host.runner(part.name)));
}
