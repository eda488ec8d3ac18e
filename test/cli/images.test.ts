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

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();
