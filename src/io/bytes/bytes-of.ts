/** Bytes as callers have them. */
import { show } from "../../errors.ts";

/**
 * `bytes` as a Uint8Array over the same memory. By tag, not by instanceof: buffers of other realms (an iframe, a vm context) are buffers.
 * @param operation names the function in the message
 * @throws TypeError if they are no ArrayBuffer (or a shared one) and no view of one
 */
export function bytesOf(bytes: Uint8Array | ArrayBuffer, operation: string): Uint8Array {
  if (ArrayBuffer.isView(bytes)) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (/^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(bytes))) return new Uint8Array(bytes);
  throw new TypeError(`${operation}: bytes wants a Uint8Array or ArrayBuffer, got ${show(bytes)}`);
}
