/** senet gates: what the gates of a network do on a folder of pictures. */
import { join } from "node:path";
import type { Command } from "../command.ts";
import { inspect } from "../explain/open.ts";
import type { Inspected } from "../explain/open.ts";
import { spaced, study as studied } from "../explain/study.ts";
import type { Study } from "../explain/study.ts";
import { checkWritable, writeBytes } from "../files.ts";
import { isOnnx } from "../onnx.ts";
import { gateFigure, gatesPage, signed } from "../report/gates.ts";
import { adding, json, networkOptions, options, pictureOptions } from "../options.ts";
import { Progress, counted, percent, print, printJson, remark, table } from "../terminal.ts";
import { Dataset } from "../../train/data/dataset.ts";
import { hasPictures, readDataset } from "../training/data.ts";

function jsonOf(study: Study): unknown {
  return { ...study, blocks: study.blocks.map((block) => ({ ...block, byClass: block.byClass.map((means) => means && [...means]) })) };
}

/** The pictures; and are their classes the network's? Not where they are others, or it answers for pixels. */
async function read(
  network: Inspected, folder: string,
): Promise<{ readonly data: Dataset; readonly labelled: boolean }> {
  const { mean: _mean, std: _std, range: _range, ...geometry } = network.preprocessing;
  const { size, channels } = geometry;
  // Folders may be some of the network's classes, or none of them.
  const pictures = hasPictures(folder, "test");
  const data = await readDataset(folder, "test", pictures ? undefined : network.names, { geometry });
  const wanted = [channels === "gray" ? 1 : 3, ...size];
  if (data.shape.slice(1).join() !== wanted.join()) {
    throw new Error(
      `${network.title} wants images of ${wanted.join(" x ")} (channels, height, width), ${folder} has ${data.shape.slice(1).join(" x ")}`
    );
  }
  const { names = data.classes, title } = network;
  if (network.pixels) {
    remark(`${title} answers for every pixel: what is measured is how many pixels keep the class that its own gates give them`);
    return { data, labelled: false };
  }
  const unknown = data.classes.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    const few = unknown.slice(0, 3).map((name) => `"${name}"`).join(", ");
    remark(
      `${folder}: ${few}${unknown.length > 3 ? ` and ${unknown.length - 3} more are` : unknown.length > 1 ? " are" : " is"} no class of ` +
      `${title}: what is measured is how many answers are as with its own gates`);
    return { data, labelled: false };
  }
  const { labels, classes } = data;
  return { data: data.relabelled(labels.map((label) => names.indexOf(classes[label])), names), labelled: true };
}

export const gates: Command = {
  name: "gates",
  usage: "[MODEL|MODEL.onnx] --data DIR [--weights W] [--out report.html] [options]",
  help: "what the gates do by class, depth and picture, and what depends on them: the paper's figures 6 and 7 for any network\n" +
    "DIR as for senet eval. Gates are looked at for every other picture; accuracies with other gates are measured on the rest.",
  options: {
    data: options.data,
    ...networkOptions,
    images: adding(options.images, " (default 1000)"),
    out: adding(options.page, " (default gates.html)"),
    svg: { value: "DIR", help: "the figures as SVG too, a file a block" },
    ...pictureOptions,
    input: options.freeInput,
    json: json("all of it as JSON on the standard output; no page"),
  },
  positionals: { least: 0, most: 1 },
  async run(args) {
    const folder = args.required("data");
    const most = args.number("images", 1000, { least: 2, whole: true });
    const json = args.flag("json");
    const out = args.text("out") ?? "gates.html";
    if (!json) checkWritable(out);
    const network = await inspect(args, args.positionals.find((name) => !isOnnx(name)));
    const { data: all, labelled } = await read(network, folder);
    const data = all.size > most ? all.select(spaced(all.size, most)) : all;
    await data.load(Array.from({ length: data.size }, (_, i) => i));
    const progress = new Progress();
    const study = studied(network, data, most, labelled, (share, doing) => progress.update(share, doing));
    progress.end();
    network.close();
    if (json) {
      printJson(jsonOf(study));
      return;
    }
    writeBytes(out, gatesPage(network.title, folder, study));
    const svg = args.text("svg");
    if (svg !== undefined) {
      for (const [i, block] of study.blocks.entries()) {
        writeBytes(
          join(svg, `${String(i + 1).padStart(2, "0")}-${block.name.replace(/[^\w.-]+/g, "-")}.svg`),
          svgFile(gateFigure(block, study.classes).text),
        );
      }
    }
    const right = study.against === "labels" ? `: ${percent(study.accuracy)} right` : "; answers that stay, in points";
    print(`${network.title} on ${counted(study.measured, "picture")}${right}\n`);
    print(table(
      ["gates", "mean", "< .05", "> .95", "channels", "pictures", "frozen", "at 1"],
      study.blocks.map((block) => [
        block.name, block.mean.toFixed(3), percent(block.shut), percent(block.open), block.betweenChannels.toFixed(3),
        block.betweenPictures.toFixed(3),
        signed(block.frozen - study.accuracy), signed(block.one - study.accuracy)]),
      ["mean", "< .05", "> .95", "channels", "pictures", "frozen", "at 1"]));
    print(
      `\nAll frozen to their means: ${signed(study.allFrozen - study.accuracy)} points; all at 1: ${signed(study.allOne - study.accuracy)}.`
    );
    print(`${out} shows the gates by class.${svg === undefined ? "" : ` Figures are in ${svg}.`}`);
  },
};

/** A figure on its own, with what the page's style sheet says of it. */
function svgFile(figure: string): string {
  const colours = Array.from({ length: 10 }, (_, i) => `.c${i}{stroke:hsl(${36 * i} 65% 48%)}`).join("");
  return figure.replace(
    />/, `><style>path{fill:none;stroke-width:1.3}text{font:10px sans-serif;fill:#555}line{stroke:#ddd}${colours}</style>`,
  );
}
