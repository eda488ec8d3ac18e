/**
 * A program on WebAssembly SIMD kernels, emitted for the graph's sizes when it is compiled. What has no kernel of its own runs on the
 * plain kernels between two conversions of layout; `plan` says which.
 */
import { imagePitch, interior } from "../../kernels/wasm/layout.ts";
import { ModuleBuilder } from "../../kernels/wasm/module-builder.ts";
import type { Graph, Node, Value } from "../graph/graph.ts";
import { showShape, sizeOf } from "../tensor.ts";
import { planLayouts } from "./layouts.ts";
import type { Placement } from "./layouts.ts";
import { clearHalo, gather, scatter } from "./nhwc.ts";
import type { PlainConstants } from "./plain-program.ts";
import * as plain from "../../kernels/plain/index.ts";
import { plainStep } from "./plain-steps.ts";
import type { Step } from "./plain-steps.ts";
import type { Program } from "./program.ts";
import type { WasmMemory } from "./wasm-memory.ts";
import { bindNode } from "./wasm-steps.ts";
import type { Bound, Emitted } from "./wasm-steps.ts";

/** Emits the kernels that the graph's nodes ask for, one of each name, and compiles them. */
function compileKernels(bound: readonly (Bound | undefined)[], memory: WasmMemory): Readonly<Record<string, unknown>> {
  const m = new ModuleBuilder("senet");
  m.importMemory("host", "memory", { minimum: 1 });
  const names = new Set<string>();
  for (const each of bound) {
    if (each === undefined || names.has(each.kernel.name)) continue;
    names.add(each.kernel.name);
    each.kernel.emit(m);
  }
  const wasm = WebAssembly!;
  return new wasm.Instance(new wasm.Module(m.toBytes()), { host: { memory: memory.memory } }).exports;
}

export function wasmProgram(graph: Graph, memory: WasmMemory, constants: PlainConstants, kept: ReadonlySet<string>): Program {
  const { placements, total } = planLayouts(graph, kept);
  const place = (value: Value): Placement => placements.get(value)!;
  const bound = graph.nodes.map((node) => bindNode(node, place, memory));
  const exports = compileKernels(bound, memory);
  const base = memory.arena(total);
  const corner = (value: Value): number => base + place(value).offset;
  /** Byte address of pixel (0, 0) of the first image. */
  const address = (value: Value): number => corner(value) + 4 * interior(place(value).layout);
  const pitch = (value: Value): number => 4 * imagePitch(place(value).layout);

  const onPlain = (node: Node): Step => {
    const arrays = new Map([...node.inputs, node.output].map((value) => [value.name, new Float32Array(sizeOf(value.shape))]));
    let work = new Float64Array(0);
    const step = plainStep(node, {
      kernels: plain,
      array: (value) => arrays.get(value.name)!,
      constant: (constant) => constants.array(constant),
      scratch: (size) => (size <= work.length ? work : (work = new Float64Array(size))),
    });
    return () => {
      for (const input of node.inputs) gather(memory.floats, corner(input), place(input), arrays.get(input.name)!);
      step();
      scatter(memory.floats, corner(node.output), place(node.output), arrays.get(node.output.name)!);
    };
  };

  const steps = graph.nodes.map((node, i): Step => {
    const kernel = bound[i];
    const compute = kernel === undefined
      ? onPlain(node)
      : kernel.step(exports[kernel.kernel.name] as Emitted, address, pitch);
    // A value written over its own input finds the border as that left it: zero.
    const bordered = place(node.output).layout.halo > 0;
    return bordered ? () => (clearHalo(memory.floats, corner(node.output), place(node.output)), compute()) : compute;
  });

  return {
    setInput(index, data) {
      const input = graph.inputs[index];
      clearHalo(memory.floats, corner(input), place(input));
      scatter(memory.floats, corner(input), place(input), data);
    },
    run: () => steps.forEach((step) => step()),
    read: (value, into) => gather(memory.floats, corner(value), place(value), into),
    refresh: () => {
      memory.refresh();
      constants.refresh();
    },
    arenaBytes: total,
    lines: graph.nodes.map(({ operation, output }, i) =>
      `${operation.kind.padEnd(14)} ${showShape(output.shape).padEnd(18)} ${(bound[i]?.kernel.name ?? "plain, between conversions").padEnd(60)} ${output.name}`),
  };
}
