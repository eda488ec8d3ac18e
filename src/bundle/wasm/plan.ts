/**
 * A graph as the module of `senet compile`, exact numerics, with places for weights and values: what a session plans, done before and
 * written down. Weights of convolutions are laid into panels when the file is loaded, from those that it holds; what else kernels want
 * stored is in the file as it lies in memory.
 */
import type { Constant, Graph, Node, Operation } from "../../graph/graph.ts";
import { allOperations } from "../../session/backends/all-operations.ts";
import type { Operations } from "../../session/backends/operations.ts";
import { PlainConstants } from "../../session/backends/plain/program.ts";
import { exactArithmetic } from "../../session/backends/numerics.ts";
import type { Arithmetic } from "../../session/backends/numerics.ts";
import { emitCode, kernelModule, spansOf } from "../../session/backends/wasm/install.ts";
import { planGraph } from "../../session/backends/wasm/program.ts";
import { emitRunsAlone } from "../../session/backends/wasm/run-function.ts";
import type { Stored } from "../../session/plan/places.ts";
import { placePlan } from "../../session/plan/plan.ts";
import { sizeOf } from "../../tensor.ts";
import type { Constants } from "../constants.ts";
import type { Slot } from "../plain/plan.ts";
import { stripped } from "./strip.ts";

/**
 * Weights that are laid into panels: [address / 4, weights, biases or -1, groups, channels out, in, taps, columns of a panel]; of 36 taps
 * those of nine, transformed for Winograd's method (kernels/wasm/convolution/winograd/panels.ts).
 */
export type Packing = readonly number[];

export interface WasmPlan {
  readonly module: Uint8Array;
  /** Of memory, 64 KiB each. */
  readonly pages: number;
  /** Bytes of values. */
  readonly arenaBytes: number;
  readonly packings: readonly Packing[];
  /** Bytes as they lie in memory, and where. */
  readonly raw: readonly { readonly address: number; readonly bytes: Uint8Array }[];
  readonly inputs: readonly Slot[];
  readonly outputs: readonly Slot[];
  /** An operation each, with its kernel. */
  readonly lines: readonly string[];
}

const PAGE = 65536;
const ALIGNMENT = 64;
const PANEL = 16;
const DEPTHWISE_PANEL = 4;

/** Weights in panels, as the file does it: see `packer`. @param size numbers */
function packed(
  weights: Float32Array, biases: Float32Array | undefined, [, , , groups, outs, ins, taps, panel]: Packing, size: number,
): Float32Array {
  const out = new Float32Array(size);
  let to = 0;
  const own = taps === 36 ? 9 : taps;
  for (let group = 0; group < groups; group++) {
    for (let column = 0; column < outs; column += panel) {
      const left = outs - column;
      const width = Math.min(panel, 4 * Math.ceil(left / 4));
      const first = group * outs + column;
      for (let term = -1; term < taps * ins; term++) {
        const tap = Math.floor(term / ins);
        for (let j = 0; j < width && to < size; j++) {
          const from = ((first + j) * ins + (term % ins)) * own;
          if (j >= left) out[to++] = 0;
          else if (term < 0) out[to++] = biases?.[first + j] ?? 0;
          else out[to++] = own < taps ? transformed(weights, from, tap) : weights[from + tap];
        }
      }
    }
  }
  return out;
}

/** Rows of G (kernels/wasm/convolution/winograd/tile.ts). */
const ROWS = [1, 0, 0, 1, 0.5 * Math.SQRT2, 0.5, 1, -0.5 * Math.SQRT2, 0.5, 1, Math.SQRT2, 2, 1, -Math.SQRT2, 2, 0, 0, 1];

/** One place of G g G^T, for the kernel g that begins at `from`. */
function transformed(weights: Float32Array, from: number, place: number): number {
  const [row, column] = [3 * Math.floor(place / 6), 3 * (place % 6)];
  const t = (tap: number): number => (
    ROWS[row] * weights[from + tap] + ROWS[row + 1] * weights[from + tap + 3] + ROWS[row + 2] * weights[from + tap + 6]
  );
  return ROWS[column] * t(0) + ROWS[column + 1] * t(1) + ROWS[column + 2] * t(2);
}

