/** Hosts that lack something: by a name, the globals that are gone. */
const lost: Readonly<Record<string, readonly string[]>> = {
  "all there": [],
  "no WebAssembly": ["WebAssembly"],
  "no workers": ["Worker", "process"],
  "no performance": ["performance"],
  "no TextDecoder": ["TextDecoder", "TextEncoder"],
  "no DecompressionStream": ["DecompressionStream", "CompressionStream"],
  "no BigInt": ["BigInt", "BigInt64Array", "BigUint64Array"],
  "no SharedArrayBuffer": ["SharedArrayBuffer"],
  "no Atomics": ["Atomics"],
  "no timers": ["setTimeout", "clearTimeout", "setImmediate", "MessageChannel", "queueMicrotask"],
  "no FinalizationRegistry": ["FinalizationRegistry", "WeakRef"],
  "frozen built-ins": [],
};

export default lost;
