/** Checkpoints of PyTorch: what torch 2.13 wrote, to the bit; what is refused, and why; nothing of a file is executed. */
import { createHash } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { FormatError } from "../../../src/errors.ts";
import { readPyTorch } from "../../../src/io/weights/pytorch/checkpoint.ts";
import { Called } from "../../../src/io/weights/pytorch/pickle.ts";
import { readWeights } from "../../../src/io/weights/read.ts";
import { numbersOf } from "../../../src/io/weights/stored.ts";
import type { StoredTensor } from "../../../src/io/weights/stored.ts";
import { bundle, bundles } from "../../support/bundle.ts";
import { bytesFromBase64 } from "../../support/base64.ts";
import { fileJson } from "../../support/files.ts";
import { fuzz } from "./fuzz.ts";
import { checkpoint, dict, global, item, joined, little, pickle, storage, tensor, zip } from "./pickles.ts";
import type { Part } from "./pickles.ts";

interface Golden {
  readonly path?: readonly (string | number)[];
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly sha: string;
  readonly first: readonly (number | null)[] | null;
}
type Goldens = { readonly files: Readonly<Record<string, { readonly base64: string; readonly tensors?: readonly Golden[] }>> };
const { files } = fileJson<Goldens>("goldens/checkpoints/torch_213.json");

const safetensorsNames: Record<string, string> = {
  float64: "F64", float32: "F32", float16: "F16", bfloat16: "BF16", int64: "I64", int32: "I32", int16: "I16", int8: "I8", uint8: "U8",
  bool: "BOOL",
  uint16: "U16", uint32: "U32", complex64: "C64", float8_e4m3fn: "F8_E4M3", float8_e5m2: "F8_E5M2", float8_e5m2fnuz: "F8_E5M2FNUZ",
  float8_e8m0fnu: "F8_E8M0",
  float4_e2m1fn_x2: "F4",
};

/** To the bit; and to the number where there is one. */
function equals(stored: StoredTensor | undefined, { path, dtype, shape, sha, first }: Golden, file: string): void {
  const what = `${file}: ${path?.join(".")}`;
  assert.ok(stored !== undefined, what);
  assert.is(stored.dtype, safetensorsNames[dtype], what);
  // PyTorch counts pairs of 4-bit numbers.
  assert.equal([...stored.shape], dtype === "float4_e2m1fn_x2" ? shape.map((n) => 2 * n) : shape, what);
  const bytes = stored.bytes();
  assert.is(
    createHash("sha256").update(dtype === "bool" ? bytes.map((byte) => Number(byte !== 0)) : bytes).digest("hex").slice(0, 16), sha, what,
  );
  if (/^(C|F8|F4)/.test(stored.dtype)) {
    assert.throws(() => numbersOf("a", stored), /tensor "a" is stored as (C64|F8_|F4)/);
    return;
  }
  const { data } = numbersOf("a", stored);
  first?.forEach(
    (value, i) => assert.ok(value === null ? !Number.isFinite(data[i]) : data[i] === value, `${what}[${i}]: ${data[i]}, wants ${value}`),
  );
}

/** What is refused, and how it is named. torch itself reads some of these. */
const refused: Record<string, RegExp> = {
  "cut.pth": /it is damaged or cut short/,
  "exported.pt2":
    /a program of torch\.export \(\.pt2\), no state dict: in Python, torch\.save\(torch\.export\.load\(PATH\)\.state_dict, OTHER\)/,
  "flipped-bit.pth": /it is damaged: "tied\/data\/0" in it does not have its checksum/,
  "legacy-module.pth":
    /it is a whole module, "torch\.nn\.modules\.linear\.Linear", no state dict: in Python, torch\.save\(model\.state_dict\(\), PATH\)/,
  "lfs-pointer.pth": /a Git LFS pointer in place of the file, which has 102530333 bytes: git lfs pull/,
  "module.pth":
    /a whole module, "torch\.nn\.modules\.container\.Sequential", no state dict: in Python, torch\.save\(model\.state_dict\(\), PATH\)/,
  "no-folder.pth": /a zip archive without data\.pkl in a folder/,
  "page.pth": /a web page: the download failed/,
  "quantized.pth": /"q" is a tensor of "torch\._utils\._rebuild_qtensor", no state dict/,
  "script.pt": /a TorchScript program, no state dict: in Python, torch\.save\(torch\.jit\.load\(PATH\)\.state_dict\(\), OTHER\)/,
  "sparse.pth": /"s" is a tensor of "torch\._utils\._rebuild_sparse_tensor"/,
};

