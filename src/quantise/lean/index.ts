/**
 * Networks of bytes in few bytes: reads what `senet convert --int8` and `saveQuantised` wrote, and runs it on WebAssembly with one thread.
 * No model, no float32 kernels, no passes over graphs: files hold the graph of their network as it was before it was one of bytes. The bits
 * are those of every other session of the file, and each file is asked for the answer that it says it gives before it is used.
 */
import { checkFields, oneOf } from "../../checks.ts";
import type { HostWasmModule } from "../../host-types.ts";
import { BYTES } from "../../../kernels/wasm/assembler/opcodes-bytes.ts";
import { dots } from "../../../kernels/wasm/probe/dots.ts";
import { fromPlanarKernel, toPlanarKernel } from "../../../kernels/wasm/operations/move.ts";
import type { Dots } from "../../../kernels/wasm/quantised/conv.ts";
import type { Kind, Node, Value } from "../../graph/graph.ts";
import { bytesOf } from "../../io/bytes/bytes-of.ts";
import { sizeOf } from "../../tensor.ts";
import type { Shape } from "../../tensor.ts";
import { bindingOf } from "../../session/backends/wasm/bindings/binding.ts";
import type { Binding } from "../../session/backends/wasm/bindings/binding.ts";
import { emitCode, kernelModule, spansOf } from "../../session/backends/wasm/install.ts";
import { WasmMemory } from "../../session/backends/wasm/memory.ts";
import { emitRunsAlone } from "../../session/backends/wasm/run-function.ts";
import { taken } from "../../session/backends/wasm/tuning.ts";
import { callOf } from "../../session/plan/kernel-call.ts";
import { imagesOf, planarLayout } from "../../session/plan/layouts.ts";
import { imageOf } from "../../session/plan/places.ts";
import { placePlan } from "../../session/plan/plan.ts";
import { Planner } from "../../session/plan/planner.ts";
import { leanBindings } from "./bindings.ts";
import { answerHash, broken, examplePixels, readLean } from "./file.ts";

/**
 * What `openInt8` may be told.
 * @example
 * const model = new Conv2d(1, 4, { kernel: 3, padding: 1 });
 * const file = saveQuantised(quantise(model, [Tensor.of(Array.from({ length: 64 }, (_, i) => i / 64), [1, 1, 8, 8])]).network);
 * const options: Int8Options = { dots: "wide" };
 * openInt8Sync(file, options).input   // => [1,1,8,8]
 */
export interface Int8Options {
  /** Which products of bytes; by default a measurement of some milliseconds decides. No bit depends on it. */
  readonly dots?: Dots;
}

/**
 * A network of bytes, ready to run.
 * @example
 * const model = new Conv2d(1, 4, { kernel: 3, padding: 1 });
 * const file = saveQuantised(quantise(model, [Tensor.of(Array.from({ length: 64 }, (_, i) => i / 64), [1, 1, 8, 8])]).network);
 * const network: Int8Network = openInt8Sync(file);
 * network.output   // => [1,4,8,8]
 */
export interface Int8Network {
  /** [1, channels, height, width], as the file was measured. */
  readonly input: Shape;
  readonly output: Shape;
  /** What the file says of itself: texts such as `senet.classes` and `senet.preprocessing`, which are JSON. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Which kernels run. */
  readonly kernels: string;
  /** @param x float32 of `input`, [N,C,H,W] @returns those of `output`, a copy @throws RangeError for another number of them */
  run(x: ArrayLike<number>): Float32Array;
}

interface Made {
  readonly module: Uint8Array<ArrayBuffer>;
  finish(module: HostWasmModule): Int8Network;
}

