/** A network that was opened for looking: every gate can be read and set, channels seen, the loss sent backward. */
import { sigmoid } from "../../../kernels/math.ts";
import type { Graph } from "../../../src/graph/graph.ts";
import { preprocess } from "../../../src/io/images/preprocess.ts";
import { softmax } from "../../../src/nn/softmax.ts";
import type { Session } from "../../../src/session/inference-session.ts";
import { Tensor } from "../../../src/tensor.ts";
import type {
  BlockInfo, BlockValues, Detail, Look, LookRequest, Opened, Overrides, Picture, Preparation, Selection, Sheet,
} from "../messages.ts";
import { blocksOf } from "./blocks.ts";
import type { Block } from "./blocks.ts";
import { Gradients } from "./gradients.ts";
import type { GatesGradient } from "./gradients.ts";
import { kernelOf } from "./layers.ts";
import { layoutOf, linesOf } from "./lines.ts";
import type { Layout } from "./lines.ts";
import type { Source } from "./source.ts";
import { prepared } from "./preparation.ts";
import { compile } from "./sessions.ts";
import { sheetOf } from "./sheet.ts";
import { step, stepsTaken } from "./steps.ts";

type Seen = Readonly<Record<string, Tensor<Float32Array>>>;

/** What was computed for one picture and one choice of gates. */
interface Pass {
  readonly x: Tensor<Float32Array>;
  readonly input: Sheet;
  readonly seen: Seen;
  /** Gates of every block as it would have them. */
  readonly own: readonly Float32Array[];
  readonly sheets: readonly Sheet[];
  readonly answer: Tensor<Float32Array>;
}

function same(a: Overrides, b: Overrides): boolean {
  return a.size === b.size && [...a].every(([block, gates]) => b.get(block)?.every((value, c) => Object.is(value, gates[c])) === true);
}

/** Probabilities as they are where they add up to 1 already, else the softmax. */
function probabilitiesOf(y: Tensor<Float32Array>): Float32Array {
  const sum = y.data.reduce((total, p) => total + p, 0);
  return Math.abs(sum - 1) < 1e-3 && y.data.every((p) => p >= 0) ? y.data : softmax(y.reshape([1, y.size])).data;
}

/** Of [1,K,H,W]: shares of pixels by class, and a mask of what is not the background: of two classes or more, the first. */
function answerOfPixels({ data, shape: [, classes, height, width] }: Tensor<Float32Array>): Pick<Look, "probabilities" | "mask"> {
  const pixels = height * width;
  if (classes === 1) {
    const isProbability = data.every((value) => value >= 0 && value <= 1);
    const mask = isProbability ? data : data.map((value) => sigmoid(value));
    const share = mask.reduce((count, value) => count + (value > 0.5 ? 1 : 0), 0) / pixels;
    return { probabilities: Float32Array.of(share, 1 - share), mask: { height, width, data: mask } };
  }
  const probabilities = new Float32Array(classes);
  const mask = new Float32Array(pixels);
  for (let p = 0; p < pixels; p++) {
    let found = 0;
    for (let c = 1; c < classes; c++) if (data[c * pixels + p] > data[found * pixels + p]) found = c;
    probabilities[found] += 1 / pixels;
    mask[p] = found === 0 ? 0 : 1;
  }
  return { probabilities, mask: { height, width, data: mask } };
}

/** The value of the hidden layer, behind its activation. */
function hiddenName({ nodes, hidden }: Block): string | undefined {
  if (hidden === undefined) return undefined;
  const second = nodes.filter(({ operation: { kind } }) => kind === "conv2d" || kind === "linear")[1];
  return second.inputs[0].name;
}

/** "layer1.0" of "layer1.0.se.gate": what lies before the block's own name. */
function shortName(name: string, index: number): string {
  const own = /[._/]?(se|attention|attn|squeeze|block\.\d+\.fc|fc\d?|gate|scale|sigmoid|hard_?sigmoid|activation)([._/].*|_\d+)?$/i;
  const short = name.replace(own, "");
  return short === "" || short.length > 24 ? `block ${index + 1}` : short;
}

