/** TensorFlow.js: the graph's nodes on its operations. Values are freed after their last use, as its own graph model does. */
import type { Job, Runner } from "../contender.ts";
import { lastUses, readGraph } from "../saved-graph.ts";
import { TfjsOperations } from "./tfjs-operations.ts";
import type { TensorFlow, TfTensor } from "./tfjs-operations.ts";

export async function tfjs(job: Job, backend: "wasm" | "cpu"): Promise<Runner> {
  const [core, kernels] = ["@tensorflow/tfjs-core", `@tensorflow/tfjs-backend-${backend}`];
  const tf = (await import(core)) as TensorFlow;
  await import(kernels);
  if (!(await tf.setBackend(backend))) throw new Error(`tfjs: no backend ${backend}`);
  const graph = readGraph(job.files);
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
