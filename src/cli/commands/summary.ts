/** senet summary: layers, shapes, parameters and costs. */
import process from "node:process";
import { modelNames, usualInput } from "../../../models/index.ts";
import { summarise } from "../../nn/summary.ts";
import type { Summary } from "../../nn/summary.ts";
import { showShape } from "../../tensor.ts";
import { printable } from "../../errors.ts";
import { graphCost } from "../../operations/cost.ts";
import type { Arguments, Command } from "../command.ts";
import { isOnnx, onnxShapes, openOnnx, sayNotes } from "../onnx.ts";
import { UsageError } from "../command.ts";
import { inputShape, modelFromArguments } from "../network.ts";
import { json, options } from "../options.ts";
import { clipped, columns, counted, print, printJson, table, thousands, wrapped } from "../terminal.ts";

function millions(n: number): string {
  return `${(n / 1e6).toFixed(n < 1e7 ? 3 : 1)} M`;
}

/** The totals and what they mean. */
function totals(s: Omit<Summary, "layers" | "input" | "output">): string[] {
  const share = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(2)} %`;
  return [
    `parameters           ${thousands(s.parameters)}, of which SE ${thousands(s.seParameters)} (${share(s.seParameters, s.parameters)})`,
    `multiply-accumulates ${millions(s.macs)} in convolution and linear layers`,
    `SE                   ${millions(s.seMacs)} excitation, ${millions(s.scaleMacs)} scale (multiplications), ` +
    `${millions(s.gapAdds)} squeeze (additions);` +
      ` excitation and scale are ${share(s.seMacs + s.scaleMacs, s.macs + s.seMacs + s.scaleMacs)} of all`,
    "Convention: one multiply-accumulate is one multiplication and one addition. Biases, normalisation (it folds into the convolution), " +
      "activations, sums and pooling outside SE count nothing. The paper's figures are convolution and linear layers plus SE's own.",
  ];
}

/** Names and layers are cut where the terminal has no room for all; in a file they are whole. */
function fitted(rows: readonly (readonly string[])[]): readonly (readonly string[])[] {
  if (process.stdout.isTTY !== true) return rows;
  const widest = (i: number): number => rows.reduce((most, row) => Math.max(most, row[i].length), 10);
  const room = columns() - 8 - widest(2) - widest(3) - widest(4);
  const name = Math.max(12, Math.min(widest(0), room >> 1));
  return rows.map((row) => [clipped(row[0], name), clipped(row[1], Math.max(12, room - name)), ...row.slice(2)]);
}

function summaryOfOnnx(args: Arguments, path: string): void {
  const network = openOnnx(path);
  const shapes = onnxShapes(args, network);
  const graph = network.lower(shapes);
  sayNotes(path, network);
  const cost = graphCost(graph);
  const { parameters, seParameters, macs, seMacs, scaleMacs, gapAdds } = cost;
  const gates = cost.gates.map(({ nodes, ...gate }) => gate);
  if (args.flag("json")) {
    printJson({
      model: path, producer: network.producer, opset: network.opset, input: shapes,
      output: Object.fromEntries(network.outputs.map((output, i) => [output, graph.outputs[i].shape])),
      parameters, se_parameters: seParameters, macs, se_macs: seMacs, scale_macs: scaleMacs, gap_adds: gapAdds, gates,
      layers: cost.nodes.map(
        ({ name, kind, output, parameters: own, macs: products, se }) => ({
          name, layer: kind, output, parameters: own, macs: products, se,
        }),
      ),
    });
    return;
  }
  const inputs = Object.entries(shapes).map(([name, shape]) => `${printable(name)} ${showShape(shape)}`).join(", ");
  print(`${path}, opset ${network.opset}${network.producer === "" ? "" : `, by ${printable(network.producer)}`}, input ${inputs}\n`);
  const rows = cost.nodes.map((node) => [
    printable(node.name), node.kind, showShape(node.output), node.parameters === 0 ? "" : thousands(node.parameters),
    node.macs === 0 ? "" : millions(node.macs),
  ]);
  print(table(["name", "operation", "output", "parameters", "MACs"], fitted(rows), ["parameters", "MACs"]));
  print(`\n${counted(gates.length, "SE gate")}${gates.length === 0 ? "" : "; observe and override take these names"}`);
  const numbers = ["channels", "hidden"];
  const lines = gates.map(
    (gate) => [
      printable(gate.name), gate.activation, gate.squeeze, String(gate.channels), String(gate.hidden ?? ""), printable(gate.scaled),
    ],
  );
  if (gates.length > 0) print(table(["gate", "activation", "squeeze", ...numbers, "scales"], lines, numbers));
  print();
  for (const line of totals({ parameters, seParameters, macs, seMacs, scaleMacs, gapAdds })) print(line);
}

export const summary: Command = {
  name: "summary",
  usage: "MODEL|MODEL.onnx [--input 1,3,224,224] [options]",
  help: "layers, shapes, parameters and multiply-accumulates of a model",
  options: {
    input: options.input,
    "model-options": options.modelOptions,
    list: { help: "names every model; with --json as an array" },
    json: json("parameters, se_parameters, macs, se_macs, scale_macs, gap_adds, layers; of an ONNX file gates too"),
  },
  positionals: { least: 0, most: 1 },
  run(args) {
    if (args.flag("list")) {
      const [model] = args.positionals;
      if (model !== undefined) throw new UsageError("senet summary: --list names every model: MODEL is not wanted with it");
      args.refuse("a MODEL, and --list names them all", "input", "model-options");
      if (args.flag("json")) printJson(modelNames);
      else print(modelNames.join("\n"));
      return;
    }
    const [name] = args.positionals;
    if (name === undefined) throw new UsageError("senet summary: wants MODEL; senet summary --list names them all");
    if (isOnnx(name)) return summaryOfOnnx(args, name);
    const model = modelFromArguments(args, name, null);
    const s = summarise(model, inputShape(args, usualInput(model)));
    if (args.flag("json")) {
      printJson({
        model: name,
        input: s.input,
        output: s.output,
        parameters: s.parameters,
        se_parameters: s.seParameters,
        macs: s.macs,
        se_macs: s.seMacs,
        scale_macs: s.scaleMacs,
        gap_adds: s.gapAdds,
        layers: s.layers.map(
          ({ name: path, layer, output, parameters, cost, se }) => ({ name: path, layer, output, parameters, ...cost, se }),
        ),
      });
      return;
    }
    const rows = s.layers.map((layer) => [
      layer.name, layer.layer, showShape(layer.output), layer.parameters === 0 ? "" : thousands(layer.parameters),
      layer.cost.macs === undefined ? "" : millions(layer.cost.macs),
    ]);
    print(`${name}, input ${showShape(s.input)}\n`);
    print(table(["name", "layer", "output", "parameters", "MACs"], fitted(rows), ["parameters", "MACs"]));
    print();
    for (const line of totals(s)) print(wrapped(line, 80).join("\n"));
  },
};
