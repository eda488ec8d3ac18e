/** A module of kernels with one export, and without names: what a file of one network needs of it. */
import { Bytes } from "../../../kernels/wasm/assembler/encode.ts";

const CUSTOM = 0;
const EXPORT = 7;
const FUNCTION = 0;
const HEADER = 8;

/** What the function is called. */
export const RUN = "run";

/** @param name of the exported function that stays @param bytes of a sound module */
export function stripped(bytes: Uint8Array, name: string): Uint8Array {
  let at = HEADER;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 127) * (1 << shift);
      if (byte < 128) return value;
    }
  };
  const out = new Bytes(bytes.length);
  out.append(bytes.subarray(0, HEADER));
  while (at < bytes.length) {
    const kind = bytes[at++];
    const size = number();
    const end = at + size;
    if (kind === EXPORT) {
      const section = new Bytes(16);
      for (let count = number(); count > 0; count--) {
        const length = number();
        const found = String.fromCharCode(...bytes.subarray(at, at + length));
        at += length + 1;
        const index = number();
        if (found !== name) continue;
        section.u32(1);
        section.name(RUN);
        section.byte(FUNCTION);
        section.u32(index);
      }
      out.section(EXPORT, section);
    } else if (kind !== CUSTOM) {
      const section = new Bytes(size);
      section.append(bytes.subarray(at, end));
      out.section(kind, section);
    }
    at = end;
  }
  return out.toBytes();
}