/** The same in the file: from `W` into `A`. */
export const packer: string = `
    var rows = ${JSON.stringify(ROWS)};
    function transformed(from, place) {
      var k = W, r = 3 * Math.floor(place / 6), c = 3 * (place % 6), sum = 0;
      for (var tap = 0; tap < 3; tap++) {
        sum += rows[c + tap] * (rows[r] * k[from + tap] + rows[r + 1] * k[from + tap + 3] + rows[r + 2] * k[from + tap + 6]);
      }
      return sum;
    }
    function pack(to, w, b, groups, outs, ins, taps, panel) {
      var a = A, k = W, own = taps === 36 ? 9 : taps;
      for (var group = 0; group < groups; group++) {
        for (var column = 0; column < outs; column += panel) {
          var left = outs - column, width = Math.min(panel, left + 3 & -4), first = group * outs + column;
          for (var term = -1; term < taps * ins; term++) {
            var tap = Math.floor(term / ins);
            for (var j = 0; j < width; j++) {
              var from = w + ((first + j) * ins + term % ins) * own;
              a[to++] = j >= left ? 0 : term < 0 ? b < 0 ? 0 : k[b + first + j] : own < taps ? transformed(from, tap) : k[from + tap];
            }
          }
        }
      }
    }`;

interface Weights {
  readonly weight: Constant;
  readonly bias: Constant | undefined;
  /** Without the address and places. */
  readonly forms: readonly (readonly [groups: number, outs: number, ins: number, taps: number, panel: number])[];
}

/** How weights of a node may be laid out. */
function weightsOf({ operation, inputs, output }: Node): Weights | undefined {
  if (operation.kind === "linear") {
    const { weight, bias } = operation;
    return { weight, bias, forms: [[1, output.shape[1], inputs[0].shape[1], 1, PANEL]] };
  }
  if (operation.kind !== "conv2d") return undefined;
  const { weight, bias, groups, kernel } = operation;
  const [outs, ins, taps] = [output.shape[1] / groups, inputs[0].shape[1] / groups, kernel[0] * kernel[1]];
  const forms = [[groups, outs, ins, taps, PANEL], [1, outs * groups, 1, taps, DEPTHWISE_PANEL], [groups, outs, ins, 36, PANEL]] as const;
  return { weight, bias, forms: taps === 9 ? forms : forms.slice(0, 2) };
}

const floats = (constant: Constant | undefined): Float32Array | undefined => constant && (constant.read().data as Float32Array);

function sameBits(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((number, i) => Object.is(number, b[i]));
}

/** Numbers of weights in panels of 16. */
function sizeIn([groups, outs, ins, taps]: Weights["forms"][number]): number {
  return groups * (taps * ins + 1) * 4 * Math.ceil(outs / 4);
}

/**
 * Whose weights have rounded factors in sessions: those that lie in panels as they are (pack-weights.ts), and neither transformed nor in
 * panels of 4.
 */
export function roundedFactors(graph: Graph): (operation: Operation) => boolean {
  const { plan } = planned(graph, {});
  const keys = new Set(plan.entries.flatMap((entry) => ("calls" in entry ? entry.calls : [])).flatMap(({ operands }) => operands).map(
    (place) => (typeof place === "object" && "key" in place ? place.key : ""),
  ));
  const rounded = new Set(graph.nodes.filter((node) => {
    const found = node.operation.kind === "conv2d" ? weightsOf(node) : undefined;
    if (found === undefined) return false;
    const { weight, bias, forms: [form] } = found;
    const [groups, outs, ins] = form;
    return !(groups > 1 && outs * ins === 1) && keys.has(`${weight.name} ${bias?.name ?? ""} ${sizeIn(form)}`);
  }).map(({ operation }) => operation));
  return (operation) => rounded.has(operation);
}

