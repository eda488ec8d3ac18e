/** Checks that layers share: shape and precision of what comes in, and the working memory of the kernels. */
import { isModule } from "./module.ts";
import type { Module } from "./module.ts";
import { show } from "../errors.ts";
import type { Scratch } from "../../kernels/scratch.ts";
import { checkShape, checkTensor } from "../checks.ts";
import { isDouble, sameShape, showShape } from "../tensor.ts";
import type { Shape, Tensor } from "../tensor.ts";

/** @throws TypeError for no shape; RangeError unless `input` is [batch, channels, height, width] with that many channels. */
export function checkImages(operation: string, input: Shape, channels?: number): void {
  checkShape(operation, "input", input);
  if (input.length !== 4) throw new RangeError(`${operation}: input wants [batch,channels,height,width], got ${showShape(input)}`);
  if (channels !== undefined && input[1] !== channels) {
    throw new RangeError(`${operation}: input wants ${channels} channels, got ${input[1]} in ${showShape(input)}`);
  }
  if (input.some((n) => n < 1)) {
    throw new RangeError(`${operation}: input wants at least one image, channel and pixel, got ${showShape(input)}`);
  }
}

/** @throws TypeError unless x and the parameters are of one precision. */
export function checkPrecision(operation: string, x: Tensor, parameter: Tensor): void {
  if (isDouble(x.data) !== isDouble(parameter.data)) {
    const names = [x, parameter].map((t) => (isDouble(t.data) ? "float64" : "float32"));
    throw new TypeError(`${operation}: input is ${names[0]} but the parameters are ${names[1]}; model.cast("${names[0]}") changes them`);
  }
}

/** @throws TypeError for what is no tensor; RangeError unless dy has the shape of the forward pass's output. */
export function checkGradient(operation: string, dy: Tensor, output: Shape): void {
  checkTensor(operation, "gradient", dy);
  if (!sameShape(dy.shape, output)) {
    throw new RangeError(`${operation}: backward wants a gradient of shape ${showShape(output)}, got ${showShape(dy.shape)}`);
  }
}

let shared: Scratch = new Float64Array(0);

/** Working memory of at least `size` doubles. Kernels keep nothing in it, so one array serves all layers. */
export function scratch(size: number): Scratch {
  if (shared.length < size) shared = new Float64Array(size);
  return shared;
}

/** @throws TypeError for what is no module */
export function checkModule(operation: string, value: unknown, name: string = "model"): asserts value is Module {
  if (isModule(value)) return;
  throw new TypeError(`${operation}: ${name} wants a Module, got ${show(value)}`);
}
