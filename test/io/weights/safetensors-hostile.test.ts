/** Files that lie: each ends in one FormatError of one line that says what is wrong, before anything large is allocated. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { FormatError } from "../../../src/errors.ts";
import { parseSafetensors, writeSafetensors } from "../../../src/io/weights/safetensors.ts";
import { Tensor } from "../../../src/tensor.ts";
import { encodeUtf8 } from "../../../src/io/bytes/utf8.ts";
import { mulberry32 } from "../../fixtures/recipe.ts";
import { fileBytes } from "../../support/files.ts";

/** A file of this header and so many zero bytes of data. */
function file(header: string | Uint8Array, dataLength: number = 0, claimed?: number): Uint8Array {
  const text = typeof header === "string" ? encodeUtf8(header) : header;
  const bytes = new Uint8Array(8 + text.length + dataLength);
  const length = claimed ?? text.length;
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length % 2 ** 32, true);
  view.setUint32(4, Math.floor(length / 2 ** 32), true);
  bytes.set(text, 8);
  return bytes;
}

const tensor = (name: string, begin: number, end: number, shape: string = `[${(end - begin) / 4}]`, dtype: string = "F32"): string =>
  `"${name}":{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;

function refuses(bytes: Uint8Array, pattern: RegExp): void {
  assert.throws(() => parseSafetensors(bytes), (e: unknown) => {
    if (!(e instanceof FormatError)) return false;
    assert.match(e.message, pattern);
    return !/[\n\r\u0080-\u009f\u001b]/.test(e.message) && e.message.length < 300;
  }, String(pattern));
}

test("the helper makes files that read, so that each case below fails for its own reason", () => {
  const { tensors } = parseSafetensors(file(`{${tensor("a", 0, 8)},${tensor("b", 8, 12)}}`, 12));
  assert.equal([...tensors.keys()], ["a", "b"]);
  assert.equal(parseSafetensors(file(`{${tensor("a", 0, 0, "[0,7]")},"__metadata__":{"x":"y"}}  \n`)).metadata, { x: "y" });
  assert.is(parseSafetensors(file(`{${tensor("a", 4, 8)},${tensor("b", 0, 4)}}`, 8)).tensors.size, 2);
  assert.is(parseSafetensors(file(`{"a":{"extra":[1],"shape":[1],"dtype":"F32","data_offsets":[0,4]}}`, 4)).tensors.size, 1);
});

test("lengths", () => {
  refuses(new Uint8Array(), /at least 8 bytes, this one has 0/);
  refuses(new Uint8Array(7), /at least 8 bytes, this one has 7/);
  refuses(new Uint8Array(8), /begins with "\{", this one with ""/);
  refuses(file("{}", 0, 3), /header has 3 bytes, only 2 follow: the file is cut short/);
  refuses(file("{}", 0, 99_999_999), /header has 99999999 bytes, only 2 follow/);
  refuses(file("{}", 0, 100_000_001), /header wants at most 100000000 bytes, the file says 100000001/);
  refuses(file("{}", 0, 2 ** 53), /wants at most/);
  refuses(new Uint8Array(64).fill(255), /wants at most/);
  const whole = writeSafetensors([["a", Tensor.zeros([2, 2])], ["b", Tensor.zeros([3])]]);
  for (let cut = 0; cut < whole.length; cut++) refuses(whole.subarray(0, cut), /^safetensors/);
  refuses(Uint8Array.from([...whole, 0]), /the last 1 bytes of the data belong to no tensor/);
});

test("headers that are not JSON objects of tensors", () => {
  refuses(file("[]"), /begins with "\{", this one with "\[\]"/);
  refuses(file(" {}"), /begins with/);
  refuses(file("\x89PNG\r\n\x1a\n"), /begins with "\{", this one with "\\u0089PNG\\u000d\\u000a\\u001a\\u000a"/);
  refuses(file("{"), /not JSON/);
  refuses(file("{} {}"), /not JSON: wants nothing more/);
  refuses(file("{}\0\0"), /not JSON: wants nothing more/);
  refuses(file(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)), /UTF-8/);
  refuses(file(`{"a":${"[".repeat(100_000)}`), /nested more than/);
  for (const value of ["1", "null", "[]", '"x"', "true"]) refuses(file(`{"a":${value}}`), /tensor "a" wants an object/);
});

test("names", () => {
  refuses(file(`{${tensor("a", 0, 4)},${tensor("a", 4, 8)}}`, 8), /the name "a" stands twice/);
  refuses(file(`{${tensor("a", 0, 4)},${tensor("\\u0061", 4, 8)}}`, 8), /the name "a" stands twice/);
  refuses(file(`{"a":{"dtype":"F32","dtype":"F64","shape":[],"data_offsets":[0,4]}}`, 4), /the name "dtype" stands twice/);
  refuses(file(`{"__metadata__":{},"__metadata__":{}}`), /the name "__metadata__" stands twice/);
  refuses(file(`{"\\u001b[2J\\n${"x".repeat(5000)}":1}`), /tensor "\\u001b\[2J\\u000axxx+\.\.\." wants an object/);
  const odd = parseSafetensors(
    file(`{${tensor("__proto__", 0, 4)},${tensor("constructor", 4, 8)},${tensor("", 8, 12)},"__metadata__":{"__proto__":"x"}}`, 12),
  );
  assert.equal([...odd.tensors.keys()], ["__proto__", "constructor", ""]);
  assert.equal(Object.keys(odd.metadata), ["__proto__"]);
  assert.is(Object.getPrototypeOf(odd.metadata), Object.prototype);
  refuses(file(`{"a":{"__proto__":{"dtype":"F32"},"shape":[],"data_offsets":[0,4]}}`, 4), /unknown dtype/);
});

test("metadata", () => {
  for (const value of ["1", "null", "[]", '"x"']) refuses(file(`{"__metadata__":${value}}`), /__metadata__ wants an object of texts/);
  for (const value of ["1", "null", "{}", "[]"]) {
    refuses(file(`{"__metadata__":{"ok":"x","bad":${value}}}`), /__metadata__ wants texts only, "bad" is none/);
  }
});

test("types", () => {
  refuses(file(`{${tensor("a", 0, 4, "[1]", "F31")}}`, 4), /tensor "a" has an unknown dtype "F31"/);
  refuses(file(`{${tensor("a", 0, 4, "[1]", "toString")}}`, 4), /unknown dtype "toString"/);
  refuses(file(`{"a":{"dtype":32,"shape":[1],"data_offsets":[0,4]}}`, 4), /unknown dtype \(no text\)/);
  refuses(file(`{"a":{"shape":[1],"data_offsets":[0,4]}}`, 4), /unknown dtype/);
  refuses(
    file(`{${tensor("ids", 0, 8, "[1]", "I64")}}`, 8), /tensor "ids" has dtype I64, which is not read; readable are F32, F16, BF16, F64/,
  );
  refuses(file(`{${tensor("mask", 0, 4, "[4]", "BOOL")}}`, 4), /tensor "mask" has dtype BOOL/);
  refuses(file(`{${tensor("x.num_batches_tracked", 0, 4, "[4]", "BOOL")}}`, 4), /has dtype BOOL/);
  refuses(file(`{${tensor("xnum_batches_tracked", 0, 8, "[]", "I64")}}`, 8), /has dtype I64/);
});

test("shapes", () => {
  for (
    const shape of [
      "[-1]", "[1.5]", '["1"]', "[null]", "[[1]]", "1", "{}", "null", "[1e300]", "[9007199254740992]", `[${"1,".repeat(32)}1]`,
    ]
  ) {
    refuses(file(`{${tensor("a", 0, 4, shape)}}`, 4), /tensor "a" wants a shape of at most 32 whole numbers/);
  }
  refuses(file(`{"a":{"dtype":"F32","data_offsets":[0,4]}}`, 4), /wants a shape/);
  refuses(file(`{${tensor("a", 0, 4, "[2]")}}`, 4), /tensor "a" of F32 \[2\] wants 8 bytes, its data_offsets span 4/);
  refuses(file(`{${tensor("a", 0, 4, "[0]")}}`, 4), /wants 0 bytes, its data_offsets span 4/);
  refuses(file(`{${tensor("a", 0, 4, "[1]", "F16")}}`, 4), /of F16 \[1\] wants 2 bytes/);
  refuses(file(`{${tensor("a", 0, 4, "[1000000000]")}}`, 4), /wants 4000000000 bytes/);
  refuses(file(`{${tensor("a", 0, 4, "[4294967296,4294967296]")}}`, 4), /too large for any file/);
  refuses(
    file(`{${tensor("a", 0, 4, "[4503599627370497,4503599627370496,4503599627370496,4503599627370496]")}}`, 4), /too large for any file/,
  );
  refuses(file(`{${tensor("a", 0, 0, "[9007199254740991,0,9007199254740991]")}}`, 0), /too large for any file/);
});

test("offsets", () => {
  for (const offsets of ["[0]", "[0,4,8]", "[-4,0]", "[0,4.5]", '["0","4"]', "null", "{}", "[0,1e20]"]) {
    refuses(file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":${offsets}}}`, 4), /tensor "a" wants data_offsets of two whole numbers/);
  }
  refuses(file(`{${tensor("a", 4, 0, "[1]")}}`, 4), /begins at byte 4 of the data and ends before that, at 0/);
  refuses(
    file(`{${tensor("a", 0, 8)}}`, 4), /tensor "a" ends at byte 8 of the data, which has 4: the file is cut short or its header wrong/,
  );
  refuses(file(`{${tensor("a", 0, 4000000000)}}`, 4), /ends at byte 4000000000/);
  refuses(
    file(`{${tensor("a", 0, 8)},${tensor("b", 4, 12)}}`, 12),
    /tensor "b" begins at byte 4 of the data, inside the tensor before it, which ends at 8/,
  );
  refuses(file(`{${tensor("a", 0, 8)},${tensor("b", 0, 8)}}`, 8), /tensor "b" begins at byte 0 of the data, inside/);
  refuses(file(`{${tensor("a", 0, 4)},${tensor("b", 8, 12)}}`, 12), /bytes 4 to 8 of the data, before tensor "b", belong to no tensor/);
  refuses(file(`{${tensor("a", 4, 8)}}`, 8), /bytes 0 to 4 of the data/);
  refuses(file(`{${tensor("a", 0, 4)}}`, 8), /the last 4 bytes of the data belong to no tensor/);
  refuses(file("{}", 8), /the last 8 bytes of the data/);
});

