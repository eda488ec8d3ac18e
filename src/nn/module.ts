/**
 * Module: the unit of which models are made. A model is a tree of modules; each does its own forward and backward pass.
 *
 * Field names are state-dict names: a module's children, parameters and statistics are simply its fields, in the order
 * of the constructor, camelCase turned into PyTorch's snake_case (`runningMean` is `running_mean`).
 */
import type { Kernels } from "../../kernels/contract.ts";
import type { Random } from "../../kernels/random.ts";
import * as plain from "../../kernels/plain/index.ts";
import { show } from "../errors.ts";
import type { GraphBuilder, Value } from "../graph/graph.ts";
import { check, checkTensor, flag, generator, has, kernelFamily, oneOf } from "../checks.ts";
import type { Floats, Shape, Tensor } from "../tensor.ts";
import type { WeightLayout } from "../weight-layout.ts";
import { isParameter, isStatistic } from "./parameter.ts";
import type { Parameter, Statistic } from "./parameter.ts";

/**
 * What one layer costs for one forward pass, in single operations. Absent means none.
 * @example
 * let macs = 0;
 * const leaf = (module: Module, input: Shape, output: Shape, cost: Cost): void => void (macs += cost.macs ?? 0);
 * new Linear(4, 2).outputShape([1, 4], { leaf });
 * macs   // => 8
 */
export interface Cost {
  /** Multiply-accumulates of convolutions and linear layers. */
  readonly macs?: number;
  /** Multiplications of a channel-wise scale. */
  readonly scale?: number;
  /** Additions of a pooling. */
  readonly additions?: number;
}

/**
 * Told of every layer that a forward pass would visit, in order.
 * @example
 * const names: string[] = [];
 * const visitor: Visitor = { leaf: (module) => void names.push(module.describe()) };
 * new Sequential(new Linear(4, 2), new ReLU()).outputShape([1, 4], visitor);
 * names   // => ["Linear 4->2","ReLU"]
 */
export interface Visitor {
  enter?(composite: Module): void;
  leaf(module: Module, input: Shape, output: Shape, cost: Cost): void;
  leave?(composite: Module): void;
}

/**
 * The model's registry name and options, which saved weights carry with them.
 * @example
 * const identity: ModelIdentity | undefined = createModel("se_resnet8", { classes: 3 }).identity;
 * identity?.options   // => {"classes":3}
 */
export interface ModelIdentity {
  readonly model: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * The unit of which models are made. `forward` computes, `backward` returns the gradient by the input and adds to those of the parameters,
 * `outputShape` says what would come out, `lower` adds the operations to a graph for sessions.
 * @example
 * const model: Module = new Sequential(new Conv2d(3, 8, { kernel: 3 }), new ReLU()).initialise(new Random(1));
 * model.train().forward(Tensor.zeros([1, 3, 5, 5])).shape   // => [1,8,3,3]
 * model.backward(Tensor.zeros([1, 8, 3, 3])).shape   // => [1,3,5,5]
 */
export abstract class Module {
  /** Training mode: batch statistics, dropout, and what the backward pass needs is kept. Off at first. */
  training = false;
  /** The kernels that this module calls: `kernels/plain` unless `use` says otherwise. */
  kernels: Kernels = plain;
  /** Set on the root by `createModel`. */
  identity: ModelIdentity | undefined = undefined;

  /** Computes the output. @throws RangeError where x has the wrong shape, TypeError where it has the wrong precision. */
  abstract forward<A extends Floats>(x: Tensor<A>): Tensor<A>;

  /**
   * Given the gradient of the loss by the output of the last `forward`, adds to the gradients of the parameters and
   * returns the gradient by the input.
   * @throws Error where no forward pass in training mode went before.
   */
  abstract backward<A extends Floats>(dy: Tensor<A>): Tensor<A>;

  /** The shape that `forward` would return, without computing it. @throws RangeError as `forward` does. */
  abstract outputShape(input: Shape, visitor?: Visitor): Shape;

  /**
   * Adds what `forward` does in evaluation mode to a graph (with dropout, where that is one for training), and returns the value that comes
   * out.
   */
  abstract lower(graph: GraphBuilder, x: Value): Value;

  /** Layouts of names in which others publish weights of this network; its own names need none. */
  layouts(): readonly WeightLayout[] {
    return [];
  }

  /** Fills this module's own parameters (not its children's) with their starting values. */
  initialiseOwn(_random: Random): void {}

  /** Named children, in the order of their fields; a composite's `body` is no child. */
  children(): [string, Module][] {
    return fieldsOf(this).filter((field): field is [string, Module] => isModule(field[1]));
  }

  /** All modules that work directly below this one, the unnamed ones too. */
  submodules(): Module[] {
    return this.children().map(([, module]) => module);
  }

  /** This module and all below it, each once. */
  tree(): Set<Module> {
    const found = new Set<Module>();
    const walk = (module: Module): void => {
      if (found.has(module)) return;
      found.add(module);
      module.submodules().forEach(walk);
    };
    walk(this);
    return found;
  }

  /** All named modules below this one, by their path; this one under "". */
  namedModules(): Map<string, Module> {
    const found = new Map<string, Module>();
    const walk = (path: string, module: Module): void => {
      found.set(path, module);
      for (const [name, child] of module.children()) walk(path === "" ? name : `${path}.${name}`, child);
    };
    walk("", this);
    return found;
  }

