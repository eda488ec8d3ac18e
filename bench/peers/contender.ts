/** What is compared: one way to run a network, on this or another engine. */
import type { Shape } from "../../src/tensor.ts";

/** One network with its weights, as the files that the engines take. */
export interface ModelFiles {
  /** safetensors, as published: normalisation apart. */
  readonly weights: string;
  /** ONNX, any batch size. */
  readonly onnx: string;
  /** senet's optimised graph as JSON: for engines that have operations but no file format of their own. */
  readonly graph: string;
  /** safetensors of that graph's constants: normalisation folded into the convolutions. */
  readonly constants: string;
}

export interface Job {
  /** Its name in models/. */
  readonly model: string;
  /** [batch, channels, height, width]. */
  readonly input: Shape;
  readonly threads: number;
  readonly files: ModelFiles;
}

/** A network that is ready. */
export interface Runner {
  /** How the values of an image lie in `run`'s argument: the engine's own way, so that nobody pays for turning them. */
  readonly layout: "nchw" | "nhwc";
  /** Values in, logits out as a copy: all of it is timed. */
  run(x: Float32Array): Float32Array | Promise<Float32Array>;
}

/** What a page must load to run the network, weights apart: a module that is bundled and minified, and files as they are. */
export interface Download {
  readonly module?: string;
  /** Under node_modules, or bench/peers. */
  readonly files?: readonly string[];
}

export interface Contender {
  readonly name: string;
  /** Thread counts that it can use. */
  readonly threads: readonly number[];
  /** Takes so long that it runs only when asked for by --slow. */
  readonly slow?: boolean;
  readonly download: Download;
  load(job: Job): Promise<Runner>;
}
