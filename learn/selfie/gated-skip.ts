/** The two ways in which this network gates that are not Squeeze-and-Excitation's own: x is joined with what another module makes of it. */
import { channelShape, elementwiseShape } from "../../kernels/shapes.ts";
import type { GraphBuilder, Value } from "../../src/graph/graph.ts";
import { adopt } from "../../src/nn/combinators.ts";
import { checkGradient } from "../../src/nn/check.ts";
import { Layer } from "../../src/nn/module.ts";
import type { Module, Visitor } from "../../src/nn/module.ts";
import { sameShape, showShape } from "../../src/tensor.ts";
import type { Floats, Shape, Tensor } from "../../src/tensor.ts";

interface Saved {
  readonly scaled: Tensor;
  readonly gates: Tensor;
}

/** y = branch(x) gate(x): gates [N,C,1,1] that are made of what goes in, not of what they scale. */
export class GatedBranch extends Layer<Saved> {
  readonly branch: Module;
  readonly gate: Module;

  constructor(branch: Module, gate: Module) {
    super();
    [this.branch, this.gate] = [adopt("GatedBranch", branch), adopt("GatedBranch", gate)];
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    const scaled = this.branch.forward(x);
    const gates = this.gate.forward(x);
    const y = scaled.like();
    this.kernels.channelScaleForward(y.data, scaled.data, gates.data, channels(scaled.shape));
    this.keep({ scaled, gates });
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const { scaled, gates } = this.take();
    checkGradient("GatedBranch", dy, scaled.shape);
    const [dscaled, dgates] = [dy.like(), dy.like(gates.shape)];
    this.kernels.channelScaleBackward(dscaled.data, dgates.data, scaled.data, gates.data, dy.data, channels(scaled.shape));
    return plus(this, this.branch.backward(dscaled), this.gate.backward(dgates));
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    const output = this.branch.outputShape(input, visitor);
    this.gate.outputShape(input, visitor);
    visitor?.leaf(this, input, output, {});
    return output;
  }

  lower(graph: GraphBuilder, x: Value): Value {
    const scaled = this.branch.lower(graph, x);
    return graph.add(this, { kind: "scale" }, [scaled, this.gate.lower(graph, x)], scaled.shape);
  }
}

/** What is scaled, and what the gates are pooled from. */
export interface Joint {
  readonly gated: "skip" | "upsampled" | "sum";
  readonly pooled: "sum" | "skip";
}

/**
 * y = x gate(x + u) + u with u = inner(x): a skip x [N,C,H,W] around all that lies below it, let through channel by channel. The gates see
 * both, and scale the skip only. (`joint` says another way of it, to see what that costs.)
 */
export class GatedSkip extends Layer<Saved> {
  readonly inner: Module;
  readonly gate: Module;
  readonly joint: Joint;

  constructor(inner: Module, gate: Module, joint: Joint) {
    super();
    [this.inner, this.gate, this.joint] = [adopt("GatedSkip", inner), adopt("GatedSkip", gate), joint];
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    const u = this.inner.forward(x);
    const sum = plus(this, x, u);
    const scaled = { skip: x, upsampled: u, sum }[this.joint.gated];
    const gates = this.gate.forward(this.joint.pooled === "sum" ? sum : x);
    const y = x.like();
    this.kernels.channelScaleForward(y.data, scaled.data, gates.data, channels(x.shape));
    this.keep({ scaled, gates });
    return this.joint.gated === "sum" ? y : plus(this, y, this.joint.gated === "skip" ? u : x);
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const { scaled, gates } = this.take();
    checkGradient("GatedSkip", dy, scaled.shape);
    const [dscaled, dgates] = [dy.like(), dy.like(gates.shape)];
    this.kernels.channelScaleBackward(dscaled.data, dgates.data, scaled.data, gates.data, dy.data, channels(scaled.shape));
    // y = s x + u with s = gate(x + u), hence through the gates both get dpooled; x gets s dy, u gets dy, and sends it on to x.
    const dpooled = this.gate.backward(dgates);
    const { gated, pooled } = this.joint;
    const dx = plus(this, gated === "upsampled" ? dy : dscaled, dpooled);
    const direct = gated === "skip" ? dy : dscaled;
    const du = pooled === "sum" ? plus(this, direct, dpooled) : direct;
    return plus(this, dx, this.inner.backward(du));
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    const inner = this.inner.outputShape(input, visitor);
    if (!sameShape(inner, input)) {
      throw new RangeError(`GatedSkip: what comes from below wants the skip's shape ${showShape(input)}, got ${showShape(inner)}`);
    }
    this.gate.outputShape(input, visitor);
    visitor?.leaf(this, input, input, {});
    return input;
  }

  lower(graph: GraphBuilder, x: Value): Value {
    const { shape } = x;
    const u = this.inner.lower(graph, x);
    this.outputShape(shape);
    const sum = graph.add(this, { kind: "add" }, [x, u], shape);
    const { gated, pooled } = this.joint;
    const gates = this.gate.lower(graph, pooled === "sum" ? sum : x);
    const y = graph.add(this, { kind: "scale" }, [{ skip: x, upsampled: u, sum }[gated], gates], shape);
    return gated === "sum" ? y : graph.add(this, { kind: "add" }, [y, gated === "skip" ? u : x], shape);
  }
}

function plus<A extends Floats>({ kernels }: Module, a: Tensor<A>, b: Tensor<A>): Tensor<A> {
  const y = a.like();
  kernels.addForward(y.data, a.data, b.data, elementwiseShape(y.size));
  return y;
}

function channels([batch, count, height, width]: Shape): ReturnType<typeof channelShape> {
  return channelShape(batch, count, height * width);
}
