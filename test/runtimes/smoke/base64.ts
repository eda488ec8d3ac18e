/** Bytes and base64, for hosts without atob; no write goes beyond an array's end, which QuickJS of 2021 refuses in strict code. */

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export function bytesFromBase64(text: string): Uint8Array<ArrayBuffer> {
  const value = new Uint8Array(128);
  for (let i = 0; i < digits.length; i++) value[digits.charCodeAt(i)] = i;
  let end = text.length;
  while (text[end - 1] === "=") end--;
  const bytes = new Uint8Array((end * 3) >> 2);
  let [held, bits, at] = [0, 0, 0];
  for (let i = 0; i < end; i++) {
    held = ((held << 6) | value[text.charCodeAt(i)]) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = (held >> bits) & 255;
  }
  return bytes;
}

export function base64(bytes: Uint8Array): string {
  const letters: string[] = [];
  for (let i = 0; i < bytes.length; i += 3) {
    const three = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const count = Math.min(3, bytes.length - i);
    for (let j = 0; j < 4; j++) letters.push(j > count ? "=" : digits[(three >> (18 - 6 * j)) & 63]);
  }
  return letters.join("");
}