test("every file of torch 2.13 and safetensors 0.8 is read to the bit, or refused by its name", () => {
  assert.is(Object.keys(files).length, 67);
  for (const [name, { base64, tensors: golden = [] }] of Object.entries(files)) {
    const bytes = bytesFromBase64(base64);
    const wanted = refused[name] ?? (name.startsWith("bad-") ? /^safetensors/ : undefined);
    if (wanted !== undefined) {
      // A damaged storage shows when it is read.
      const read = (): void => readWeights(bytes).tensors.forEach((stored) => stored.bytes());
      assert.throws(read, (e: unknown) => e instanceof FormatError && wanted.test(e.message), `${name}: ${wanted}`);
      continue;
    }
    const { tensors } = readWeights(bytes);
    // torch writes uint16 in the old form, but does not read it.
    if (name !== "legacy-u16.pth") assert.is(tensors.size, golden.length, name);
    for (const each of golden) equals(tensors.get(each.path!.join(".")), each, name);
  }
  assert.equal([...numbersOf("u16", readWeights(bytesFromBase64(files["legacy-u16.pth"].base64)).tensors.get("u16")!).data], [0, 1, 2, 3]);
});

test("files of torch 1.13 in both forms, protocols 2 and 4", () => {
  const { files: old } = fileJson<Goldens>("goldens/checkpoints/torch_113.json");
  assert.is(Object.keys(old).length, 15);
  for (const [name, { base64, tensors: golden = [] }] of Object.entries(old)) {
    const { tensors } = readWeights(bytesFromBase64(base64));
    assert.is(tensors.size, golden.length, name);
    for (const each of golden) equals(tensors.get(each.path!.join(".")), each, name);
  }
});

const zeros = new Uint8Array(64);
const readsFrom = (data: Uint8Array, options = {}): ReturnType<typeof readPyTorch> => readPyTorch(checkpoint(data, { 0: zeros }), options);
const refuses = (act: () => unknown, pattern: RegExp): void =>
  assert.throws(act, (e: unknown) => e instanceof FormatError && pattern.test(e.message) && e.message.length < 400, String(pattern));
const one = tensor(storage("FloatStorage", "0", 16), 0, [2, 2], [2, 1]);

test("the dictionary is found, whatever it lies in; what else lies there stays inert", () => {
  const { tensors, value } = readsFrom(pickle(dict([
    ["a", one],
    ["args", joined(global("os", "system"), item(["rm -rf /"]), "R")],
    ["kind", joined(global("builtins", "eval"), item(["1"]), 0x81, item("state"), "b")],
    ["deep", dict([["b", joined(global("my.own", "Dict"), ")R", "(", item("c"), item(one), "u")]])],
    ["list", joined("]", item(one), "a")],
  ])));
  assert.equal([...tensors.keys()], ["a", "deep.b.c", "list.0"]);
  const call = (value as Map<string, unknown>).get("args");
  assert.ok(call instanceof Called);
  assert.equal([call.name, call.args], ["os.system", ["rm -rf /"]]);
  assert.is(((value as Map<string, unknown>).get("kind") as Called).state, "state");
});

