/**
 * The Squeeze-and-Excitation block on one page: Hu, Shen, Albanie, Sun and Wu, "Squeeze-and-Excitation Networks"
 * (arXiv 1709.01507), section 3. The network asks of every channel how strong it is over the whole image (squeeze), lets
 * all channels decide together how much each one matters for this image (excitation), and scales them accordingly.
 *
 *   x, y   [batch, channels, height, width]
 *   w1     [hidden, channels]      b1 [hidden]      hidden = channels / r, r the reduction ratio
 *   w2     [channels, hidden]      b2 [channels]    b1 and b2 may be null: the paper's ablations have no biases
 *   z, e, s [batch, channels]      a, h [batch, hidden]
 *
 *   squeeze       z[c] = 1 / (H * W) * sum over i, j of x[c,i,j]             (equation 2)
 *   excitation    a = w1 z + b1,  h = relu(a)
 *                 e = w2 h + b2,  s = sigmoid(e)                             (equation 3: s = sigmoid(W2 relu(W1 z)))
 *   scale         y[c,i,j] = s[c] * x[c,i,j]                                 (equation 4)
 *
 * Networks here are composed of the separate kernels (global average pool, linear, relu, sigmoid, channel scale), which
 * also allow other gates; a test holds that they give the same as this page.
 */
import { sigmoid } from "../math.ts";
import type { Floats } from "../shapes.ts";

export interface SqueezeExciteShape {
  readonly batch: number;
  readonly channels: number;
  readonly hidden: number;
  readonly height: number;
  readonly width: number;
}

/** Leaves y, and every value on the way to it: z, a, h, e and the gates s. */
export function squeezeExciteForward(
  y: Floats, z: Floats, a: Floats, h: Floats, e: Floats, s: Floats,
  x: Floats, w1: Floats, b1: Floats | null, w2: Floats, b2: Floats | null, shape: SqueezeExciteShape,
): void {
  const { batch, channels, hidden, height, width } = shape;
  const pixels = height * width;
  for (let n = 0; n < batch; n++) {
    // Squeeze: one number a channel.
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let p = 0; p < pixels; p++) sum += x[(n * channels + c) * pixels + p];
      z[n * channels + c] = sum / pixels;
    }

    // Excitation: through the bottleneck of `hidden` numbers ...
    for (let k = 0; k < hidden; k++) {
      let sum = b1 === null ? 0 : b1[k];
      for (let c = 0; c < channels; c++) sum += w1[k * channels + c] * z[n * channels + c];
      a[n * hidden + k] = sum;
      h[n * hidden + k] = Math.max(a[n * hidden + k], 0);
    }
    // ... and back to one gate a channel. A sigmoid and not a softmax: several channels may be open at once.
    for (let c = 0; c < channels; c++) {
      let sum = b2 === null ? 0 : b2[c];
      for (let k = 0; k < hidden; k++) sum += w2[c * hidden + k] * h[n * hidden + k];
      e[n * channels + c] = sum;
      s[n * channels + c] = sigmoid(e[n * channels + c]);
    }

    // Scale.
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < pixels; p++) {
        const at = (n * channels + c) * pixels + p;
        y[at] = s[n * channels + c] * x[at];
      }
    }
  }
}

/**
 * Forward was y = s * x with s = sigmoid(e), e = w2 h + b2, h = relu(a), a = w1 z + b1, z = mean(x), hence, back to front,
 *
 *   scale         ds[c] = sum over i, j of dy[c,i,j] * x[c,i,j]
 *   sigmoid       de[c] = ds[c] * s[c] * (1 - s[c])
 *   second layer  dw2[c,k] = de[c] * h[k],  db2[c] = de[c],  dh[k] = sum over c of w2[c,k] * de[c]
 *   relu          da[k] = dh[k] where a[k] > 0, 0 elsewhere
 *   first layer   dw1[k,c] = da[k] * z[c],  db1[k] = da[k],  dz[c] = sum over k of w1[k,c] * da[k]
 *   squeeze       dx[c,i,j] = s[c] * dy[c,i,j] + dz[c] / (H * W)
 *
 * x is used twice, so dx has two terms: as what is scaled, and, through the gates, as what was squeezed. The second term
 * is the one that is easily forgotten; a network without it still learns, only worse.
 *
 * dx, dw1, db1, dw2 and db2 accumulate; ds, de, da and dz (of the shapes of s, e, a and z) are overwritten.
 */
export function squeezeExciteBackward(
  dx: Floats, dw1: Floats, db1: Floats | null, dw2: Floats, db2: Floats | null, ds: Floats, de: Floats, da: Floats, dz: Floats,
  x: Floats, z: Floats, a: Floats, h: Floats, s: Floats, w1: Floats, w2: Floats, dy: Floats, shape: SqueezeExciteShape,
): void {
  const { batch, channels, hidden, height, width } = shape;
  const pixels = height * width;
  for (let n = 0; n < batch; n++) {
    // Scale, and the sigmoid.
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let p = 0; p < pixels; p++) {
        const at = (n * channels + c) * pixels + p;
        sum += dy[at] * x[at];
      }
      const gate = n * channels + c;
      ds[gate] = sum;
      de[gate] = ds[gate] * s[gate] * (1 - s[gate]);
    }

    // Second layer, and the ReLU.
    for (let k = 0; k < hidden; k++) {
      let dh = 0;
      for (let c = 0; c < channels; c++) dh += w2[c * hidden + k] * de[n * channels + c];
      da[n * hidden + k] = a[n * hidden + k] > 0 ? dh : 0;
    }

    // First layer.
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let k = 0; k < hidden; k++) sum += w1[k * channels + c] * da[n * hidden + k];
      dz[n * channels + c] = sum;
    }

    // Squeeze: both terms.
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < pixels; p++) {
        const at = (n * channels + c) * pixels + p;
        dx[at] += s[n * channels + c] * dy[at] + dz[n * channels + c] / pixels;
      }
    }
  }

  // The parameters serve every image, so their gradients are sums over the batch.
  for (let c = 0; c < channels; c++) {
    for (let k = 0; k < hidden; k++) {
      let sumW2 = 0;
      let sumW1 = 0;
      for (let n = 0; n < batch; n++) {
        sumW2 += de[n * channels + c] * h[n * hidden + k];
        sumW1 += da[n * hidden + k] * z[n * channels + c];
      }
      dw2[c * hidden + k] += sumW2;
      dw1[k * channels + c] += sumW1;
    }
  }
  if (db2 !== null) {
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let n = 0; n < batch; n++) sum += de[n * channels + c];
      db2[c] += sum;
    }
  }
  if (db1 !== null) {
    for (let k = 0; k < hidden; k++) {
      let sum = 0;
      for (let n = 0; n < batch; n++) sum += da[n * hidden + k];
      db1[k] += sum;
    }
  }
}