function planned(graph: Graph, { operations = allOperations, arithmetic = exactArithmetic }: Partial<ByteKernels>) {
  return planGraph({
    graph, operations, kept: new Set(), constants: new PlainConstants(), overrides: new Map(),
    executor: { arithmetic, trusts: () => true, memory: { shared: false } },
  });
}

/** @throws RangeError naming the operations for which there is no kernel, and where they stand */
export function planWasm(graph: Graph, constants: Constants | undefined, title: string, how: Partial<ByteKernels> = {}): WasmPlan {
  const { arithmetic = exactArithmetic } = how;
  const { plan, planar, lines } = planned(graph, how);
  const stored = new Map<string, { readonly address: number; readonly wanted: Stored }>();
  let top = ALIGNMENT;
  const take = (bytes: number): number => {
    const address = top;
    top = Math.ceil((address + bytes) / ALIGNMENT) * ALIGNMENT;
    return address;
  };
  let arenaBytes = 0;
  const memory = {
    floats: new Float32Array(0),
    stored(wanted: Stored): number {
      const known = stored.get(wanted.key) ?? { address: take(wanted.bytes), wanted };
      stored.set(wanted.key, known);
      return known.address;
    },
    arena(bytes: number): number {
      arenaBytes = bytes;
      return take(bytes);
    },
  };
  const missing = plan.entries.filter((entry) => "bind" in entry).map(({ kind }) => kind);
  if (missing.length > 0) {
    const place = (kind: string): string => graph.nodes.find(({ operation }) => operation.kind === kind)!.output.name;
    const names = [...new Set(missing)].map((kind) => `${kind} (${place(kind)})`);
    throw new RangeError(`bundle: target wasm has no kernel for ${names.join(", ")}`);
  }
  const placed = placePlan(plan, memory, 1);
  const [span, ...more] = spansOf(placed.entries, () => "run_0");
  if (typeof span !== "object" || more.length > 0) throw new Error(`bundle: ${title} has nothing to compute`);
  const m = kernelModule(false, "senet", arithmetic);
  emitCode(m, { spans: [span], packers: [], emitRuns: emitRunsAlone });
  const all = graph.nodes.map(weightsOf).filter((each) => each !== undefined);
  const packings: Packing[] = [];
  const raw: { readonly address: number; readonly bytes: Uint8Array }[] = [];
  for (const [key, { address, wanted }] of stored) {
    const bytes = new Uint8Array(wanted.bytes);
    wanted.fill(bytes, { memory: { ...memory, staging: 0 }, address, packer: undefined });
    const numbers = wanted.bytes % 4 === 0 ? new Float32Array(bytes.buffer) : undefined;
    const found = constants && numbers && all.filter(({ weight, bias }) => key.startsWith(`${weight.name} ${bias?.name ?? ""} `)).flatMap(
      ({ weight, bias, forms }) => forms
        .map((form) => [address / 4, constants.of(weight).at, bias === undefined ? -1 : constants.of(bias).at, ...form])
        .filter((packing) => sameBits(packed(floats(weight)!, floats(bias), packing, numbers.length), numbers)),
    )[0];
    if (found === undefined) raw.push({ address, bytes });
    else packings.push(found);
  }
  const slots = (values: Graph["inputs"]): Slot[] => values.map(
    (value) => ({ at: placed.address(planar.get(value)!) / 4, size: sizeOf(value.shape) }),
  );
  return {
    module: stripped(m.toBytes(), "run_0"), pages: Math.ceil(top / PAGE), arenaBytes, packings, raw, lines,
    inputs: slots(graph.inputs), outputs: slots(graph.outputs),
  };
}

/** Of networks of bytes: what they compute with. */
export interface ByteKernels {
  readonly operations: Operations;
  readonly arithmetic: Arithmetic;
}