/** Every opcode of Python's pickletools.opcodes (3.11), after two values on the stack; what it needs, and whether it is read. */
const opcodes: readonly (readonly [code: number, name: string, before: Part, after: Part, read: boolean])[] = [
  [0x49, "INT", "", "1\n", false], [0x4a, "BININT", "", little(1, 4), true], [0x4b, "BININT1", "", 1, true],
  [0x4d, "BININT2", "", little(1, 2), true],
  [0x4c, "LONG", "", "1L\n", false], [0x8a, "LONG1", "", [2, little(300, 2)], true],
  [0x8b, "LONG4", "", [little(2, 4), little(300, 2)], true],
  [0x53, "STRING", "", "'a'\n", false], [0x54, "BINSTRING", "", [little(1, 4), "a"], true], [0x55, "SHORT_BINSTRING", "", [1, "a"], true],
  [0x42, "BINBYTES", "", [little(1, 4), "a"], true], [0x43, "SHORT_BINBYTES", "", [1, "a"], true],
  [0x8e, "BINBYTES8", "", [little(1, 8), "a"], true],
  [0x96, "BYTEARRAY8", "", [little(1, 8), "a"], true], [0x97, "NEXT_BUFFER", "", "", false], [0x98, "READONLY_BUFFER", "", "", false],
  [0x4e, "NONE", "", "", true], [0x88, "NEWTRUE", "", "", true], [0x89, "NEWFALSE", "", "", true], [0x56, "UNICODE", "", "a\n", false],
  [0x8c, "SHORT_BINUNICODE", "", [1, "a"], true], [0x58, "BINUNICODE", "", [little(1, 4), "a"], true],
  [0x8d, "BINUNICODE8", "", [little(1, 8), "a"], true],
  [0x46, "FLOAT", "", "1\n", false], [0x47, "BINFLOAT", "", [0x3f, 0xf0, little(0, 6)], true], [0x5d, "EMPTY_LIST", "", "", true],
  [0x61, "APPEND", ["]", "N"], "", true], [0x65, "APPENDS", ["](", "N"], "", true], [0x6c, "LIST", "(N", "", true],
  [0x29, "EMPTY_TUPLE", "", "", true],
  [0x74, "TUPLE", "(N", "", true], [0x85, "TUPLE1", "N", "", true], [0x86, "TUPLE2", "NN", "", true], [0x87, "TUPLE3", "NNN", "", true],
  [0x7d, "EMPTY_DICT", "", "", true], [0x64, "DICT", "(NN", "", true], [0x73, "SETITEM", "}NN", "", true],
  [0x75, "SETITEMS", "}(NN", "", true],
  [0x8f, "EMPTY_SET", "", "", true], [0x90, "ADDITEMS", [0x8f, "(N"], "", true], [0x91, "FROZENSET", "(N", "", true],
  [0x30, "POP", "NN", "", true],
  [0x32, "DUP", "N", "", true], [0x28, "MARK", "", "l", true], [0x31, "POP_MARK", "N(N", "", true], [0x67, "GET", "", "0\n", false],
  [0x68, "BINGET", ["N", "q", 7], 7, true], [0x6a, "LONG_BINGET", ["N", "q", 7], little(7, 4), true], [0x70, "PUT", "N", "0\n", false],
  [0x71, "BINPUT", "N", 3, true], [0x72, "LONG_BINPUT", "N", little(3, 4), true], [0x94, "MEMOIZE", "N", "", true],
  [0x82, "EXT1", "", 1, false], [0x83, "EXT2", "", little(1, 2), false], [0x84, "EXT4", "", little(1, 4), false],
  [0x63, "GLOBAL", "", "os\nsystem\n", true], [0x93, "STACK_GLOBAL", [item("os"), item("system")], "", true],
  [0x52, "REDUCE", [global("os", "system"), item(["true"])], "", true],
  [0x62, "BUILD", ["}", global("os", "system"), item(["x"]), "R"], "", true],
  [0x69, "INST", "(", "os\nsystem\n", false], [0x6f, "OBJ", ["(", global("os", "system")], "", false],
  [0x81, "NEWOBJ", [global("os", "system"), item(["true"])], "", true],
  [0x92, "NEWOBJ_EX", [global("os", "system"), item(["true"]), "}"], "", true],
  [0x80, "PROTO", "N", 5, true], [0x2e, "STOP", "N", "", true], [0x95, "FRAME", "N", little(4, 8), true],
  [0x50, "PERSID", "", "x\n", false],
  [0x51, "BINPERSID", item(["storage", global("torch", "FloatStorage"), "0", "cpu", 16]), "", true],
];

