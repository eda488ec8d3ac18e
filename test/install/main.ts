/**
 * Installs senet as its users do, in empty folders: from the file that `npm pack` makes in a clone without a build, from a folder
 * and from a git address. There README's programs run as they are written, in JavaScript and in strict TypeScript (5.9 and 7, both
 * resolutions of modules, with and without the DOM's types, declarations checked too), in Deno and in Bun; every published path can be
 * imported and no other. Needs git, npm with a registry, and test/runtimes installed. Closes with `N passed, N failed`.
 */
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { createModel } from "../../models/index.ts";
import { stateDict } from "../../src/nn/state-dict.ts";
import { torchFile } from "../io/weights/pickles.ts";
import { run } from "./process.ts";
import { readmePrograms } from "./readme.ts";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const work = mkdtempSync(join(tmpdir(), "senet-install-"));
let passed = 0;
let failed = 0;

/** Counts one expectation; the rest goes on after a failure. */
async function expect(what: string, test: () => Promise<void>): Promise<void> {
  const problem = await test().then(() => undefined, (error: Error) => error.message);
  if (problem === undefined) passed += 1;
  else failed += 1;
  console.log(`${problem === undefined ? "ok  " : "FAIL"} ${what}${problem === undefined ? "" : `\n${problem}`}`);
}

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
}
const manifest = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;

/** An empty project, as `npm init` makes one. */
function project(name: string, dependencies: Readonly<Record<string, string>>): string {
  const folder = join(work, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name, private: true, type: "module", dependencies }));
  return folder;
}
const npm = (folder: string, ...args: string[]): Promise<string> => run("npm", [...args, "--no-audit", "--no-fund"], folder);