/** One that answers as the command line does, and one in which all that the page shows can be seen and set; in haste that one is both. */
async function sessionsOf({ network, input, shape }: Source, gates: readonly Block[], haste: boolean): Promise<[Session, Session]> {
  const names = gates.map(({ name }) => name);
  const observe = new Set(gates.flatMap((gate) => [gate.name, gate.squeezed, gate.scaled, hiddenName(gate) ?? gate.name]));
  const options = { input: { [input]: shape }, numerics: "exact" as const, ...(haste ? { kernels: "plain" as const } : {}) };
  const looking = await compile(network, { ...options, observe: [...observe], override: names });
  return [haste ? looking : await compile(network, options), looking];
}

export class Inspection {
  readonly #source: Source;
  readonly #graph: Graph;
  readonly #gates: readonly Block[];
  readonly #layouts: readonly (Layout | string)[];
  readonly #hidden: readonly (string | undefined)[];
  readonly #blocks: readonly BlockInfo[];
  #answering: Session;
  #looking: Session;
  readonly #gradients: Gradients;
  /** Of the picture that was looked at last: with its own gates, and with those that were set last. */
  #own: Pass | undefined;
  #preparation: Preparation = { levels: "file", order: "file", part: "file" };
  #set: { readonly overrides: Overrides; readonly pass: Pass } | undefined;

