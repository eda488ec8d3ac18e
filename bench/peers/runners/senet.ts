/** senet itself, the way its users load it: a model by its name, a weights file, and for sessions a compilation. */
import { createModel } from "../../../models/index.ts";
import type { Module } from "../../../src/nn/module.ts";
import { readQuantised } from "../../../src/quantise/file.ts";
import { compile } from "../../../src/session/session.ts";
import type { CompileOptions } from "../../../src/session/session.ts";
import { Tensor } from "../../../src/tensor.ts";
import { loadWeights } from "../../../src/weights/weights.ts";
import type { Host, Job, Runner } from "../contender.ts";

async function modelOf(job: Job, host: Host): Promise<Module> {
  const model = createModel(...job.network, null);
  loadWeights(model, await host.read(job.files.weights));
  return model;
}

export async function eager(job: Job, host: Host): Promise<Runner> {
  const model = await modelOf(job, host);
  return { layout: "nchw", run: (x) => model.forward(new Tensor(x, job.input)).data as Float32Array };
}

export async function session(job: Job, host: Host, options: Omit<CompileOptions, "input">): Promise<Runner> {
  const compiled = await compile(await modelOf(job, host), { ...options, input: job.input });
  return { layout: "nchw", run: (x) => compiled.run(new Tensor(x, job.input)).data };
}

/** The network of bytes: its weights are loaded as bytes. */
export async function int8(job: Job, host: Host): Promise<Runner> {
  const network = readQuantised(createModel(...job.network, null), await host.read(job.files.int8!));
  const compiled = await compile(network, { input: job.input, threads: job.threads });
  return { layout: "nchw", run: (x) => compiled.run(new Tensor(x, job.input)).data };
}
