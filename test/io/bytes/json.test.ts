/** The strict JSON reader: what JSON.parse reads it reads alike; what would deceive a reader it refuses. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseJson, plainJson } from "../../../src/io/bytes/json.ts";
import { FormatError } from "../../../src/errors.ts";
import { mulberry32 } from "../../fixtures/recipe.ts";

function refuses(text: string, pattern: RegExp): void {
  assert.throws(
    () => parseJson(text, "header"), (e: unknown) => e instanceof FormatError && pattern.test(e.message) && !/[\n\r]/.test(e.message),
    text.slice(0, 40),
  );
}

test("reads what JSON.parse reads", () => {
  const texts = [
    "0", "-0", "12", "-1.5e-3", "1E+2", "true", "false", "null", '""', '"a\\"b\\\\\\u00e9\\n\\ud83d\\ude00"', "[]", "[ ]", "{}", "{ }",
    ' \t\r\n[1 , "x",[ [] ] ,{"a":{"b":[null]}}] ', '{"a":1,"b":[true,false],"ä€😀":"\u007f"}', '{"":0}',
  ];
  for (const text of texts) assert.equal(plainJson(parseJson(text, "header")), JSON.parse(text), text);
});

test("refuses what is no JSON and says where", () => {
  refuses("", /^header: not JSON: wants a value at character 0, got its end$/);
  refuses('{"a":1', /wants "," or "}" at character 6, got its end/);
  refuses('{"a" 1}', /wants ":" at character 5, got "1}"/);
  refuses("{a:1}", /wants a name in quotes at character 1/);
  refuses('{"a":1,}', /wants a name in quotes at character 7/);
  refuses("[1,]", /wants a value at character 3/);
  refuses("[1 2]", /wants "," or "\]" at character 3/);
  refuses("1 2", /wants nothing more at character 2/);
  for (
    const text of [
      "01", "+1", ".5", "1.", "1e", "-", "NaN", "Infinity", "'a'", '"a', '"a\nb"', '"\\x"', '"\\u12"', '"\\', "tru", "undefined", "[", "{",
    ]
  ) {
    refuses(text, /not JSON/);
    assert.throws(() => JSON.parse(text), text);
  }
});

test("refuses a name that stands twice, also when it is spelled with escapes", () => {
  refuses('{"a":1,"b":2,"a":3}', /the name "a" stands twice/);
  refuses('{"x":{"a":1,"\\u0061":3}}', /the name "a" stands twice/);
  refuses('{"line\\nend":1,"line\\nend":1}', /the name "line\\u000aend" stands twice/);
  assert.equal(plainJson(parseJson('{"a":{"a":1},"b":{"a":1}}', "header")), { a: { a: 1 }, b: { a: 1 } });
});

test("nesting has a limit, and deep text does not overflow the stack", () => {
  refuses("[".repeat(1_000_000), /nested more than 64 deep/);
  refuses('{"a":'.repeat(1_000_000), /nested more than 64 deep/);
  assert.ok(parseJson("[".repeat(60) + "]".repeat(60), "header"));
});

test("names that mean something to the language mean nothing here", () => {
  const text = '{"__proto__":{"polluted":1},"constructor":2,"toString":3}';
  const map = parseJson(text, "header") as Map<string, unknown>;
  assert.equal([...map.keys()], ["__proto__", "constructor", "toString"]);
  const plain = plainJson(parseJson(text, "header")) as Record<string, unknown>;
  assert.equal(Object.keys(plain), ["__proto__", "constructor", "toString"]);
  assert.is(Object.getPrototypeOf(plain), Object.prototype);
  assert.is((plain as { polluted?: number }).polluted, undefined);
});

test("a large string full of escapes is read in one pass", () => {
  const text = JSON.stringify("\\\n".repeat(500_000));
  assert.ok(parseJson(text, "header") === JSON.parse(text));
});

test("random damage: refused wherever JSON.parse refuses, equal wherever both read", () => {
  const text = '{"a":[1,-2.5e3,"x\\n\\u00e9"],"b":{"c":null,"d":true},"e":[[],{}]}';
  const uniform = mulberry32(5);
  const letters = '{}[]",:\\0123456789.eE+-truefalsn \n';
  let both = 0;
  for (let i = 0; i < 20_000; i++) {
    const characters = [...text];
    const at = Math.floor(uniform() * characters.length);
    const letter = letters[Math.floor(uniform() * letters.length)];
    characters.splice(at, Math.floor(uniform() * 2), ...(uniform() < 0.8 ? [letter] : []));
    const damaged = characters.join("");
    let wanted: unknown;
    let refused = false;
    try {
      wanted = JSON.parse(damaged);
    } catch {
      refused = true;
    }
    try {
      const came = plainJson(parseJson(damaged, "header"));
      if (refused) assert.unreachable(`reads ${damaged}`);
      assert.equal(came, wanted);
      both++;
    } catch (e) {
      if (!(e instanceof FormatError)) throw e;
      if (!refused && !e.message.includes("stands twice")) assert.unreachable(`refuses ${damaged}: ${e.message}`);
    }
  }
  assert.ok(both > 500 && both < 15_000, `${both} read`);
});

test.run();