  /** Parameters and statistics by their state-dict names. */
  namedState(): Map<string, Parameter | Statistic> {
    const state = new Map<string, Parameter | Statistic>();
    for (const [path, module] of this.namedModules()) {
      for (const [name, value] of fieldsOf(module)) {
        if (isParameter(value) || isStatistic(value)) state.set(path === "" ? name : `${path}.${name}`, value);
      }
    }
    return state;
  }

  /** Parameters by their state-dict names. */
  namedParameters(): Map<string, Parameter> {
    const found = new Map<string, Parameter>();
    for (const [name, value] of this.namedState()) if (isParameter(value)) found.set(name, value);
    return found;
  }

  parameters(): Parameter[] {
    return [...this.namedParameters().values()];
  }

  /** Number of trainable values. */
  parameterCount(): number {
    return this.parameters().reduce((sum, p) => sum + p.value.size, 0);
  }

  train(on: boolean = true): this {
    check("Module.train", "train", on, flag);
    for (const module of this.tree()) module.training = on;
    return this;
  }

  evaluate(): this {
    return this.train(false);
  }

  /** Chooses the kernels of the whole tree, for example `import * as reference from "senet/kernels/reference/index"`. */
  use(kernels: Kernels): this {
    check("Module.use", "kernels", kernels, kernelFamily);
    for (const module of this.tree()) module.kernels = kernels;
    return this;
  }

  /** Turns the whole tree to double precision (with float64 inputs: the oracle for finite differences) or back. */
  cast(precision: "float32" | "float64"): this {
    check("Module.cast", "precision", precision, oneOf("float32", "float64"));
    for (const value of this.namedState().values()) value.cast(precision === "float64");
    return this;
  }

  clearGradients(): void {
    for (const p of this.parameters()) p.clearGradient();
  }

  /** Starting values for every parameter of the tree, in the order of the state dict; equal seeds give equal bits. */
  initialise(random: Random): this {
    check("Module.initialise", "random", random, generator);
    for (const module of this.namedModules().values()) module.initialiseOwn(random);
    return this;
  }

  /**
   * What decides this module's own answers, is no tensor and may change: by name, such as batch normalisation's epsilon. Saved weights
   * carry it.
   */
  settings(): Readonly<Record<string, number>> {
    return {};
  }

  /** Sets one of `settings`. @throws RangeError for one that it has not, and for a value that it cannot take */
  setting(name: string, _value: number): void {
    const names = Object.keys(this.settings());
    const wanted = names.length === 0 ? "this module has none" : `wants one of ${names.join(", ")}`;
    throw new RangeError(`${this.describe()}: setting ${wanted}, got ${show(name)}`);
  }

  /** One line: the class and what sets it apart, for tables and messages. */
  describe(): string {
    return this.constructor.name;
  }

  /** The tree as a table: path, layer, parameters. With an input shape, `summarise` has outputs and costs too. */
  toString(): string {
    const rows = [...this.namedModules()].map(([path, module]) => [path || "(model)", module.describe(), String(module.parameterCount())]);
    const widths = [0, 1, 2].map((i) => Math.max(...rows.map((row) => row[i].length)));
    return rows.map(([path, text, size]) => `${path.padEnd(widths[0])}  ${text.padEnd(widths[1])}  ${size.padStart(widths[2])}`).join("\n");
  }
}

function fieldsOf(module: Module): [string, unknown][] {
  return Object.entries(module)
    .filter(([name]) => name !== "body")
    .map(([name, value]) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]);
}

/** Is it a module, of this copy of the package or of another? Told by what it has: `instanceof` knows one copy only. */
export function isModule(value: unknown): value is Module {
  return has(value, "forward", "namedState", "tree");
}

/** Is it a layer of this class, of this copy of the package or of another? @param name what `describe` of such a layer begins with */
export function isLayer<M extends Module>(module: Module, of: abstract new (...options: never[]) => M, name: string): module is M {
  return module instanceof of || module.describe().split(" ", 1)[0] === name;
}

/**
 * A module that does arithmetic itself. What its backward pass needs is kept in training mode only, and used up by it.
 * @example
 * new ReLU() instanceof Layer   // => true
 */
export abstract class Layer<Saved> extends Module {
  #saved: Saved | undefined;

  protected keep(saved: Saved): void {
    this.#saved = this.training ? saved : undefined;
  }

  protected take(): Saved {
    const saved = this.#saved;
    if (saved === undefined) {
      throw new Error(
        `${this.describe()}: backward wants a forward pass in training mode before it (model.train(), then forward, then backward once)`,
      );
    }
    this.#saved = undefined;
    return saved;
  }
}

/**
 * A module with named children as fields and one unnamed `body`, a combinator over the same objects, that does the work.
 * @example
 * class Block extends Composite {
 *   readonly conv = new Conv2d(3, 8, { kernel: 3, padding: 1 });
 *   readonly bn = new BatchNorm2d(8);
 *   readonly body = new Sequential(this.conv, this.bn, new ReLU());
 * }
 * [...stateDict(new Block()).keys()].slice(0, 3)   // => ["conv.weight","conv.bias","bn.weight"]
 */
export abstract class Composite extends Module {
  abstract readonly body: Module;

  override submodules(): Module[] {
    return [...super.submodules(), this.body];
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    return this.body.forward(x);
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    return this.body.backward(dy);
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    visitor?.enter?.(this);
    const output = this.body.outputShape(input, visitor);
    visitor?.leave?.(this);
    return output;
  }

  lower(graph: GraphBuilder, x: Value): Value {
    return graph.within(this, () => this.body.lower(graph, x));
  }
}
