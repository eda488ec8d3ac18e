/** senet explain: what every SE block squeezed, excited and scaled for a picture. */
import { basename, join } from "node:path";
import { explain as gather } from "../explain/explain.ts";
import { inspect } from "../explain/open.ts";
import type { Command } from "../command.ts";
import { bundledPath, checkWritable, writeBytes } from "../files.ts";
import { readImage } from "../images.ts";
import { isOnnx } from "../onnx.ts";
import { explanationPage } from "../report/explanation.ts";
import { adding, json, networkOptions, options, pictureOptions } from "../options.ts";
import { Progress, percent, print, printJson, table } from "../terminal.ts";

export const explain: Command = {
  name: "explain",
  usage: "[IMAGE] [--model M|MODEL.onnx] [--weights F] [--out report.html] [options]",
  help: "writes a page of what every SE block did for a picture: squeezed values, hidden layer, gates, the most amplified and\n" +
    "suppressed channels, and what the answer would be with other gates. Without IMAGE, of a bundled one.",
  options: {
    ...networkOptions,
    out: adding(options.page, " (default explain.html)"),
    top: adding(options.top, " (default 5)"),
    ...pictureOptions,
    input: options.freeInput,
    json: json("the same as JSON on the standard output, with every gate; no page"),
  },
  positionals: { least: 0, most: 2 },
  async run(args) {
    const top = args.number("top", 5, { least: 1, whole: true });
    const json = args.flag("json");
    const out = args.text("out") ?? "explain.html";
    if (!json) checkWritable(out);
    const given = args.only("picture", args.positionals.filter((name) => !isOnnx(name)));
    const path = given ?? join(bundledPath("samples"), "ankle-boot-0000.png");
    const picture = await readImage(path);
    const network = await inspect(args);
    const progress = new Progress();
    const explanation = await gather(network, basename(path), picture, top, (share) => progress.update(share, "three answers a block"));
    progress.end();
    network.close();
    if (json) {
      printJson({
        ...explanation, picture: undefined,
        blocks: explanation.blocks.map(({ amplified, suppressed, squeeze, hidden, gates, ...rest }) => ({
          ...rest, squeeze: [...squeeze], hidden: hidden && [...hidden], gates: [...gates],
          amplified: amplified.map(({ channel }) => channel), suppressed: suppressed.map(({ channel }) => channel) })),
      });
      return;
    }
    writeBytes(out, explanationPage(explanation));
    const [best] = explanation.guesses;
    print(`${explanation.image}: ${best.name}, ${percent(best.probability)}${explanation.pixels ? " of the picture" : ""}\n`);
    const rows = explanation.blocks.map(({ name, channels, gates, effects }) => [
      name, String(channels), (gates.reduce((sum, gate) => sum + gate, 0) / channels).toFixed(3),
      ...[effects.mean, effects.one, effects.off].map(({ kept, same, becomes }) => `${percent(kept)}${same ? "" : ` ${becomes}`}`)]);
    print(table(["gates", "channels", "mean", "all at their mean", "all at 1", "all at 0"], rows, ["channels", "mean"]));
    print(`\n${out} shows each block's squeeze, excitation and scale.`);
  },
};
