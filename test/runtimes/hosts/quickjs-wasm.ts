/**
 * QuickJS compiled to WebAssembly (npm quickjs-emscripten): Bellard's, and quickjs-ng. Started with a variant and scripts, it runs them.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { command } from "../../support/runtime.ts";
import { here, installed } from "../build.ts";
import { inShell, pathOf, reportIn, run, withoutWasm } from "../host.ts";
import type { Host } from "../host.ts";

/** The part of quickjs-emscripten that is used. */
interface Handle {
  dispose(): void;
}
interface Context {
  readonly runtime: { setMaxStackSize(bytes: number): void; executePendingJobs(): { readonly error?: Handle } };
  readonly global: Handle;
  newFunction(name: string, run: (text: Handle) => void): Handle;
  setProp(of: Handle, name: string, value: Handle): void;
  getString(text: Handle): string;
  dump(value: Handle): unknown;
  evalCode(text: string, file: string): { readonly error?: Handle; readonly value?: Handle };
}
interface Emscripten {
  newQuickJSWASMModuleFromVariant(variant: unknown): Promise<{ newContext(): Context }>;
}

async function runScripts(variant: string, scripts: readonly string[]): Promise<void> {
  const { newQuickJSWASMModuleFromVariant: make } = installed<Emscripten>("quickjs-emscripten");
  const context = (await make(installed(variant))).newContext();
  // Without a limit deep calls of the script end the module, and not only the script.
  context.runtime.setMaxStackSize(1 << 18);
  context.setProp(context.global, "print", context.newFunction("print", (text) => console.log(context.getString(text))));
  const sure = ({ error }: { readonly error?: Handle }): void => {
    if (error !== undefined) throw new Error(JSON.stringify(context.dump(error)));
  };
  for (const script of scripts) sure(context.evalCode(readFileSync(script, "utf8"), script));
  sure(context.runtime.executePendingJobs());
}

const self = fileURLToPath(import.meta.url);

function quickJs(name: string, variant: string): Host {
  return {
    name,
    quick: true,
    async find({ folder, script }) {
      pathOf("(cd test/runtimes && npm install)", join(here, "node_modules", variant));
      const last = join(folder, "shell.js");
      writeFileSync(last, inShell);
      const manifest = readFileSync(join(here, "node_modules", variant, "package.json"), "utf8");
      const { version } = JSON.parse(manifest) as { readonly version: string };
      return {
        version: `(quickjs-emscripten ${version})`,
        places: [{
          name: "", kernels: withoutWasm,
          run: async () => reportIn(await run(process.execPath, [...command(self), variant, script, last], { seconds: 600 })),
        }],
      };
    },
  };
}

export const quickJsInWasm: readonly Host[] = [
  quickJs("QuickJS in WebAssembly", "@jitl/quickjs-wasmfile-release-sync"),
  quickJs("quickjs-ng in WebAssembly", "@jitl/quickjs-ng-wasmfile-release-sync"),
];

if (process.argv[1] === self) await runScripts(process.argv[2], process.argv.slice(3));