test("every opcode is read without any effect, or refused by its number; others are none", () => {
  assert.is(new Set(opcodes.map(([code]) => code)).size, 68);
  const before = Object.getOwnPropertyNames(globalThis).length;
  for (const [code, name, ahead, behind, read] of opcodes) {
    // The value of the opcode stands in a list beside a tensor, so that the file is read to its end.
    const data = pickle("(", item(one), ahead, code, behind, "l");
    if (read) {
      const { tensors } = code === 0x2e ? readsFrom(pickle(item(one))) : readsFrom(data);
      assert.is(tensors.size, 1, name);
    } else refuses(() => readsFrom(data), new RegExp(`opcode 0x${code.toString(16)} of its pickle is in no state dict`));
  }
  for (let code = 0; code < 256; code++) {
    if (!opcodes.some(([known]) => known === code)) {
      refuses(() => readsFrom(pickle("(", item(one), code, "l")), /opcode 0x[0-9a-f]+ of its pickle is in no state dict/);
    }
  }
  assert.is(Object.getOwnPropertyNames(globalThis).length, before);
});

test("names of the language and its classes are names like any other", () => {
  for (
    const [module, name] of [
      ["__proto__", "constructor"], ["constructor", "prototype"], ["Function", "call"], ["torch._utils", "__proto__"],
      ["torch", "constructor"],
    ]
  ) {
    const { value, tensors } = readsFrom(
      pickle(dict([["__proto__", one], ["toString", joined(global(module, name), item(["return 1"]), "R")]])),
    );
    assert.is(((value as Map<string, unknown>).get("toString") as Called).name, `${module}.${name}`);
    assert.equal([...tensors.keys()], ["__proto__"]);
    refuses(
      () => readsFrom(pickle(dict([["a", tensor(joined(item(["storage", global(module, name), "0", "cpu", 16]), "Q"), 0, [1], [1])]]))),
      /number format .* is not read/,
    );
  }
});

test("tensors that do not lie in their storage are refused", () => {
  const of = storage("FloatStorage", "0", 16);
  for (const [offset, shape, strides] of [
    [0, [17], [1]], [16, [1], [1]], [0, [4, 4], [5, 1]], [0, [2 ** 40], [1]], [1e15, [1], [1]], [0, [2, 2], [2 ** 50, 2 ** 50]],
  ] as const) refuses(() => readsFrom(pickle(item(tensor(of, offset, shape, strides)))), /ends at byte .* of 64/);
  for (
    const wrong of [
      item([null, 0, [1], [1]]), item([of, -1, [1], [1]]), item([of, 0, [-1], [1]]), item([of, 0, [1], []]), item([of, 0, "x", [1]]),
      item([]),
    ]
  ) {
    refuses(() => readsFrom(pickle(global("torch._utils", "_rebuild_tensor_v2"), wrong, "R")), /damaged or cut short/);
  }
  const strange = joined(global("torch._utils", "_rebuild_tensor_v2"), item([of, 0, [1], [1], false, null, dict([["odd", true]])]), "R");
  refuses(() => readsFrom(pickle(item(strange))), /damaged or cut short/);
  assert.is(readsFrom(pickle(item(tensor(of, 99, [0, 3], [3, 1])))).tensors.get("")?.bytes().length, 0);
  refuses(() => readPyTorch(checkpoint(pickle(item(one)))).tensors.get("")?.bytes(), /damaged or cut short/);
  refuses(() => readPyTorch(checkpoint(pickle(item(one)), { 0: new Uint8Array(63) })).tensors.get("")?.bytes(), /damaged or cut short/);
});

test("the memory that a file may take has a limit, which the caller sets", () => {
  const wide = (n: number): Uint8Array => pickle(item(tensor(storage("FloatStorage", "0", 16), 0, [n], [0])));
  assert.is(readsFrom(wide(1000)).tensors.get("")?.bytes().length, 4000);
  refuses(() => readsFrom(wide(1e9)), /takes more than 6\d{7} bytes of memory, which \{ memory \} allows/);
  refuses(() => readsFrom(wide(1000), { memory: 3000 }), /more than 3000 bytes/);
  assert.is(readsFrom(wide(1e6), { memory: 5e6 }).tensors.get("")?.bytes().length, 4e6);
  const lists = pickle("]".repeat(100_000), "l".repeat(0), item(one));
  refuses(() => readsFrom(lists, { memory: 1e6 }), /more than 1000000 bytes/);
  // One name of 100 kB in a thousand dictionaries.
  const name = joined(item("x".repeat(100_000)), "q", 1);
  const many = pickle("(", name, Array.from({ length: 1000 }, () => ["}", "h", 1, item(one), "s"]), "l");
  refuses(() => readsFrom(many, { memory: 1e7 }), /more than 10000000 bytes/);
});

