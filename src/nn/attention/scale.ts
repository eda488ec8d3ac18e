/** y = x times a gate that differs from place to place; `Recalibrate` (../combinators.ts) has one gate for a whole channel. */
import { channelShape, elementwiseShape, resizeShape } from "../../../kernels/shapes.ts";
import type { ChannelShape, ResizeShape } from "../../../kernels/shapes.ts";
import type { GraphBuilder, Value } from "../../graph/graph.ts";
import { checkTensor } from "../../checks.ts";
import type { Floats, Shape, Tensor } from "../../tensor.ts";
import { sameShape, showShape, sizeOf } from "../../tensor.ts";
import { checkGradient, checkImages } from "../check.ts";
import { adopt } from "../combinators.ts";
import { Layer } from "../module.ts";
import type { Module, Visitor } from "../module.ts";

abstract class Scale extends Layer<{ x: Tensor; gate: Tensor }> {
  readonly gate: Module;
  /** Makes what is scaled; where there is none, that is x itself. */
  readonly scaled: Module | undefined;

  constructor(gate: Module, scaled?: Module) {
    super();
    this.gate = adopt("Scale", gate);
    this.scaled = scaled === undefined ? undefined : adopt("Scale", scaled);
  }

  protected abstract check(input: Shape, gate: Shape): void;
  protected abstract apply<A extends Floats>(x: Tensor<A>, gate: Tensor<A>): Tensor<A>;
  /** Adds to dx, and returns the gradient by the gate. */
  protected abstract applyBackward<A extends Floats>(dx: Tensor<A>, x: Tensor, gate: Tensor, dy: Tensor<A>): Tensor<A>;
  protected abstract lowerScale(graph: GraphBuilder, x: Value, gate: Value): Value;

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    const gate = this.gate.forward(x);
    const scaled = this.scaled === undefined ? x : this.scaled.forward(x);
    this.check(scaled.shape, gate.shape);
    this.keep({ x: scaled, gate });
    return this.apply(scaled, gate);
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const { x, gate } = this.take();
    checkGradient(this.describe(), dy, x.shape);
    const dscaled = dy.like();
    const dgate = this.applyBackward(dscaled, x, gate, dy);
    // x is used twice: scaled, and as what the gate is computed from.
    const dx = this.scaled === undefined ? dscaled : this.scaled.backward(dscaled).clone();
    this.kernels.addBackward(dx.data, this.gate.backward(dgate).data, elementwiseShape(dx.size));
    return dx;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    const gate = this.gate.outputShape(input, visitor);
    const scaled = this.scaled === undefined ? input : this.scaled.outputShape(input, visitor);
    this.check(scaled, gate);
    visitor?.leaf(this, scaled, scaled, { scale: sizeOf(scaled) });
    return scaled;
  }

  lower(graph: GraphBuilder, x: Value): Value {
    const gate = this.gate.lower(graph, x);
    const scaled = this.scaled === undefined ? x : this.scaled.lower(graph, x);
    this.check(scaled.shape, gate.shape);
    return this.lowerScale(graph, scaled, gate);
  }
}

/** One gate for all numbers of a channel, or for those of a pixel. */
abstract class ScalePlanes extends Scale {
  protected abstract readonly by: "channel" | "pixel";
  protected abstract gateShape(input: Shape): Shape;

  override describe(): string {
    return `Scale by ${this.by}`;
  }

  protected check(input: Shape, gate: Shape): void {
    const name = this.by === "channel" ? "ScaleChannels" : "ScalePixels";
    checkImages(name, input);
    const wanted = this.gateShape(input);
    if (!sameShape(gate, wanted)) throw new RangeError(`${name}: the gate wants shape ${showShape(wanted)}, got ${showShape(gate)}`);
  }

  protected apply<A extends Floats>(x: Tensor<A>, gate: Tensor<A>): Tensor<A> {
    const y = x.like();
    this.kernels[`${this.by}ScaleForward` as const](y.data, x.data, gate.data, planes(x.shape));
    return y;
  }

  protected applyBackward<A extends Floats>(dx: Tensor<A>, x: Tensor, gate: Tensor, dy: Tensor<A>): Tensor<A> {
    const dgate = dy.like(gate.shape);
    this.kernels[`${this.by}ScaleBackward` as const](dx.data, dgate.data, x.data, gate.data, dy.data, planes(x.shape));
    return dgate;
  }

  protected lowerScale(graph: GraphBuilder, x: Value, gate: Value): Value {
    return graph.add(this, { kind: this.by === "channel" ? "scale" : "pixel_scale" }, [x, gate], x.shape);
  }
}

function planes([batch, channels, height, width]: Shape): ChannelShape {
  return channelShape(batch, channels, height * width);
}

/** y[n,c,h,w] = scaled(x)[n,c,h,w] * gate(x)[n,c]: one gate for a channel, of something that is made of x by itself. */
export class ScaleChannels extends ScalePlanes {
  protected readonly by = "channel";

  protected gateShape([batch, channels]: Shape): Shape {
    return [batch, channels, 1, 1];
  }
}

/** y[n,c,h,w] = x[n,c,h,w] * gate(x)[n,0,h,w]: one gate for a pixel of all channels. */
export class ScalePixels extends ScalePlanes {
  protected readonly by = "pixel";

  protected gateShape([batch, , height, width]: Shape): Shape {
    return [batch, 1, height, width];
  }
}

/**
 * y[n,c,h,w] = x[n,c,h,w] * gate(x)[n,c,h',w'], or scaled(x) instead of x: a gate for every element, from a smaller map enlarged by nearest
 * neighbours.
 */
export class ScaleElements extends Scale {
  override describe(): string {
    return "Scale by element";
  }

  #resize(input: Shape, gate: Shape): ResizeShape {
    return resizeShape(input[0], input[1], gate[2], gate[3], input[2], input[3]);
  }

  protected check(input: Shape, gate: Shape): void {
    checkImages("ScaleElements", input);
    checkImages("ScaleElements, gate", gate, input[1]);
    if (gate[0] !== input[0]) throw new RangeError(`ScaleElements: the gate wants ${input[0]} images, got ${showShape(gate)}`);
  }

  #enlarged<A extends Floats>(x: Tensor<A>, gate: Tensor): Tensor<A> {
    const large = x.like();
    this.kernels.upsampleNearestForward(large.data, gate.data, this.#resize(x.shape, gate.shape));
    return large;
  }

  protected apply<A extends Floats>(x: Tensor<A>, gate: Tensor<A>): Tensor<A> {
    const y = x.like();
    // Channels of one pixel each: every element has its gate.
    this.kernels.channelScaleForward(y.data, x.data, this.#enlarged(x, gate).data, channelShape(1, x.size, 1));
    return y;
  }

  protected applyBackward<A extends Floats>(dx: Tensor<A>, x: Tensor, gate: Tensor, dy: Tensor<A>): Tensor<A> {
    const dlarge = dy.like();
    this.kernels.channelScaleBackward(dx.data, dlarge.data, x.data, this.#enlarged(x, gate).data, dy.data, channelShape(1, x.size, 1));
    const dgate = dy.like(gate.shape);
    this.kernels.upsampleNearestBackward(dgate.data, dlarge.data, this.#resize(x.shape, gate.shape));
    return dgate;
  }

  protected lowerScale(graph: GraphBuilder, x: Value, gate: Value): Value {
    const large = graph.add(
      this, { kind: "resize", method: "nearest", size: [x.shape[2], x.shape[3]], alignCorners: false }, [gate], x.shape,
    );
    return graph.add(this, { kind: "multiply" }, [x, large], x.shape);
  }
}
