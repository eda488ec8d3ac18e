/** Picture files on the command line: a JPEG is read as the PNG of the same pixels is, without any package. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { decodeJpeg } from "../../src/io/images/jpeg/decode.ts";
import { encodePng } from "../../src/io/images/png.ts";
import { fromBase64 } from "../io/images/image-files.ts";
import { fileJson } from "../support/files.ts";
import { senet, temporaryFolder } from "./call.ts";

const folder = temporaryFolder();
const { cases } = fileJson<{ cases: readonly { name: string; file: string }[] }>("goldens/images/jpeg.json");

test("classify: JPEG as PNG, baseline and progressive, grey, colour and CMYK", async () => {
  for (const name of ["420", "grey", "ycck"]) {
    const jpeg = fromBase64(cases.find((golden) => golden.name === name)!.file);
    const files = [join(folder, `${name}.jpg`), join(folder, `${name}.png`)];
    writeFileSync(files[0], jpeg);
    writeFileSync(files[1], await encodePng(decodeJpeg(jpeg)));
    const answers: unknown[] = [];
    for (const file of files) {
      const { code, output, errors } = await senet("classify", file, "--json", "--top", "10");
      assert.is(code, 0, errors);
      answers.push((JSON.parse(output) as { guesses: unknown }[])[0].guesses);
    }
    assert.equal(answers[0], answers[1], name);
  }
});

test("what is no picture is named, with what to do", async () => {
  const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 51234\n";
  for (const [content, said] of [
    [pointer, /: the file is a Git LFS pointer in place of the file, which has 51234 bytes: git lfs pull brings it$/m],
    ["<!DOCTYPE html><title>404</title>", /: the file is a web page: the download failed/],
    ["\x1f\x8b\x08\0", /: the file is packed by gzip: unpack it first/], ["hello", /: image: the file is of no format that is known/],
  ] as const) {
    const file = join(folder, "strange.png");
    writeFileSync(file, Uint8Array.from(content, (letter) => letter.charCodeAt(0)));
    const { code, errors } = await senet("classify", file);
    assert.is(code, 1);
    assert.match(errors, said);
    assert.is(errors.trim().split("\n").length, 1, errors);
  }
});

test("pictures as weights, and MODEL as an option, are told", async () => {
  const picture = join(folder, "420.png");
  const converted = await senet("convert", picture, join(folder, "no.safetensors"));
  assert.match(converted.errors, /420\.png: the file is a picture, and weights are wanted: senet classify says what is in it/);
  const trained = await senet("train", "--model", "se_resnet8", "--data", folder);
  assert.equal([trained.code, trained.errors], [
    2, "senet train: unknown option --model: MODEL stands by itself, without --model; see senet train --help\n",
  ]);
});

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();
