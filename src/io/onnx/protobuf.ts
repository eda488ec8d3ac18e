/**
 * Writing of Protocol Buffers (the wire format of https://protobuf.dev/programming-guides/encoding): as much as ONNX wants. A message is
 * a list of byte pieces, so that weights are copied once, at the end.
 */
import { encodeUtf8 } from "../bytes/utf8.ts";

/** A message under construction. Fields go out in the order in which they are added. */
export class Message {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** int32, int64, enum: a whole number, negative ones too. */
  integer(field: number, value: number): this {
    this.#append(varint(field * 8));
    return this.#append(varint(value));
  }

  /** float. */
  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    this.#append(varint(field * 8 + 5));
    return this.#append(bytes);
  }

  text(field: number, value: string): this {
    return this.bytes(field, encodeUtf8(value));
  }

  bytes(field: number, value: Uint8Array): this {
    this.#append(varint(field * 8 + 2));
    this.#append(varint(value.length));
    return this.#append(value);
  }

  message(field: number, value: Message): this {
    this.#append(varint(field * 8 + 2));
    this.#append(varint(value.length));
    for (const piece of value.#pieces) this.#append(piece);
    return this;
  }

  finish(): Uint8Array {
    const bytes = new Uint8Array(this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  }

  #append(piece: Uint8Array): this {
    this.#pieces.push(piece);
    this.#length += piece.length;
    return this;
  }
}

/** Seven bits a byte, least first; negative numbers as 64-bit two's complement. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  // Two halves of 32 bits: a host may lack BigInt.
  let [low, high] = [value >>> 0, Math.floor(value / 4294967296) >>> 0];
  do {
    const seven = low & 127;
    low = ((low >>> 7) | (high << 25)) >>> 0;
    high >>>= 7;
    bytes.push((low | high) === 0 ? seven : seven | 128);
  } while ((low | high) !== 0);
  return Uint8Array.from(bytes);
}