test("dictionaries that hold themselves, or nest without end, end", () => {
  assert.equal([...readsFrom(pickle("}", "q", 0, item("self"), "h", 0, "s", item("a"), item(one), "s")).tensors.keys()], ["a"]);
  refuses(() => readsFrom(pickle("]".repeat(50_000), item(one), "a".repeat(50_000))), /it holds no tensor/);
  // Two references to the same list, thirty times: 2^30 ways to the tensor.
  const doubled = Array.from({ length: 30 }, (_, i) => ["q", i, "0", "]", "h", i, "a", "h", i, "a"]);
  assert.is(readsFrom(pickle("]", item(one), "a", doubled)).tensors.size, 1);
});

test("archives: entries that overlap, two of one name, encrypted ones, a wrong checksum, other zip files", () => {
  const whole = checkpoint(pickle(item(one)), { 0: zeros });
  assert.is(readPyTorch(whole).tensors.get("")?.bytes().length, 16);
  assert.is(readPyTorch(joined(whole, "more behind")).tensors.size, 1);
  for (let cut = 0; cut < whole.length; cut++) {
    assert.throws(() => readPyTorch(whole.subarray(0, cut)), (e: unknown) => e instanceof FormatError, `cut at ${cut}`);
  }
  refuses(() => readPyTorch(zip([{ name: "a/data.pkl", bytes: zeros }, { name: "a/data.pkl", bytes: zeros }])), /damaged or cut short/);
  refuses(() => readPyTorch(zip([{ name: "photo.png", bytes: zeros }])), /a zip archive without data\.pkl/);
  refuses(() => readWeights(zip([{ name: "photo.png", bytes: zeros }])), /a zip archive, but none of torch\.save: unpack it first/);
  refuses(() => readPyTorch(zip([{ name: "a/data.pkl", bytes: pickle(item(one)), crc: 1 }])), /does not have its checksum/);
  refuses(() => readPyTorch(zip([{ name: "a/data.pkl", bytes: zeros, method: 12 }])), /compressed by method 12/);
});

test("no checkpoint: optimisers alone, modules, texts, plain pickles", () => {
  const state = dict([["state", dict([[0, dict([["exp_avg", one]])]])], ["param_groups", joined("]")]]);
  refuses(() => readsFrom(pickle(item(state))), /state of an optimiser, no weights/);
  refuses(() => readsFrom(pickle(dict([["optimizer", state], ["epoch", 3]]))), /state of an optimiser, no weights/);
  assert.is(readsFrom(pickle(dict([["optimizer", state], ["model", dict([["w", one]])]]))).tensors.size, 2);
  const module = joined(global("models.common", "Net"), ")", 0x81, dict([["_parameters", dict([["w", one]])]]), "b");
  refuses(() => readsFrom(pickle(dict([["model", module], ["optimizer", state]]))), /"model" is a whole module, "models\.common\.Net"/);
  assert.equal(
    [...readsFrom(pickle(dict([["model", module], ["w", one]]))).unreadable], [["model", 'a whole module, "models.common.Net"']],
  );
  refuses(() => readsFrom(pickle(item("text"))), /it holds no tensor/);
  refuses(() => readsFrom(pickle(global("builtins", "object"), ")R")), /it holds a "builtins\.object", no state dict/);
  refuses(() => readWeights(pickle(item("text"))), /a pickle, but not of torch\.save/);
});

test("damaged and hostile files: read, or refused by our own error", () => {
  const { read, refused: no } = fuzz(3000, 7);
  assert.ok(read > 100 && no > 1000, `${read} read, ${no} refused`);
});

if (bundles) {
  test("a program that reads weights grows by at most 4 KB with it", async () => {
    // Beside inflate, which PNG has too.
    const loads = `export { loadWeights } from "./src/weights/weights.ts"; export { inflateRaw } from "./src/io/bytes/inflate-raw.ts";`;
    const [without, all] = await Promise.all(
      [loads, `${loads} export { readPyTorch } from "./src/io/weights/pytorch/checkpoint.ts";`].map(bundle),
    );
    assert.not(without.text.includes("_rebuild_tensor"));
    assert.ok(all.bytes - without.bytes <= 4096, `${all.bytes - without.bytes} bytes`);
  });
}

test.run();
