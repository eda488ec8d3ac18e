/**
 * The table of families with and without SE (bench/families): what it counts, against the published counts, and that no family is left out.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { costs, pairs } from "../../bench/families/rows.ts";
import { modelNames } from "../../models/index.ts";

test("SE adds what the published counts say, and nothing to the convolutions", () => {
  const known: Record<string, [number, number]> = {
    se_mobilenet_v1: [4231976, 4718044], se_shufflenet_v1: [1865728, 2484533], se_densenet121: [7978856, 8284952],
    se_bn_inception: [11285224, 11931622],
  };
  for (const pair of pairs) {
    if (known[pair.withSe] === undefined) continue;
    const [plain, se] = costs(pair);
    assert.equal([plain.parameters, se.parameters], known[pair.withSe], pair.withSe);
    assert.is(se.parameters - se.seParameters, plain.parameters, pair.withSe);
    assert.is(plain.macs, se.macs, pair.withSe);
    assert.equal([plain.seParameters, plain.seMacs, plain.scaleMacs], [0, 0, 0], pair.withSe);
    assert.ok(se.seMacs > 0 && se.scaleMacs > 0, pair.withSe);
  }
});

test("every family that takes SE has a pair", () => {
  const family = (name: string): string => /^[a-z]+/.exec(name.replace(/^(legacy_|tf_)?(se_|se|eca|ese_)?/, ""))![0];
  const shown = new Set(pairs.flatMap(({ without, withSe }) => [family(without), family(withSe)]));
  assert.equal([...new Set(modelNames.map(family))].filter((name) => !shown.has(name)), []);
});

test.run();
