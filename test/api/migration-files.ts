/** What both sides of docs/migration are given: the files of the page, an ONNX file, a picture. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createModel, lower, writeOnnx } from "../../src/index.ts";
import type { RgbaImage } from "../../src/index.ts";
import { blocks } from "../runtimes/recipes.ts";
import { root } from "./examples.ts";

export const page: string = join(root, "docs/migration/README.md");

const files = new Map(blocks(readFileSync(page, "utf8")).flatMap(({ file, text }) => (file === undefined ? [] : [[file, text] as const])));

/** The page's files in one of its folders. */
export const sourcesOf = (folder: string): readonly string[] => [...files.keys()].filter((name) => name.startsWith(`${folder}/`));

/** @param changed what is written instead of a file's text */
export function writeFiles(folder: string, names: readonly string[], changed: (text: string) => string = (text) => text): void {
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  for (const name of names) {
    const text = files.get(name);
    if (text === undefined) throw new Error(`docs/migration has no ${name}`);
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), changed(text));
  }
}

/** For images of 16x16. */
export const networkFile = (): Uint8Array => writeOnnx(lower(createModel("se_resnet8", { classes: 3 }, 1), [1, 3, 16, 16]));

/** The i-th byte of the picture; its text is run in a page, too. */
export const pixelOf = (_: number, i: number): number => (i % 4 === 3 ? 255 : (i * 37) % 251);

/** 224x224, without transparency. */
export function picture(): RgbaImage {
  const data = new Uint8ClampedArray(224 * 224 * 4).map(pixelOf);
  return { data, width: 224, height: 224 };
}
