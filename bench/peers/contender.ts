/** What is compared: one way to run a network, on this or another engine. */
import type { Shape } from "../../src/tensor.ts";

/** Where contenders run. */
export type HostName = "node" | "page";

/** One network with its weights, as the files that the engines take: paths in Node, addresses in a page. */
export interface ModelFiles {
  /** safetensors, as published: normalisation apart. */
  readonly weights: string;
  /** ONNX, any batch size. */
  readonly onnx: string;
  /** senet's optimised graph as JSON: for engines that have operations but no file format of their own. */
  readonly graph: string;
  /** safetensors of that graph's constants: normalisation folded into the convolutions. */
  readonly constants: string;
  /** senet's network of bytes, measured on four images. */
  readonly int8?: string;
  /** What `browser/convert.ts` makes of the ONNX file, for one batch size; undefined until it has been run. See convert.py. */
  readonly converted?: ConvertedFiles;
}

/** Files of LiteRT (float32 with input NCHW, NHWC; int8; int8 with hard swish left in float) and QDQ for ONNX Runtime. */
export type ConvertedFiles = Readonly<Partial<Record<"nchw" | "nhwc" | "int8" | "mixed" | "qdq", string>>>;

export interface Job {
  /** Its name in models/, or "bundled". */
  readonly model: string;
  /** What `createModel` is told, beside null for its seed. */
  readonly network: readonly [name: string, options: Readonly<Record<string, unknown>>];
  /** [batch, channels, height, width]. */
  readonly input: Shape;
  readonly threads: number;
  readonly files: ModelFiles;
}

/** What a contender may ask of where it runs. */
export interface Host {
  readonly name: HostName;
  read(file: string): Promise<Uint8Array>;
  /** Where a file or folder of a package of bench/peers lies, as that package wants to be told. */
  address(ofPackage: string): string;
  /** Lets a package that was written for pages load its scripts and files from this folder of a package. */
  likePage(ofPackage: string): void;
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
  /** Thread counts that it can use; none where it does not run. */
  readonly threads: Readonly<Record<HostName, readonly number[]>>;
  /** Of the packages of bench/peers one that is not always there: without it this contender is left out. */
  readonly optional?: string;
  /** Which of the converted files it wants. */
  readonly wants?: keyof ConvertedFiles;
  /** It wants senet's own network of bytes. */
  readonly needsBytes?: boolean;
  /** Its answers are those of a network of bytes: only near the others'. */
  readonly bytes?: boolean;
  /** Takes so long that it runs only when asked for by --slow. */
  readonly slow?: boolean;
  readonly download: Download;
  load(job: Job, host: Host): Promise<Runner>;
}
