/** senet itself, the way its users load it: a model by its name, a weights file, and for sessions a compilation. */
import { readFileSync } from "node:fs";
import { createModel } from "../../../models/index.ts";
import type { Module } from "../../../src/nn/module.ts";
import { compile } from "../../../src/session/session.ts";
import type { CompileOptions } from "../../../src/session/session.ts";
import { Tensor } from "../../../src/tensor.ts";
import { loadWeights } from "../../../src/weights.ts";
import type { Job, Runner } from "../contender.ts";

function modelOf(job: Job): Module {
  const model = createModel(job.model, {}, null);
  loadWeights(model, readFileSync(job.files.weights));
  return model;
}

export function eager(job: Job): Runner {
  const model = modelOf(job);
  return { layout: "nchw", run: (x) => model.forward(new Tensor(x, job.input)).data as Float32Array };
}

export async function session(job: Job, options: Omit<CompileOptions, "input">): Promise<Runner> {
  const compiled = await compile(modelOf(job), { ...options, input: job.input });
  return { layout: "nchw", run: (x) => compiled.run(new Tensor(x, job.input)).data };
}
