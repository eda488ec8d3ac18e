/** What `--help` says of options: one option has one wording, whatever command it is of. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { commands } from "../../src/cli/program.ts";

/** Words of an option's help up to the first thing that a command may say of itself. */
const beginning = (help: string): string => help.split(/[,;:(]/)[0].trim();

/** Options that mean another thing in a command than elsewhere. */
const other: Readonly<Record<string, readonly string[]>> = {
  input: ["run", "explain", "gates"], out: ["train", "segment", "explain", "gates", "report"], data: ["bundle", "segment"],
  kernels: ["segment"], threads: ["compile", "bench"], batch: ["train", "segment"], classes: [], weights: ["bench"], train: [],
  epochs: ["segment"], seed: ["segment"], size: ["segment"], "model-options": ["segment"], json: commands.map(({ name }) => name),
  partial: ["train"], int8: ["train"],
};

test("options that several commands have are described in the same words", () => {
  const wordings = new Map<string, Map<string, string[]>>();
  for (const { name, options } of commands) {
    for (const [option, { help }] of Object.entries(options)) {
      if (other[option]?.includes(name)) continue;
      const known = wordings.get(option) ?? new Map<string, string[]>();
      wordings.set(option, known);
      const words = beginning(help);
      known.set(words, [...(known.get(words) ?? []), name]);
    }
  }
  for (const [option, known] of wordings) {
    assert.is(known.size, 1, `--${option}: ${[...known].map(([words, of]) => `"${words}" (${of.join(", ")})`).join(", ")}`);
  }
  assert.ok(wordings.get("preset")!.values().next().value!.length >= 5, "of several commands");
});

test.run();
