/**
 * Combinators: modules that join others, with the backward pass of the joint. With them a model is composition only.
 *
 * A combinator adopts the modules that it joins. A module has one set of saved values, so it can stand in one place of
 * one tree only; adopting it twice is an error at construction.
 */
import { channelShape, concatShape, elementwiseShape, partialShape } from "../../kernels/shapes.ts";
import type { ChannelShape, ConcatShape, PartialShape } from "../../kernels/shapes.ts";
import type { GraphBuilder, Value } from "../graph/graph.ts";
import { checkTensor } from "../checks.ts";
import { show } from "../errors.ts";
import type { Floats, Shape, Tensor } from "../tensor.ts";
import { sameShape, showShape, sizeOf } from "../tensor.ts";
import { checkGradient, checkImages } from "./check.ts";
import { Layer, Module, isModule } from "./module.ts";
import type { Visitor } from "./module.ts";

const adopted = new WeakSet<Module>();

/** Marks `module` as standing in a model. @throws TypeError for no module, Error for one that stands in a model already */
export function adopt<M extends Module>(by: string, module: M): M {
  if (!isModule(module)) throw new TypeError(`${by}: wants modules, got ${show(module)}`);
  if (adopted.has(module)) {
    throw new Error(`${by}: this ${module.describe()} already stands in a model; a module can be used once (make a second one)`);
  }
  adopted.add(module);
  return module;
}

/**
 * One module after the other. In the state dict the modules are named by their positions: "0", "1", ...
 * @example
 * new Sequential(new GlobalAveragePool(), new Flatten()).outputShape([2, 8, 7, 7])   // => [2,8]
 */
export class Sequential extends Module {
  readonly modules: readonly Module[];

  constructor(...modules: Module[]) {
    super();
    this.modules = modules.map((module) => adopt("Sequential", module));
  }

  override children(): [string, Module][] {
    return this.modules.map((module, i) => [String(i), module]);
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    for (const module of this.modules) x = module.forward(x);
    return x;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    for (let i = this.modules.length - 1; i >= 0; i--) dy = this.modules[i].backward(dy);
    return dy;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    for (const module of this.modules) input = module.outputShape(input, visitor);
    return input;
  }

  lower(graph: GraphBuilder, x: Value): Value {
    for (const module of this.modules) x = module.lower(graph, x);
    return x;
  }
}

/**
 * y = branch(x) + shortcut(x), the shortcut being the identity where none is given (He et al. 2015, equation 1 and 2).
 * @example
 * new Residual(new ReLU()).forward(Tensor.of([-1, 2], [1, 2, 1, 1])).data   // => [-1,4]
 */
export class Residual extends Layer<Shape> {
  readonly branch: Module;
  readonly shortcut: Module | undefined;

  constructor(branch: Module, shortcut?: Module) {
    super();
    this.branch = adopt("Residual", branch);
    this.shortcut = shortcut === undefined ? undefined : adopt("Residual", shortcut);
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    const a = this.branch.forward(x);
    const b = this.shortcut === undefined ? x : this.shortcut.forward(x);
    this.#check(a.shape, b.shape);
    const y = a.like();
    this.kernels.addForward(y.data, a.data, b.data, elementwiseShape(y.size));
    this.keep(y.shape);
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    checkGradient("Residual", dy, this.take());
    // y = branch(x) + shortcut(x), hence dx is the sum of what both send back.
    const fromBranch = this.branch.backward(dy);
    const fromShortcut = this.shortcut === undefined ? dy : this.shortcut.backward(dy);
    const dx = fromBranch.like();
    this.kernels.addForward(dx.data, fromBranch.data, fromShortcut.data, elementwiseShape(dx.size));
    return dx;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    const branch = this.branch.outputShape(input, visitor);
    const shortcut = this.shortcut === undefined ? input : this.shortcut.outputShape(input, visitor);
    this.#check(branch, shortcut);
    visitor?.leaf(this, input, branch, {});
    return branch;
  }

  override describe(): string {
    return "Residual add";
  }

