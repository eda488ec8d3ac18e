/** Arrays that goldens hold as base64 of little-endian bytes. */

function bytes(text: string): DataView {
  const raw = atob(text);
  return new DataView(Uint8Array.from(raw, (letter) => letter.charCodeAt(0)).buffer);
}

export function bytesFromBase64(text: string): Uint8Array {
  return new Uint8Array(bytes(text).buffer);
}

export function float32FromBase64(text: string): Float32Array {
  const view = bytes(text);
  return new Float32Array(view.byteLength / 4).map((_, i) => view.getFloat32(4 * i, true));
}

export function float64FromBase64(text: string): Float64Array {
  const view = bytes(text);
  return new Float64Array(view.byteLength / 8).map((_, i) => view.getFloat64(8 * i, true));
}

export function int32FromBase64(text: string): Int32Array {
  const view = bytes(text);
  return new Int32Array(view.byteLength / 4).map((_, i) => view.getInt32(4 * i, true));
}