test("many tensors on the same bytes cost no more than their header", () => {
  const names = Array.from({ length: 2000 }, (_, i) => tensor(`t${i}`, 0, 1_000_000));
  refuses(file(`{${names.join(",")}}`, 1_000_000), /inside the tensor before it/);
});

test("random damage: reads or refuses with a FormatError, never anything else", () => {
  const small = writeSafetensors(
    [["conv1.weight", Tensor.zeros([2, 2])], ["bn1.running_mean", Tensor.of([1], [1])], ["half", new Tensor(Float64Array.of(1), [1])]],
    { metadata: { model: "x" }, batchesTracked: 3 },
  );
  const uniform = mulberry32(17);
  const below = (n: number): number => Math.floor(uniform() * n);
  const likely = encodeUtf8('{}[]",:0123456789-.eEF\\ ');
  let read = 0;
  let refused = 0;
  for (const original of [small, fileBytes("goldens/files/safetensors.safetensors")]) {
    const header = 8 + new DataView(original.buffer).getUint32(0, true);
    for (let round = 0; round < 15_000; round++) {
      let bytes = original.slice();
      for (let k = 1 + below(3); k > 0; k--) {
        const at = below(uniform() < 0.9 ? header : bytes.length);
        bytes[at] = uniform() < 0.5 ? likely[below(likely.length)] : below(256);
      }
      if (uniform() < 0.05) bytes = bytes.slice(0, below(bytes.length));
      try {
        let size = 0;
        for (const { data } of parseSafetensors(bytes).tensors.values()) size += data.byteLength;
        assert.ok(size <= 2 * bytes.length);
        read++;
      } catch (e) {
        if (!(e instanceof FormatError)) throw e;
        assert.not.match(e.message, /[\n\r\u001b]/);
        refused++;
      }
    }
  }
  assert.ok(read > 1000 && refused > 10_000, `${read} read, ${refused} refused`);
});

test.run();
