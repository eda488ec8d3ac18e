/**
 * Bytes as text of a JavaScript file, and the file's text made short. All is ASCII, without quotes, backslashes and "<", so that a file
 * means the same whatever encoding it is served with, and inside a page.
 *
 * Two ways: `dense` for what looks random (weights): 13 bits in two of 91 characters, 1.23 characters a byte. `aligned` for code, one or
 * two characters a byte: longer, but gzip still finds what is repeated in it.
 */

/** Values of symbols: the printable characters but `"`, `\` and `<`. */
const SYMBOLS = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).filter((symbol) => !'"\\<'.includes(symbol));
const BASE = 91;
/** Bytes, moved by 3 (0xfd begins each instruction of vectors), that have a symbol of their own. */
const SINGLE = 88;
const MOVED = 3;

/** Bytes as pairs of symbols, 13 bits each, lowest first; the last is filled with zeros. */
export function dense(bytes: Uint8Array): string {
  const pieces: string[] = [];
  let [held, bits] = [0, 0];
  const put = (): void => void pieces.push(SYMBOLS[(held & 8191) % BASE], SYMBOLS[Math.floor((held & 8191) / BASE)]);
  for (const byte of bytes) {
    held |= byte << bits;
    bits += 8;
    if (bits < 13) continue;
    put();
    held >>>= 13;
    bits -= 13;
  }
  if (bits > 0) put();
  return pieces.join("");
}

/** Each byte as one symbol, or as two where it is rare in WebAssembly. */
export function aligned(bytes: Uint8Array): string {
  const pieces: string[] = [];
  for (const byte of bytes) {
    const value = (byte + MOVED) & 255;
    const over = value - SINGLE;
    if (over >= 0) pieces.push(SYMBOLS[SINGLE + Math.floor(over / SYMBOLS.length)], SYMBOLS[over % SYMBOLS.length]);
    else pieces.push(SYMBOLS[value]);
  }
  return pieces.join("");
}

/** What reads both, in the file. */
export const readers = {
  symbol: `
    function symbol(text, at) {
      var code = text.charCodeAt(at);
      return code - 32 - (code > 34) - (code > 60) - (code > 92);
    }`,
  dense: `
    function unpacked(text, size) {
      var bytes = new Uint8Array(size), to = 0, held = 0, bits = 0;
      for (var i = 0; i < text.length; i += 2) {
        held |= symbol(text, i) + ${BASE} * symbol(text, i + 1) << bits;
        for (bits += 13; bits > 7; bits -= 8) {
          if (to < size) bytes[to++] = held;
          held >>>= 8;
        }
      }
      return bytes;
    }`,
  aligned: `
    function aligned(text, size) {
      var bytes = new Uint8Array(size), to = 0;
      for (var i = 0; i < text.length; i++) {
        var value = symbol(text, i);
        if (value >= ${SINGLE}) value = ${SINGLE} + (value - ${SINGLE}) * ${SYMBOLS.length} + symbol(text, ++i);
        bytes[to++] = value - ${MOVED};
      }
      return bytes;
    }`,
};

/**
 * The same program in fewer characters: without lines of comments, indentation and spaces that mean nothing. Texts are left as they are.
 * For code with a semicolon after every statement.
 */
export function shortened(code: string): string {
  const pieces = code.replace(/^\s*\/\/.*$/gm, "").split(/("(?:[^"\\\n]|\\.)*")/);
  return pieces.map((piece, i) => (i % 2 === 1 ? piece : piece
    .replace(/\s+/g, " ")
    // A sign after a sign stays apart: a - -b.
    .replace(/ ?([{}()[\];,=<>?:&|!*/%^~]) ?/g, "$1")
    .replace(/([^+-]|^) ([+-])/g, "$1$2").replace(/([+-]) ([^+-]|$)/g, "$1$2"))).join("").trim();
}

/** A text of JavaScript, in ASCII, that cannot end a script in a page. */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(/[^\x20-\x7e]|</g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
