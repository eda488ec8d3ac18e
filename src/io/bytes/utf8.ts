/**
 * UTF-8, strictly: TextEncoder and TextDecoder where the host has them, and the same written here for bare engines
 * (QuickJS and others have neither).
 */
import { FormatError } from "../../errors.ts";

/** The bytes of `text`. A lone surrogate becomes U+FFFD, as TextEncoder has it. */
export function encodeUtf8(text: string): Uint8Array {
  return typeof TextEncoder === "function" ? new TextEncoder().encode(text) : encodePlain(text);
}

/**
 * The text of `bytes`.
 * @param what names the bytes in the message
 * @throws FormatError where they are not UTF-8 (overlong forms and surrogates are not)
 */
export function decodeUtf8(bytes: Uint8Array, what: string): string {
  if (typeof TextDecoder !== "function") return decodePlain(bytes, what);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new FormatError(`${what}: wants UTF-8 text, and these bytes are not`);
  }
}

/** `encodeUtf8` without the host. */
export function encodePlain(text: string): Uint8Array {
  // No code unit takes more than three bytes: a surrogate pair is two units and takes four.
  const bytes = new Uint8Array(3 * text.length);
  let n = 0;
  for (const character of text) {
    let code = character.codePointAt(0)!;
    if (code >= 0xd800 && code < 0xe000) code = 0xfffd;
    if (code < 0x80) {
      bytes[n++] = code;
      continue;
    }
    if (code < 0x800) bytes[n++] = 0xc0 | (code >> 6);
    else {
      if (code < 0x10000) bytes[n++] = 0xe0 | (code >> 12);
      else {
        bytes[n++] = 0xf0 | (code >> 18);
        bytes[n++] = 0x80 | ((code >> 12) & 63);
      }
      bytes[n++] = 0x80 | ((code >> 6) & 63);
    }
    bytes[n++] = 0x80 | (code & 63);
  }
  return bytes.slice(0, n);
}

/** `decodeUtf8` without the host. */
export function decodePlain(bytes: Uint8Array, what: string): string {
  let text = "";
  let units: number[] = [];
  for (let i = 0; i < bytes.length;) {
    const first = bytes[i++];
    // How many bytes follow, and the least code that needs so many; 0x80 to 0xc1 and 0xf5 up begin nothing.
    const more = first < 0x80 ? 0 : first < 0xc2 ? -1 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : -1;
    let code = more === 0 ? first : first & (63 >> more);
    let broken = more < 0;
    for (let k = 0; k < more; k++) {
      const next = i < bytes.length ? bytes[i++] : 0;
      broken ||= (next & 0xc0) !== 0x80;
      code = (code << 6) | (next & 63);
    }
    const least = more === 3 ? 0x10000 : more === 2 ? 0x800 : 0;
    if (broken || code < least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
      throw new FormatError(`${what}: wants UTF-8 text, and these bytes are not`);
    }
    if (code < 0x10000) units.push(code);
    else units.push(0xd800 | ((code - 0x10000) >> 10), 0xdc00 | (code & 1023));
    if (units.length > 4096) {
      text += String.fromCharCode(...units);
      units = [];
    }
  }
  return text + String.fromCharCode(...units);
}