function made(given: Uint8Array | ArrayBuffer, options: Int8Options): Made {
  const file = bytesOf(given, "openInt8");
  checkFields("openInt8: options", options, { dots: oneOf("relaxed", "wide") });
  if (typeof WebAssembly === "undefined") throw new Error("openInt8: WebAssembly is not available here; compile of senet does without");
  const { graph, metadata, answer } = readLean(file);
  const relaxedDots = (options.dots ?? taken(dots)) === "relaxed";
  const arithmetic = { fma: false, wide: false, exact: true, instructions: BYTES, relaxedDots };
  const of = (node: Node): Binding<Kind> | undefined => bindingOf(leanBindings, node);
  const images = imagesOf(graph, new Set(), of);
  const planner = new Planner(true);
  const [[input], [output]] = [graph.inputs, graph.outputs];
  const [from, to] = [input, output].map((value) => imageOf(planarLayout(value), 1));
  const [x, y] = [images.get(input)!, images.get(output)!];
  planner.hold(from.region, -1);
  planner.stage(callOf(fromPlanarKernel(x.layout), 1, [x, from]));
  for (const node of graph.nodes) {
    const call = of(node)?.bind(node, { image: (value) => images.get(value)!, arithmetic, emitters: {} });
    if (call === undefined) broken(`${node.output.name} wants ${node.operation.kind}, missing here`);
    planner.stage(call);
  }
  planner.stage(callOf(toPlanarKernel(y.layout), 1, [to, y]));
  planner.hold(to.region);
  const memory = new WasmMemory(false);
  const placed = placePlan(planner.finish(), memory, 1);
  const m = kernelModule(false, "senet", arithmetic);
  emitCode(m, { spans: spansOf(placed.entries, () => "run"), packers: [], emitRuns: emitRunsAlone });
  const floats = (image: typeof x, { shape }: Value): Float32Array =>
    new Float32Array(memory.memory.buffer, placed.address(image), sizeOf(shape));
  return {
    module: m.toBytes(),
    finish(module) {
      const { exports } = new WebAssembly!.Instance(module, { host: { memory: memory.memory } });
      memory.commit(exports);
      const run = (values: ArrayLike<number>): Float32Array => {
        const pixels = floats(from, input);
        if (values.length !== pixels.length) {
          throw new RangeError(`run: x wants ${pixels.length} numbers, [${input.shape.join()}], got ${values.length}`);
        }
        pixels.set(values);
        (exports["run"] as () => void)();
        return floats(to, output).slice();
      };
      if (answerHash(run(examplePixels(sizeOf(input.shape)))) !== answer) {
        broken("its network gives another answer than it says: the file is damaged, or kernels are wrong on this host");
      }
      const kernels = relaxedDots ? "relaxed dots of bytes" : "dots of 16 bits";
      return { input: input.shape, output: output.shape, metadata, run, kernels };
    },
  };
}

/**
 * Reads a quantised file and makes its kernels, while others have their turns.
 * @example
 * const model = new Conv2d(1, 4, { kernel: 3, padding: 1 });
 * const file = saveQuantised(quantise(model, [Tensor.of(Array.from({ length: 64 }, (_, i) => i / 64), [1, 1, 8, 8])]).network);
 * const network = await openInt8(file);
 * network.run(new Float32Array(64)).length   // => 256
 * @param file what `saveQuantised` or `senet convert --int8` wrote
 * @throws (as a rejection) FormatError in one line for what is no such file, is damaged, or has layers of float32; TypeError for what are
 * no bytes; Error where there is no WebAssembly with vectors
 */
export async function openInt8(file: Uint8Array | ArrayBuffer, options: Int8Options = {}): Promise<Int8Network> {
  const { module, finish } = made(file, options);
  return finish(await WebAssembly!.compile(module));
}

/**
 * The same at once; pages refuse large modules at once.
 * @example
 * const model = new Conv2d(1, 4, { kernel: 3, padding: 1 });
 * const file = saveQuantised(quantise(model, [Tensor.of(Array.from({ length: 64 }, (_, i) => i / 64), [1, 1, 8, 8])]).network);
 * openInt8Sync(file).run(new Float32Array(64)).length   // => 256
 * @throws as `openInt8`
 */
export function openInt8Sync(file: Uint8Array | ArrayBuffer, options: Int8Options = {}): Int8Network {
  const { module, finish } = made(file, options);
  return finish(new WebAssembly!.Module(module));
}
