/** UTF-8 with the host's codec and without it: the same texts, and the same refusals. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { decodePlain, decodeUtf8, encodePlain, encodeUtf8 } from "../../../src/io/bytes/utf8.ts";
import { FormatError } from "../../../src/errors.ts";

test("every code point comes back, both ways", () => {
  let text = "";
  for (let code = 0; code < 0x110000; code += code < 0x3000 ? 1 : 97) {
    if (code < 0xd800 || code > 0xdfff) text += String.fromCodePoint(code);
  }
  text += "\ud7ff\ue000\ufeff\uffff\u{10ffff}";
  const bytes = encodePlain(text);
  assert.ok(decodePlain(bytes, "text") === text);
  assert.equal(bytes, encodeUtf8(text));
  assert.ok(decodeUtf8(bytes, "text") === text);
});

test("literal bytes", () => {
  assert.equal([...encodePlain("aß€\u{1f600}")], [0x61, 0xc3, 0x9f, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80]);
  assert.equal([...encodePlain("\ud800x")], [0xef, 0xbf, 0xbd, 0x78]);
  assert.is(decodePlain(new Uint8Array(), "text"), "");
});

test("what is not UTF-8 is refused, both ways", () => {
  const bad = [
    [0x80], [0xbf], [0xc0, 0x80], [0xc1, 0xbf], [0xe0, 0x80, 0x80], [0xe0, 0x9f, 0xbf], [0xed, 0xa0, 0x80], [0xed, 0xbf, 0xbf],
    [0xf0, 0x8f, 0xbf, 0xbf], [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xff], [0xc3], [0xe2, 0x82], [0xf0, 0x9f, 0x98],
    [0x61, 0xc3, 0x61], [0xe2, 0x28, 0xa1], [0xf0, 0x28, 0x8c, 0xbc],
  ];
  for (const bytes of bad) {
    for (const decode of [decodePlain, decodeUtf8]) {
      assert.throws(
        () => decode(Uint8Array.from(bytes), "header"),
        (e: unknown) => e instanceof FormatError && e.message.startsWith("header: wants UTF-8"), `${bytes}`,
      );
    }
  }
});

test("long texts do not overflow the stack", () => {
  const text = "0123456789".repeat(50_000);
  assert.ok(decodePlain(encodePlain(text), "text") === text);
});

test.run();
