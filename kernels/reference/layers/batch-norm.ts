/**
 * Batch normalisation: each channel is brought to mean 0 and variance 1, then scaled by gamma and moved by beta.
 * Ioffe and Szegedy, "Batch Normalization" (arXiv 1502.03167), algorithm 1.
 *
 *   x, y                       [batch, channels, pixels]
 *   gamma, beta                [channels]
 *   mean, inverseStd           [channels], of this batch: kept for the backward pass
 *   runningMean, runningVariance [channels], moving averages: used in inference
 *
 *   mean = sum(x) / m,  variance = sum((x - mean)^2) / m,  m = batch * pixels
 *   inverseStd = 1 / sqrt(variance + epsilon)
 *   xhat = (x - mean) * inverseStd
 *   y = gamma * xhat + beta
 *
 * Sums take the images in order, and in each the pixels row by row.
 */
import type { BatchNormShape, Floats } from "../../shapes.ts";

/**
 * Normalises with the statistics of this batch and mixes them into the running ones:
 * running = (1 - momentum) * running + momentum * new, where the new variance is the unbiased one (divided by m - 1).
 */
export function batchNormForwardTraining(
  y: Floats, mean: Floats, inverseStd: Floats, runningMean: Floats, runningVariance: Floats,
  x: Floats, gamma: Floats, beta: Floats, shape: BatchNormShape,
): void {
  const { batch, channels, pixels, epsilon, momentum } = shape;
  const count = batch * pixels;
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    for (let n = 0; n < batch; n++) {
      for (let p = 0; p < pixels; p++) sum += x[(n * channels + c) * pixels + p];
    }
    const average = sum / count;

    let squares = 0;
    for (let n = 0; n < batch; n++) {
      for (let p = 0; p < pixels; p++) {
        const distance = x[(n * channels + c) * pixels + p] - average;
        squares += distance * distance;
      }
    }
    const inverse = 1 / Math.sqrt(squares / count + epsilon);

    for (let n = 0; n < batch; n++) {
      for (let p = 0; p < pixels; p++) {
        const at = (n * channels + c) * pixels + p;
        y[at] = gamma[c] * ((x[at] - average) * inverse) + beta[c];
      }
    }

    mean[c] = average;
    inverseStd[c] = inverse;
    // A single value has no unbiased variance (0 / 0); 0 keeps the running variance a number. Layers refuse that batch.
    const unbiased = squares / Math.max(count - 1, 1);
    runningMean[c] = (1 - momentum) * runningMean[c] + momentum * average;
    runningVariance[c] = (1 - momentum) * runningVariance[c] + momentum * unbiased;
  }
}

/**
 * Forward was xhat = (x - mean) * inverseStd and y = gamma * xhat + beta, where mean and inverseStd depend on every x of
 * the channel, hence
 *
 *   dbeta  = sum(dy)
 *   dgamma = sum(dy * xhat)
 *   dx     = gamma * inverseStd * (dy - dbeta / m - xhat * dgamma / m)
 *
 * which is the paper's chain of six equations (section 3) with the sums put in: the second term is the way through the
 * mean, the third the way through the variance.
 */
export function batchNormBackwardTraining(
  dx: Floats, dgamma: Floats, dbeta: Floats, x: Floats, dy: Floats, gamma: Floats, mean: Floats, inverseStd: Floats, shape: BatchNormShape,
): void {
  const { batch, channels, pixels } = shape;
  const count = batch * pixels;
  for (let c = 0; c < channels; c++) {
    let sumDy = 0;
    let sumDyXhat = 0;
    for (let n = 0; n < batch; n++) {
      for (let p = 0; p < pixels; p++) {
        const at = (n * channels + c) * pixels + p;
        sumDy += dy[at];
        sumDyXhat += dy[at] * ((x[at] - mean[c]) * inverseStd[c]);
      }
    }
    dbeta[c] += sumDy;
    dgamma[c] += sumDyXhat;
    for (let n = 0; n < batch; n++) {
      for (let p = 0; p < pixels; p++) {
        const at = (n * channels + c) * pixels + p;
        const xhat = (x[at] - mean[c]) * inverseStd[c];
        dx[at] += gamma[c] * inverseStd[c] * (dy[at] - sumDy / count - xhat * (sumDyXhat / count));
      }
    }
  }
}

/** Normalises with the running statistics: y = gamma * (x - runningMean) / sqrt(runningVariance + epsilon) + beta. */
export function batchNormForwardInference(
  y: Floats, x: Floats, gamma: Floats, beta: Floats, runningMean: Floats, runningVariance: Floats, shape: BatchNormShape,
): void {
  const { batch, channels, pixels, epsilon } = shape;
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < channels; c++) {
      const inverse = 1 / Math.sqrt(runningVariance[c] + epsilon);
      for (let p = 0; p < pixels; p++) {
        const at = (n * channels + c) * pixels + p;
        y[at] = gamma[c] * ((x[at] - runningMean[c]) * inverse) + beta[c];
      }
    }
  }
}

/**
 * Forward was y = gamma * xhat + beta with xhat = (x - runningMean) * inverse, inverse a constant, hence
 * dx = gamma * inverse * dy, dgamma = sum(dy * xhat), dbeta = sum(dy).
 */
export function batchNormBackwardInference(
  dx: Floats, dgamma: Floats, dbeta: Floats, x: Floats, dy: Floats, gamma: Floats, runningMean: Floats, runningVariance: Floats,
  shape: BatchNormShape,
): void {
  const { batch, channels, pixels, epsilon } = shape;
  for (let c = 0; c < channels; c++) {
    const inverse = 1 / Math.sqrt(runningVariance[c] + epsilon);
    let sumDy = 0;
    let sumDyXhat = 0;
    for (let n = 0; n < batch; n++) {
      for (let p = 0; p < pixels; p++) {
        const at = (n * channels + c) * pixels + p;
        sumDy += dy[at];
        sumDyXhat += dy[at] * ((x[at] - runningMean[c]) * inverse);
        dx[at] += gamma[c] * inverse * dy[at];
      }
    }
    dbeta[c] += sumDy;
    dgamma[c] += sumDyXhat;
  }
}
