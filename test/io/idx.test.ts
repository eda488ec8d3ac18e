/** IDX arrays, plain and gzipped; files that are cut short, corrupt or lie. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../kernels/random.ts";
import { FormatError } from "../../src/errors.ts";
import { parseIdx, readIdx } from "../../src/io/idx.ts";
import { deflate, join } from "../../src/io/bytes/inflate.ts";
import { fakeStream, onHost } from "../support/streams.ts";
import { failure, fromBase64 } from "./images/image-files.ts";

/** A header of these sizes and `count` bytes 0, 3, 6, ... */
function idx(shape: readonly number[], count: number, type: number = 8): Uint8Array {
  const header = new Uint8Array(4 + 4 * shape.length);
  header.set([0, 0, type, shape.length]);
  const view = new DataView(header.buffer);
  shape.forEach((size, i) => view.setUint32(4 + 4 * i, size));
  return join([header, Uint8Array.from({ length: count }, (_, i) => 3 * i)]);
}

const gzip = (bytes: Uint8Array): Promise<Uint8Array> => deflate(bytes, "gzip", "test");

async function refuses(bytes: Uint8Array, pattern: RegExp): Promise<void> {
  const error = await failure(() => readIdx(bytes));
  assert.instance(error, FormatError, `${pattern}: ${error.message}`);
  assert.match(error.message, pattern);
  assert.match(error.message, /IDX[^\n]{10,150}$/);
}

/** Of gzip itself, with its name inside. */
const named = "H4sICASeBGsCA3gAY2DgYGJgYABh5sSk5JTUNACD2kYvEgAAAA==";

test("images and labels, plain and gzipped", async () => {
  for (const shape of [[7], [2, 3], [2, 3, 4], [1, 1, 1, 1, 5]]) {
    const size = shape.reduce((a, b) => a * b);
    const file = idx(shape, size);
    for (const array of [parseIdx(file), await readIdx(file), await readIdx(await gzip(file))]) {
      assert.equal(array.shape, shape);
      assert.equal(Array.from(array.data), Array.from({ length: size }, (_, i) => (3 * i) & 255));
    }
  }
});

test("large enough to come in pieces", async () => {
  const file = idx([300, 28, 28], 300 * 784);
  const array = await readIdx(await gzip(file));
  assert.equal(array.shape, [300, 28, 28]);
  assert.equal(array.data, file.subarray(16));
});

test("a file that gzip itself has packed, with its name inside", async () => {
  // printf '\0\0\10\2\0\0\0\2\0\0\0\3abcdef' > x && gzip -9 x
  const array = await readIdx(fromBase64(named));
  assert.equal(array.shape, [2, 3]);
  assert.equal(String.fromCharCode(...array.data), "abcdef");
});

test("plain data is a view, not a copy", () => {
  const file = idx([3], 3);
  file[8] = 77;
  assert.is(parseIdx(file).data[0], 77);
  assert.is(parseIdx(file).data.buffer, file.buffer);
});

test("cut short at every byte, plain and gzipped", async () => {
  const plain = idx([2, 3, 4], 24);
  for (const file of [plain, await gzip(plain)]) {
    for (let length = 0; length < file.length; length++) await refuses(file.subarray(0, length), /./);
  }
});

test("headers that lie", async () => {
  for (const pack of [async (bytes: Uint8Array) => bytes, gzip]) {
    await refuses(await pack(idx([3], 4)), /\[3\] wants 11 bytes with its header, got 12|goes on after the 11 bytes of an array of \[3\]/);
    await refuses(await pack(idx([3], 2)), /\[3\] wants 11 bytes with its header, got 10/);
    await refuses(
      await pack(idx([60000, 28, 28], 9)), /\[60000,28,28\] (wants 47040016 bytes with its header, got 25|cannot be in 4\d gzipped bytes)/,
    );
    await refuses(await pack(idx([4294967295, 4294967295, 4294967295], 9)), /too large/);
    await refuses(await pack(idx(Array.from({ length: 255 }, () => 4294967295), 9)), /too large/);
    await refuses(await pack(idx([5, 0], 0)), /\[5,0\] is empty/);
    await refuses(await pack(idx([], 1)), /no dimensions/);
    await refuses(await pack(idx([4], 4, 13)), /unsigned bytes \(type 8\) are wanted, the file has 32-bit floats \(type 13\)/);
    await refuses(await pack(idx([4], 4, 7)), /an unknown type \(type 7\)/);
    await refuses(await pack(Uint8Array.of(1, 0, 8, 1, 0, 0, 0, 0)), /two zero bytes/);
    await refuses(await pack(idx([3, 3], 0).subarray(0, 11)), /header is cut short at 11 bytes/);
  }
  await refuses(new Uint8Array(0), /header is cut short at 0 bytes/);
  // Before memory is taken for what a gzip file claims.
  await refuses(await gzip(idx([60000, 28, 28], 9)), /cannot be in 4\d gzipped bytes/);
});

