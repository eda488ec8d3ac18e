/** TensorFlow.js: the graph's nodes on its operations. Values are freed after their last use, as its own graph model does. */
import type { Host, Job, Runner } from "../contender.ts";
import { lastUses, readGraph } from "../saved-graph.ts";
import { TfjsOperations } from "./tfjs-operations.ts";
import type { TensorFlow, TfTensor } from "./tfjs-operations.ts";

interface Backend {
  setWasmPaths(folder: string): void;
  setThreadsCount(count: number): void;
}

export async function tfjs(job: Job, backend: "wasm" | "cpu", host: Host): Promise<Runner> {
  const [core, kernels] = ["@tensorflow/tfjs-core", `@tensorflow/tfjs-backend-${backend}`];
  const tf = (await import(core)) as TensorFlow;
  const backends = (await import(kernels)) as Backend;
  if (host.name === "page" && backend === "wasm") {
    backends.setWasmPaths(host.address("@tensorflow/tfjs-backend-wasm/dist/"));
    backends.setThreadsCount(job.threads);
  }
  if (!(await tf.setBackend(backend))) throw new Error(`tfjs: no backend ${backend}`);
  const graph = await readGraph(job.files, host);
  const isLast = lastUses(graph);
  const operations = new TfjsOperations(tf);
  const steps = graph.nodes.map((node) => ({ node, step: operations.step(node), freed: node.inputs.filter((_, i) => isLast(node, i)) }));
  const [batch, channels, height, width] = job.input;
  return {
    layout: "nhwc",
    run: (x) => {
      const values = new Map<string, TfTensor>([[graph.inputs[0].name, tf.tensor(x, [batch, height, width, channels])]]);
      for (const { node, step, freed } of steps) {
        values.set(node.output.name, tf.tidy(() => step(node.inputs.map(({ name }) => values.get(name)!))));
        for (const { name } of freed) values.get(name)!.dispose();
      }
      const output = values.get(graph.outputs[0].name)!;
      const data = output.dataSync();
      output.dispose();
      return data;
    },
  };
}