  #check(branch: Shape, shortcut: Shape): void {
    if (!sameShape(branch, shortcut)) {
      throw new RangeError(`Residual: the branch gives ${showShape(branch)}, the shortcut ${showShape(shortcut)}; they must be equal`);
    }
  }

  lower(graph: GraphBuilder, x: Value): Value {
    const branch = this.branch.lower(graph, x);
    const shortcut = this.shortcut === undefined ? x : this.shortcut.lower(graph, x);
    this.#check(branch.shape, shortcut.shape);
    return graph.add(this, { kind: "add" }, [branch, shortcut], branch.shape);
  }
}

/**
 * y = branch(x), to whose first channels x is added; the branch's other channels pass. Of an x with as many channels it is Residual without
 * a shortcut.
 * (ReXNet, Han et al., arXiv 2007.00992.)
 * @example
 * const branch = new Concatenate(new Identity(), new Identity());        // 1 channel to 2
 * new PartialResidual(branch).forward(Tensor.of([3], [1, 1, 1, 1])).data   // => [6,3]
 */
export class PartialResidual extends Layer<PartialShape> {
  readonly branch: Module;

  constructor(branch: Module) {
    super();
    this.branch = adopt("PartialResidual", branch);
  }

  /** @throws RangeError where x has more channels, or is of another size */
  #shape(branch: Shape, x: Shape): PartialShape {
    if (branch.length !== 4 || x.length !== 4 || x[1] > branch[1] || !sameShape([x[0], ...x.slice(2)], [branch[0], ...branch.slice(2)])) {
      const wanted = `${showShape(x)} wants a branch of at least as many channels and its size`;
      throw new RangeError(`PartialResidual: ${wanted}, got ${showShape(branch)}`);
    }
    return partialShape(branch[0], branch[1], x[1], branch[2] * branch[3]);
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    const a = this.branch.forward(x);
    const shape = this.#shape(a.shape, x.shape);
    const y = a.like();
    this.kernels.partialAddForward(y.data, a.data, x.data, shape);
    this.keep(shape);
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const shape = this.take();
    checkTensor("PartialResidual", "gradient", dy);
    checkGradient("PartialResidual", dy, [shape.batch, shape.channels, dy.shape[2], shape.pixels / dy.shape[2]]);
    const da = dy.like();
    const db = dy.like([shape.batch, shape.added, dy.shape[2], dy.shape[3]]);
    this.kernels.partialAddBackward(da.data, db.data, dy.data, shape);
    this.kernels.addBackward(db.data, this.branch.backward(da).data, elementwiseShape(db.size));
    return db;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    const branch = this.branch.outputShape(input, visitor);
    this.#shape(branch, input);
    visitor?.leaf(this, input, branch, {});
    return branch;
  }

  override describe(): string {
    return "Residual add, first channels";
  }

  lower(graph: GraphBuilder, x: Value): Value {
    const branch = this.branch.lower(graph, x);
    this.#shape(branch.shape, x.shape);
    return graph.add(this, { kind: sameShape(branch.shape, x.shape) ? "add" : "partial_add" }, [branch, x], branch.shape);
  }
}

/**
 * y[n,c,:] = x[n,c,:] * gate(x)[n,c]: channel-wise recalibration (equation 4 of Hu et al., arXiv 1709.01507).
 * @example
 * const gate = new Sequential(new GlobalAveragePool(), new HardSigmoid());
 * new Recalibrate(gate).forward(Tensor.of([3, 4], [1, 2, 1, 1])).data   // => [3,4]
 */
export class Recalibrate extends Layer<{ x: Tensor; gate: Tensor; shape: ChannelShape }> {
  /** Makes [N,C,1,1] of [N,C,H,W]. */
  readonly gate: Module;

  constructor(gate: Module) {
    super();
    this.gate = adopt("Recalibrate", gate);
  }