test("gzip streams that are corrupt, doubled, followed by other bytes, or bombs", async () => {
  const random = new Random(1);
  const good = await gzip(idx([2, 3, 4], 24));
  // Bytes 4 to 9 of gzip's header (time, flags of the packer, system) mean nothing here.
  for (let at = 10; at < good.length; at++) {
    const broken = good.slice();
    broken[at] ^= 1 + random.below(255);
    await refuses(broken, /./);
  }
  await refuses(join([good, good]), /goes on|corrupt|after its end/);
  await refuses(join([good, Uint8Array.of(1, 2, 3, 4, 5)]), /corrupt|after its end/);
  await refuses(join([good, new Uint8Array(8)]), /corrupt|after its end/);
  await refuses(await gzip(join([idx([2], 2), new Uint8Array(20000000)])), /goes on after the 10 bytes/);
});

test("a stream without end is left as soon as it gives too much", async () => {
  const log: string[] = [];
  const file = await gzip(idx([2], 2));
  const pieces = [idx([2], 2)];
  const stream = fakeStream(() => pieces.shift() ?? new Uint8Array(4), log);
  await onHost({ DecompressionStream: stream }, () => refuses(file, /goes on after the 10 bytes/));
  assert.equal(log, ["read", "read", "cancel", "abort"]);
});

test("what a host may let pass is noticed here: a stream without its size, and bytes after it", async () => {
  const file = await gzip(idx([2], 2));
  const more = (...bytes: number[]): Uint8Array => Uint8Array.from([...file, ...bytes]);
  for (const spoilt of [file.subarray(0, file.length - 1), file.subarray(0, file.length - 4), more(0), more(1, 2, 3, 4)]) {
    const pieces = [idx([2], 2)];
    await onHost({ DecompressionStream: fakeStream(() => pieces.shift(), []) }, () => refuses(spoilt, /bytes after its end/));
  }
});

test("a host without streams reads gzip all the same", async () => {
  const { data } = await readIdx(fromBase64(named));
  const file = await gzip(idx([2, 3, 4], 24));
  const extra = Uint8Array.from([...file.subarray(0, 3), 4 + 2, ...file.subarray(4, 10), 3, 0, 9, 9, 9, 8, 8, ...file.subarray(10)]);
  await onHost({ DecompressionStream: undefined }, async () => {
    assert.equal(Array.from((await readIdx(fromBase64(named))).data), Array.from(data));
    for (const good of [file, extra]) assert.equal((await readIdx(good)).shape, [2, 3, 4]);
    for (let length = 2; length < file.length; length++) await refuses(file.subarray(0, length), /corrupt|cut short/);
    for (let at = 10; at < file.length; at++) {
      const broken = file.slice();
      broken[at] ^= 255;
      await refuses(broken, /./);
    }
    await refuses(join([file, Uint8Array.of(1, 2, 3, 4, 5)]), /corrupt/);
  });
});

test("arguments of the wrong kind", async () => {
  assert.throws(() => parseIdx([0, 0, 8, 1] as unknown as Uint8Array), /^parseIdx: bytes wants a Uint8Array, got \[0,0,8,1\]/);
  assert.instance(await failure(() => readIdx("x" as unknown as Uint8Array)), TypeError);
});

test.run();