// A clone of what lies here, committed or not, without a build and without packages.
const clone = join(work, "clone");
cpSync(root, clone, { recursive: true, filter: (path: string) => !/(^|[\\/])(node_modules|dist|runs|\.git)$/.test(relative(root, path)) });
await run("git", ["init", "--quiet"], clone);
await run("git", ["add", "--all"], clone);
await run("git", ["-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "--quiet", "--message", "all"], clone);

const programs = readmePrograms(join(root, "README.md"));
const published = Object.entries(manifest(root).exports);
const modules = published.filter(([, target]) => typeof target === "object").map(([path]) => path.replace(/^\./, "senet"));

/** The files that README's programs read, and the programs, in both languages. */
async function prepare(folder: string): Promise<void> {
  copyFileSync(join(root, "models/pretrained/samples/ankle-boot-0000.png"), join(folder, "cat.png"));
  copyFileSync(join(root, "models/pretrained/samples/bag-0018.png"), join(folder, "dog.png"));
  writeFileSync(join(folder, "weights.js"), `
    import { writeFileSync } from "node:fs";
    import { createModel, lower, saveWeights, writeOnnx } from "senet";
    writeFileSync("seresnet50.safetensors", saveWeights(createModel("seresnet50", {}, 1)));
    writeFileSync("model.onnx", writeOnnx(lower(createModel("se_resnet20", {}, 1), [1, 3, 224, 224])));`);
  await run("node", ["weights.js"], folder);
  // What a training run of PyTorch leaves.
  const state = Object.fromEntries(stateDict(createModel("mobilenetv3_small_100", {}, 1)));
  writeFileSync(join(folder, "model_best.pth.tar"), torchFile({ epoch: 3, state_dict: state, state_dict_ema: state }));
  for (const { name, text } of programs) {
    writeFileSync(join(folder, `${name}.js`), text);
    mkdirSync(join(folder, "typed"), { recursive: true });
    writeFileSync(join(folder, "typed", `${name}.ts`), text);
  }
  const imports = modules.map((path, i) => `import * as module${i} from "${path}";`).join("\n");
  const uses = `export const all: readonly object[] = [${modules.map((_, i) => `module${i}`).join(", ")}];`;
  mkdirSync(join(folder, "bare"), { recursive: true });
  writeFileSync(join(folder, "bare", "all.ts"), `${imports}\n${uses}\n`);
}

async function runPrograms(folder: string, ...command: readonly [string, ...string[]]): Promise<void> {
  for (const { name } of programs) {
    await expect(`${relative(work, folder)}: README's ${name} runs in ${command[0].split("/").at(-1)}`, async () => {
      await run(command[0], [...command.slice(1), `${name}.js`], folder);
    });
  }
}

try {
  let tarball = "";
  await expect("npm pack in a clone without a build: compiled code, types, the network, and no sources or tests", async () => {
    const report = await npm(clone, "pack", "--json", "--pack-destination", work);
    const [{ filename, files }] = JSON.parse(report.slice(report.indexOf("["))) as [{ filename: string; files: { path: string }[] }];
    tarball = join(work, filename);
    const paths = files.map(({ path }) => path);
    const wanted = published.flatMap(([, target]) => (typeof target === "object" ? [target.default, target.types] : [target]));
    const missing = [...wanted, "dist/src/cli/main.js", "LICENSE", "README.md"].filter(
      (path) => !paths.includes(path.replace(/^\.\//, "")),
    );
    const foreign = paths.filter(
      (path) => !/^(dist\/(kernels|models|src)\/|models\/pretrained\/|package\.json$|(README|CHANGELOG)\.md$|LICENSE$)/.test(path),
    );
    if (missing.length + foreign.length > 0) throw new Error(`missing: ${missing.join(", ")}; foreign: ${foreign.join(", ")}`);
  });

  const app = project("packed", { senet: `file:${tarball}`, ...manifest(here).dependencies });
  await npm(app, "install");
  await prepare(app);
  await runPrograms(app, "node");

  await expect("every published path is there, and no other", async () => {
    writeFileSync(join(app, "paths.js"), `
      for (const path of ${JSON.stringify(modules)}) await import(path);
      for (const path of ["senet/session/plan/layouts", "senet/io/images/png", "senet/dist/src/index.js", "senet/models/index"]) {
        const code = await import(path).then(() => "imported", (error) => error.code);
        if (code !== "ERR_PACKAGE_PATH_NOT_EXPORTED") throw new Error(path + ": " + code);
      }`);
    await run("node", ["paths.js"], app);
  });

  const resolutions = { nodenext: ["--module", "nodenext"], bundler: ["--module", "esnext", "--moduleResolution", "bundler"] };
  for (const version of ["5", "7"]) {
    for (const [resolution, flags] of Object.entries(resolutions)) {
      for (const lib of ["es2022", "es2022,dom"]) {
        const options = [
          join(app, "node_modules", `typescript-${version}`, "bin", "tsc"), "--noEmit", "--strict", "--skipLibCheck", "false", "--target",
          "es2022", "--lib", lib, ...flags,
        ];
        await expect(`TypeScript ${version}, ${resolution}, ${lib}: every published path without other types`, async () => {
          writeFileSync(join(app, "bare", "tsconfig.json"), JSON.stringify({ compilerOptions: { types: [] }, files: ["all.ts"] }));
          await run("node", [...options, "--project", "bare"], app);
        });
        await expect(`TypeScript ${version}, ${resolution}, ${lib}: README's programs, with Node's types`, async () => {
          writeFileSync(join(app, "typed", "tsconfig.json"), JSON.stringify({ compilerOptions: { types: ["node"] }, include: ["*.ts"] }));
          await run("node", [...options, "--project", "typed"], app);
        });
      }
    }
  }

  const deno = join(root, "test/runtimes/node_modules/.bin/deno");
  await expect("deno check: README's programs and every published path", async () => {
    await run(deno, ["check", "bare/all.ts", ...programs.map(({ name }) => `typed/${name}.ts`)], app);
  });
  await runPrograms(app, deno, "run", "--allow-all", "--quiet");
  await runPrograms(app, join(root, "test/runtimes/node_modules/.bin/bun"), "run");

  const network = `
    import { readFile } from "node:fs/promises";
    import { createModel, loadWeights } from "senet";
    const file = await readFile(new URL(import.meta.resolve("senet/models/pretrained/fashion-mnist.safetensors")));
    if (file.length < 500000) throw new Error("the bundled network has " + file.length + " bytes");`;
  for (const [name, address] of [["folder", clone], ["git", `git+file://${clone}`]]) {
    const folder = project(name, {});
    await expect(`${name}: npm install gives code, the command and the bundled network`, async () => {
      rmSync(join(clone, "dist"), { recursive: true, force: true });
      await npm(folder, "install", address);
      writeFileSync(join(folder, "network.js"), network);
      await run("node", ["network.js"], folder);
      const answer = JSON.parse(await run("npx", ["--no-install", "senet", "summary", "seresnet50", "--json"], folder)) as {
        parameters: number
      };
      if (answer.parameters !== 28_088_024) throw new Error(`senet summary: ${answer.parameters} parameters`);
    });
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
