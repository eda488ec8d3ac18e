/** LiteRT.js (XNNPACK in WebAssembly) on what litert-torch made of the same network. */
import type { ConvertedFiles, Host, Job, Runner } from "../contender.ts";

interface LiteTensor {
  toTypedArray(): Float32Array;
  delete(): void;
}

interface LiteModel {
  run(inputs: LiteTensor[]): Promise<LiteTensor[]>;
}

interface Litert {
  readonly Tensor: { new (data: Float32Array, shape: readonly number[]): LiteTensor };
  loadLiteRt(folder: string, options: { readonly threads: boolean }): Promise<unknown>;
  loadAndCompile(file: Uint8Array, options: Readonly<Record<string, unknown>>): Promise<LiteModel>;
}

export async function litert(job: Job, host: Host, kind: keyof ConvertedFiles): Promise<Runner> {
  const [name, folder] = ["@litertjs/core", "@litertjs/core/wasm/"];
  host.likePage(folder);
  const { Tensor, loadLiteRt, loadAndCompile } = (await import(name)) as Litert;
  await loadLiteRt(host.address(folder), { threads: job.threads > 1 });
  const file = await host.read(job.files.converted![kind]!);
  const model = await loadAndCompile(file, { accelerator: "wasm", cpuOptions: { numThreads: job.threads } });
  const layout = kind === "nchw" ? "nchw" : "nhwc";
  const [batch, channels, height, width] = job.input;
  const shape = layout === "nchw" ? job.input : [batch, height, width, channels];
  return {
    layout,
    run: async (x) => {
      const input = new Tensor(x, shape);
      const [output, ...more] = await model.run([input]);
      const data = output.toTypedArray().slice();
      for (const tensor of [input, output, ...more]) tensor.delete();
      return data;
    },
  };
}
