/** The parts of a file of one network that are the same for all: how it opens, what goes in and out. ES5, so that every engine takes it. */

/** What `predict` and `ready` are made of, around `start` of each target. */
export interface Contents {
  readonly inside: boolean;
  readonly wasm: boolean;
  readonly plain: boolean;
  /** Are pictures prepared here? */
  readonly pictures: boolean;
}

/** Bytes of the weights: those of the file, or what `ready` is given. */
function weights(inside: boolean): string {
  if (inside) {
    return `
    function weights() {
      var bytes = unpacked(text, SIZE);
      text = "";
      return bytes;
    }`;
  }
  return `
    function weights(given) {
      var tag = Object.prototype.toString.call(given);
      if (tag !== "[object ArrayBuffer]" && tag !== "[object Uint8Array]") {
        throw new TypeError("ready: weights wants the bytes of the weights file (Uint8Array or ArrayBuffer), got " + tag);
      }
      var bytes = new Uint8Array(given), sum = -2128831035;
      for (var i = 0; i < bytes.length; i++) sum = Math.imul(sum ^ bytes[i], 16777619);
      if (bytes.length !== SIZE || sum !== SUM) {
        throw new RangeError("ready: these are not this network's weights: " + SIZE + " bytes are wanted, got " + bytes.length);
      }
      return bytes;
    }`;
}

/** Without WebAssembly. */
function without(plain: boolean): string {
  return plain ? `
    function without(why, given) {
      startPlain(weights(given));
      kernels = "plain: WebAssembly does not run here: " + why.message;
    }` : `
    function without(why) {
      throw new Error("this file wants WebAssembly with SIMD, which does not run here: " + why.message);
    }`;
}

/** Opens at once, as `predict` does where nobody has waited for `ready`. */
const wasmOpen = `
    function open() {
      var made;
      try {
        made = new WebAssembly.Instance(new WebAssembly.Module(aligned(code, CODE)), imports());
      } catch (why) {
        if (why instanceof RangeError) throw new Error("predict: await ready() first: " + why.message);
        return without(why);
      }
      start(made, weights());
    }`;

const plainOpen = `
    function open() {
      startPlain(weights());
    }`;

const closed = `
    function open() {
      throw new Error("predict: await ready(weights) first, with the bytes of the weights file");
    }`;

const ready = `
    function imports() {
      return { host: { memory: memory = new WebAssembly.Memory({ initial: PAGES }) } };
    }
    function ready(given) {
      return new Promise(function (done, failed) {
        function end(act) {
          try {
            if (!run) act();
            done(kernels);
          } catch (why) {
            failed(why);
          }
        }
        function not(why) {
          end(function () {
            without(why, given);
          });
        }
        if (run) return done(kernels);
        var started;
        try {
          started = WebAssembly.instantiate(aligned(code, CODE), imports());
        } catch (why) {
          return not(why);
        }
        started.then(function (made) {
          end(function () {
            start(made.instance, weights(given));
          });
        }, not);
      });
    }`;

const plainReady = `
    function ready(given) {
      return new Promise(function (done) {
        if (!run) startPlain(weights(given));
        done(kernels);
      });
    }`;

const fill = `
    function fill(x, i) {
      var at = inputs[i][0], size = inputs[i][1], tag = Object.prototype.toString.call(x), k;
      PICTURES
      var fits = tag === "[object Float32Array]" || tag === "[object Float64Array]";
      if (tag === "[object Array]") for (k = 0, fits = true; k < x.length; k++) fits = fits && typeof x[k] === "number";
      if (!fits) throw new TypeError("predict: wants WANTED numbers (Float32Array)PICTURE, got " + tag.slice(8, -1));
      if (x.length !== size) throw new RangeError("predict: input " + names[i] + " wants " + size + " numbers, got " + x.length);
      A.set(x, at);
    }`;

const pictures = `
      if (i === 0 && x && x.data && x.width * x.height * 4 === x.data.length) {
        if (x.width !== WIDTH || x.height !== HEIGHT) {
          throw new RangeError("predict: wants a picture of WIDTHxHEIGHT pixels, got " + x.width + "x" + x.height);
        }
        x = x.data;
        tag = Object.prototype.toString.call(x);
      }
      if (i === 0 && (tag === "[object Uint8Array]" || tag === "[object Uint8ClampedArray]")) return picture(x, at);`;

/** Bytes of a picture to numbers, as `preprocess` makes them. CHANNELS: 1 for grey. */
const picture = `
    function picture(x, at) {
      var count = HEIGHT * WIDTH, pitch = x.length / count, i, c, k;
      if (pitch !== 1 && pitch !== 3 && pitch !== 4) {
        throw new RangeError("predict: a picture of WIDTHxHEIGHT pixels wants 1, 3 or 4 bytes a pixel, got " + x.length + " bytes");
      }
      for (c = 0; c < CHANNELS; c++) {
        var table = [], mean = Math.fround(MEAN[c]), deviation = Math.fround(STD[c]), from = pitch === 1 ? 0 : FIRST + c * NEXT;
        for (k = 0; k < 256; k++) table[k] = Math.fround((RANGE === 255 ? k : Math.fround(k / 255)) - mean) / deviation;
        for (i = 0, k = 0; i < count; i++, k += pitch) {
          A[at++] = table[CHANNELS > 1 || pitch === 1 ? x[k + from] : (x[k] * 19595 + x[k + 1] * 38470 + x[k + 2] * 7471 + 32768) >> 16];
        }
      }
    }`;

const predict = `
    function predict() {
      if (arguments.length !== inputs.length) {
        throw new TypeError("predict: wants " + inputs.length + " argument" + (inputs.length > 1 ? "s" : "") + " (" + names.join(", ") +
          "), got " + arguments.length);
      }
      if (!run) open();
      for (var i = 0; i < inputs.length; i++) fill(arguments[i], i);
      run();
      var found = {};
      for (i = 0; i < outputs.length; i++) found[results[i]] = A.slice(outputs[i][0], outputs[i][0] + outputs[i][1]);
      return outputs.length > 1 ? found : found[results[0]];
    }`;

/** The functions around the targets. */
export function runtimeTexts({ inside, wasm, plain, pictures: prepared }: Contents): string[] {
  const filled = fill.replace("PICTURES", prepared ? pictures : "").replace(
    "PICTURE", prepared ? " or a picture's bytes (Uint8Array)" : "",
  );
  return [
    weights(inside), ...(wasm ? [without(plain), ready] : [plainReady]), !inside ? closed : wasm ? wasmOpen : plainOpen,
    filled, ...(prepared ? [picture] : []), predict,
  ];
}
