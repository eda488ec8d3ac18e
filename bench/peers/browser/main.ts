/**
 * senet beside other engines in Chromium: the same networks, weights and images, each contender in an isolated page of its own, in turns,
 * all answers compared; then the first answers of browsers with empty profiles.
 *
 *     (cd bench/peers && npm install) && npx tsx bench/peers/browser/main.ts
 *
 * LiteRT.js and onnxruntime-web's QDQ take part where convert.ts has made their files.
 */
import process from "node:process";
import { hasModel, modelNames } from "../../../models/index.ts";
import { UsageError } from "../../../src/cli/command.ts";
import type { Arguments } from "../../../src/cli/command.ts";
import { didYouMean } from "../../../src/errors.ts";
import { Progress, print, printJson, remark } from "../../../src/cli/terminal.ts";
import { pathOf } from "../../../test/page/browser.ts";
import { bundlePage, convertedFolder, downloadSize, isInstalled, packages, versionsOf } from "../bundle.ts";
import type { Job, ModelFiles } from "../contender.ts";
import { chosenContenders, hasFiles } from "../contenders.ts";
import { entry, race } from "../field.ts";
import type { Entry } from "../field.ts";
import { machine } from "../machine.ts";
import { bundled, inputOf, writeModelFiles } from "../model-files.ts";
import { runProgram } from "../program.ts";
import { lines, remarks, tableOf, trustIn } from "../report.ts";
import type { Line } from "../report.ts";
import { launch } from "./chromium.ts";
import { coldRace } from "./cold.ts";
import { PageRemote } from "./page-remote.ts";
import { marks } from "./rows.ts";
import { FileServer } from "./serve.ts";

/** Bare names in the page. */
const imports = {
  "onnxruntime-web": "/packages/onnxruntime-web/dist/ort.wasm.min.mjs", "@tensorflow/tfjs-core": "/built/tfjs-core.js",
  "@tensorflow/tfjs-backend-wasm": "/built/tfjs-backend-wasm.js", "@litertjs/core": "/built/litert.js",
};

/** Paths of files, as addresses in the page. */
function addressed(files: ModelFiles, folder: string): ModelFiles {
  return JSON.parse(JSON.stringify(files), (_key, value: unknown) => {
    if (typeof value !== "string") return value;
    return value.startsWith(convertedFolder) ? value.replace(convertedFolder, "/converted") : value.replace(folder, "/built");
  }) as ModelFiles;
}

async function run(args: Arguments, folder: string): Promise<void> {
  const models = args.list("models", ["seresnet50", "mobilenet_v3_large", "se_mobilenet_v1", "efficientnet_b0"]);
  const cold = args.list("cold", [bundled, "mobilenet_v3_large", "seresnet50"]).filter((name) => name !== "none");
  for (const name of [...models, ...cold]) {
    if (name === bundled || hasModel(name)) continue;
    throw new UsageError(`bench/peers/browser: unknown model "${name}"${didYouMean(name, modelNames)}`);
  }
  const threads = args.list("threads", ["1", "2"]).map(Number);
  const runs = args.number("runs", 8, { least: 1, whole: true });
  const size = args.number("size", 224, { least: 32, whole: true });
  const patience = args.number("wait", 0, { least: 0 });
  const path = pathOf("chrome");
  if (path === undefined) throw new UsageError("this machine has no Chromium (apt-get install chromium, or CHROMIUM=PATH)");
  const chosen = chosenContenders("page", args.list("contenders", [""]), false, isInstalled);
  await bundlePage(folder);
  const server = new FileServer({ built: folder, packages, converted: convertedFolder });
  server.page("race.html", `<!doctype html><meta charset="utf-8"><script type="importmap">${JSON.stringify({ imports })}</script>
    <body><script type="module" src="/built/page.js"></script>`);
  const address = await server.listen();
  const sizes = new Map<string, number>();
  for (const contender of chosen) sizes.set(contender.name, await downloadSize(contender));

  const json = args.flag("json");
  const say = json ? remark : print;
  const results: Line[] = [];
  const progress = new Progress();
  const chromium = await launch(path);
  say(`${await chromium.version()}, ${process.platform} ${process.arch}, ${machine()}\n${versionsOf(Object.keys(imports))}`);
  await chromium.close();
  for (const name of models) {
    const input = inputOf(name, 1, size);
    const { network, files } = writeModelFiles(folder, name, input, {
      converted: convertedFolder, int8: chosen.some(({ needsBytes }) => needsBytes === true),
    });
    const job: Omit<Job, "threads"> = { model: name, input, network, files: addressed(files, folder) };
    const entries: Entry[] = chosen
      .filter((contender) => hasFiles(contender, files))
      .flatMap((contender) => contender.threads.page.filter((n) => threads.includes(n))
        .map((n) => entry(contender, { ...job, threads: n })));
    const browser = await launch(path);
    let opened = 0;
    const field = await race(entries, {
      open: () => PageRemote.open(browser, `${address}race.html`, opened++ === 0), runs, patience,
      tick: (share) => progress.update(share, name),
    });
    progress.end();
    await browser.close();
    server.forget();
    const found = lines(field, sizes);
    results.push(...found);
    say(`\n${name}, batch 1, ${input.slice(2).join("x")}; senet is ${found[0].against}; ${trustIn(found[0])}\n`);
    say(tableOf(found));
    const more = [marks(field), ...remarks(field)].filter((text) => text !== "");
    if (more.length > 0) say(`\n${more.join("\n")}`);
  }
  for (const name of cold) {
    const input = inputOf(name, 1, size);
    const { network, files } = writeModelFiles(folder, name, input, { converted: convertedFolder });
    const table = await coldRace({ model: name, input, network, files: addressed(files, folder), threads: 1 }, {
      chromium: path, server, address, folder, rounds: args.number("cold-runs", 5, { least: 1, whole: true }), weights: files.weights,
      tick: (share) => progress.update(share, `${name}, first answer`),
    });
    progress.end();
    server.forget();
    const what = "first answer in a browser with an empty profile, one thread, files of this machine";
    say(`\n${name}, ${input.slice(2).join("x")}: ${what}\n\n${table}`);
  }
  server.close();
  if (json) printJson(results);
  if (results.some(({ failure }) => failure !== undefined)) process.exitCode = 1;
}

await runProgram({
  name: "bench/peers/browser",
  usage: "[options]",
  help: "senet beside onnxruntime-web, tfjs and LiteRT.js in Chromium, in turns; then first answers",
  options: {
    models: { value: "NAMES", help: "default seresnet50,mobilenet_v3_large,se_mobilenet_v1,efficientnet_b0" },
    cold: { value: "NAMES", help: "first answers; default bundled,mobilenet_v3_large,seresnet50; none: not at all" },
    threads: { value: "COUNTS", help: "default 1,2" },
    runs: { value: "N", help: "counted rounds (default 8)" },
    "cold-runs": { value: "N", help: "browsers that are opened for each first answer (default 5)" },
    size: { value: "N", help: "height and width of the images (default 224)" },
    contenders: { value: "PARTS", help: "only those whose names contain one of these" },
    wait: {
      value: "SECONDS", help: "how long each race may wait for other work on the machine to end; disturbed rounds are repeated (default 0)",
    },
    json: { help: "for programs: an array, one object a contender; the tables go to standard error" },
  },
  positionals: { least: 0, most: 0 },
}, run);