  #shape(input: Shape, gate: Shape): ChannelShape {
    checkImages("Recalibrate", input);
    if (!sameShape(gate, [input[0], input[1], 1, 1])) {
      throw new RangeError(`Recalibrate: the gate wants shape ${showShape([input[0], input[1], 1, 1])}, got ${showShape(gate)}`);
    }
    return channelShape(input[0], input[1], input[2] * input[3]);
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    const gate = this.gate.forward(x);
    const shape = this.#shape(x.shape, gate.shape);
    const y = x.like();
    this.kernels.channelScaleForward(y.data, x.data, gate.data, shape);
    this.keep({ x, gate, shape });
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const { x, gate, shape } = this.take();
    checkGradient("Recalibrate", dy, x.shape);
    const dx = dy.like();
    const dgate = dy.like(gate.shape);
    this.kernels.channelScaleBackward(dx.data, dgate.data, x.data, gate.data, dy.data, shape);
    // x is used twice: scaled, and as what the gate is computed from. The second term is the one that is easy to forget.
    this.kernels.addBackward(dx.data, this.gate.backward(dgate).data, elementwiseShape(dx.size));
    return dx;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    this.#shape(input, this.gate.outputShape(input, visitor));
    visitor?.leaf(this, input, input, { scale: sizeOf(input) });
    return input;
  }

  override describe(): string {
    return "Scale by channel";
  }

  lower(graph: GraphBuilder, x: Value): Value {
    const gate = this.gate.lower(graph, x);
    this.#shape(x.shape, gate.shape);
    return graph.add(this, { kind: "scale" }, [x, gate], x.shape);
  }
}

/**
 * The channels of every branch's output, one after the other.
 * @example
 * const two = new Concatenate(new Identity(), new ReLU());
 * two.forward(Tensor.of([-1, 2], [1, 2, 1, 1])).data   // => [-1,2,0,2]
 */
export class Concatenate extends Layer<{ outputs: Shape[]; shape: ConcatShape }> {
  readonly branches: readonly Module[];

  constructor(...branches: Module[]) {
    super();
    this.branches = branches.map((branch) => adopt("Concatenate", branch));
  }

  override children(): [string, Module][] {
    return this.branches.map((module, i) => [String(i), module]);
  }

  #shape(outputs: readonly Shape[]): ConcatShape {
    const [batch, , height, width] = outputs[0];
    for (const shape of outputs) {
      checkImages("Concatenate", shape);
      if (!sameShape([shape[0], shape[2], shape[3]], [batch, height, width])) {
        throw new RangeError(`Concatenate: branches want equal batch and image sizes, got ${outputs.map(showShape).join(" and ")}`);
      }
    }
    return concatShape(batch, outputs.map((shape) => shape[1]), height * width);
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    const outputs = this.branches.map((branch) => branch.forward(x));
    const shapes = outputs.map((output) => output.shape);
    const shape = this.#shape(shapes);
    const y = x.like([shape.batch, shape.outChannels, shapes[0][2], shapes[0][3]]);
    this.kernels.concatForward(y.data, outputs.map((output) => output.data), shape);
    this.keep({ outputs: shapes, shape });
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const { outputs, shape } = this.take();
    const [batch, , ...size] = outputs[0];
    checkGradient("Concatenate", dy, [batch, shape.outChannels, ...size]);
    const parts = outputs.map((output) => dy.like(output));
    this.kernels.concatBackward(parts.map((part) => part.data), dy.data, shape);
    const dx = this.branches[0].backward(parts[0]).clone();
    for (let i = 1; i < parts.length; i++) {
      this.kernels.addBackward(dx.data, this.branches[i].backward(parts[i]).data, elementwiseShape(dx.size));
    }
    return dx;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    const outputs = this.branches.map((branch) => branch.outputShape(input, visitor));
    const shape = this.#shape(outputs);
    const output = [shape.batch, shape.outChannels, outputs[0][2], outputs[0][3]];
    visitor?.leaf(this, input, output, {});
    return output;
  }

  lower(graph: GraphBuilder, x: Value): Value {
    return graph.add(this, { kind: "concat" }, this.branches.map((branch) => branch.lower(graph, x)), this.outputShape(x.shape));
  }
}