  private constructor(source: Source, graph: Graph, gates: readonly Block[], answering: Session, looking: Session) {
    [this.#source, this.#graph, this.#gates, this.#answering, this.#looking] = [source, graph, gates, answering, looking];
    this.#hidden = gates.map(hiddenName);
    this.#layouts = gates.map(layoutOf);
    this.#gradients = new Gradients(source.network, source.shape, gates);
    const shapes = new Map(graph.nodes.map(({ output }) => [output.name, output.shape]));
    this.#blocks = gates.map((gate, index) => {
      const [, , height, width] = shapes.get(gate.scaled)!;
      const layout = this.#layouts[index];
      const { channels, by, count, concurrent, activation } = gate;
      const [page, differs] = typeof layout === "string" ? [undefined, layout] : [layout.page, ""];
      return {
        name: source.blockNames?.[index] ?? shortName(gate.name, index) + (by === "pixel" ? " pixels" : ""),
        channels, by, count, concurrent,
        hidden: gate.hidden ?? 0, activation, inner: typeof layout === "string" ? undefined : layout.first?.inner.activation, height, width,
        page, differs };
    });
  }

  /**
   * @param haste on plain kernels, which need neither be assembled nor checked, until `settle`: the first answer is sooner there
   * @throws Error for a network without gates
   */
  static async open(source: Source, haste: boolean = false): Promise<Inspection> {
    const graph = source.network.lower({ [source.input]: source.shape });
    const gates = blocksOf(graph);
    if (gates.length === 0) {
      throw new Error("it has no gates: nothing that is squeezed scales channels or pixels, so there is no SE to look at");
    }
    step("graph and gates");
    const sessions = await sessionsOf(source, gates, haste);
    step("sessions");
    return new Inspection(source, graph, gates, ...sessions);
  }

  async settle(): Promise<string> {
    if (this.#answering === this.#looking) {
      const before = this.#looking;
      [this.#answering, this.#looking] = await sessionsOf(this.#source, this.#gates, false);
      before.close();
    }
    return this.#answering.kernels;
  }

  opened(took: number): Opened {
    const { title, classes, notes, pixels, preprocessing: { size: [height, width], channels } } = this.#source;
    return {
      title, kernels: this.#answering.kernels, classes, pixels, blocks: this.#blocks, notes, took, steps: stepsTaken(),
      input: { height, width, gray: channels === "gray" } };
  }

  #run(x: Tensor<Float32Array>, overrides: Overrides): Seen {
    const given: Record<string, Tensor<Float32Array>> = { [this.#source.input]: x };
    for (const [b, gates] of overrides) given[this.#gates[b].name] = new Tensor(gates, this.#gates[b].shape);
    return this.#looking.run(given);
  }

  /** The network with its own gates, for a new picture or the one before. @throws Error where there was none */
  #ownPass(picture: Picture | undefined): Pass {
    if (picture !== undefined) {
      const levels = preprocess(picture, prepared(this.#source.preprocessing, this.#preparation));
      const x = this.#source.arranged(levels);
      const seen = this.#run(x, new Map());
      this.#own = {
        x, seen, input: sheetOf(levels.data, levels.shape.slice(1), 64), own: this.#gates.map(({ name }) => seen[name].data),
        sheets: this.#gates.map(({ scaled }) => sheetOf(seen[scaled].data, seen[scaled].shape.slice(1))), answer: this.#answer(x, seen) };
      this.#set = undefined;
    }
    if (this.#own === undefined) throw new Error("no picture was given yet");
    return this.#own;
  }

  /** The network as others run it gives the same bits as the command line. Masks are large: there one run is enough. */
  #answer(x: Tensor<Float32Array>, seen: Seen): Tensor<Float32Array> {
    const { network: { outputs: [output] }, input, pixels } = this.#source;
    return pixels || this.#answering === this.#looking ? seen[output] : this.#answering.run({ [input]: x })[output];
  }

  /**
   * The same with gates that are set. Own values, where an override is NaN, follow from what the blocks before have become: so block by
   * block. What lies before the first of them stays as it was.
   */
  #pass(picture: Picture | undefined, overrides: Overrides): Pass {
    const base = this.#ownPass(picture);
    if (overrides.size === 0) return base;
    if (this.#set !== undefined && same(this.#set.overrides, overrides)) return this.#set.pass;
    const whole = new Map<number, Float32Array>();
    const own = [...base.own];
    let { seen } = base;
    for (const [b, asked] of [...overrides].sort(([p], [q]) => p - q)) {
      for (let later = b; later < own.length; later++) own[later] = seen[this.#gates[later].name].data;
      const mine = own[b];
      const last = whole.size + 1 === overrides.size;
      whole.set(b, asked.map((value, c) => (Number.isNaN(value) ? mine[c] : value)));
      // A block that is set as a whole needs no run of its own, for nothing of it is computed.
      if (last || asked.some(Number.isNaN)) seen = this.#run(base.x, whole);
    }
    const [first, final] = [Math.min(...overrides.keys()), Math.max(...overrides.keys())];
    for (let later = final + 1; later < own.length; later++) own[later] = seen[this.#gates[later].name].data;
    const sheets = this.#gates.map(({ scaled }, b) => (
      b <= first ? base.sheets[b] : sheetOf(seen[scaled].data, seen[scaled].shape.slice(1))));
    const pass = { ...base, seen, own, sheets, answer: seen[this.#source.network.outputs[0]] };
    this.#set = { overrides, pass };
    return pass;
  }

  async look({ picture, overrides, selection, target }: LookRequest): Promise<Look> {
    const began = performance.now();
    const { pixels } = this.#source;
    const { x, seen, own, sheets, input, answer } = this.#pass(picture, overrides);
    const blocks = this.#gates.map(({ name, squeezed }, b): BlockValues => {
      const hidden = this.#hidden[b];
      return {
        squeeze: seen[squeezed].data, hidden: hidden === undefined ? new Float32Array(0) : seen[hidden].data,
        gates: seen[name].data, own: own[b] };
    });
    let gradient: GatesGradient | undefined;
    let noGradients: string | undefined;
    if (target !== undefined && pixels) noGradients = "it answers for every pixel, and the page sends back the loss of one class";
    else if (target !== undefined) {
      try {
        gradient = await this.#gradients.of(x, target, overrides, selection.block);
      } catch (error) {
        noGradients = (error as Error).message;
      }
    }
    return {
      ...(pixels ? answerOfPixels(answer) : { probabilities: probabilitiesOf(answer), mask: undefined }),
      input, sheets, blocks, detail: this.#detail(selection, seen, gradient), gradients: gradient?.gates, noGradients, loss: gradient?.loss,
      took: performance.now() - began };
  }

  #detail(selection: Selection, seen: Seen, gradient: GatesGradient | undefined): Detail {
    const block = this.#gates[selection.block];
    const layout = this.#layouts[selection.block];
    const scaled = seen[block.scaled];
    const pixels = scaled.size / block.channels;
    const known = { x: scaled.data, gates: seen[block.name].data, dy: gradient?.output };
    return {
      selection, map: scaled.data.slice(selection.channel * pixels, (selection.channel + 1) * pixels),
      kernel: kernelOf(this.#graph, block.scaled, selection.channel),
      ...(typeof layout === "string" ? { forward: undefined, backward: undefined } : linesOf(layout, block, selection, known)) };
  }

  /** The next look wants a picture. */
  prepare(preparation: Preparation): void {
    this.#preparation = preparation;
    [this.#own, this.#set] = [undefined, undefined];
  }

  close(): void {
    this.#answering.close();
    this.#looking.close();
    this.#gradients.close();
  }
}
