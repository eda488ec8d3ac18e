#!/usr/bin/env bash
# The running variance of batch normalisation is a sample's variance in PyTorch and a population's in Keras and Flax; batches of two
# differ by a factor of 2.
#
# torch 2.13.0 (CPU), keras 3.15.1 (jax backend), flax 0.12.8, jax 0.10.2, Python 3.11, seen 2026-12-01. Guess from memory: the same layer
# with the same momentum keeps the same statistics, so one recipe gives the same network, and weights that are carried over say the same
# thing. Seen, of one step in training mode from a running variance of 1, momentum 0.9 (0.1 in PyTorch's words): what the step added, and
# its ratio:
#
#   numbers a channel   PyTorch over Keras and Flax
#   2                   2
#   8                   1.142857 = 8/7
#   1024                1.000978 = 1024/1023
#
# All three divide by the population's deviation while they train: only what is kept for later differs. It shows where few numbers make a
# channel: a layer behind global pooling, 1x1 maps of small pictures, small batches. Exits 1 where that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  torch==2.13.0 keras==3.15.1 flax==0.12.8 jax==0.10.2 numpy==2.4.6 2>/dev/null
KERAS_BACKEND=jax JAX_PLATFORMS=cpu "$work/venv/bin/python" - 2> /dev/null <<'PY'
import sys
import flax
import keras
import numpy as np
import torch
from flax import nnx

print("torch", torch.__version__, "keras", keras.__version__, "flax", flax.__version__)
same = True
for count in (2, 8, 1024):
    x = np.random.default_rng(0).standard_normal((count, 1, 1, 3)).astype(np.float32) * 2
    layer = keras.layers.BatchNormalization(momentum=0.9)
    normal_keras = np.asarray(layer(x, training=True))
    in_keras = np.asarray(layer.moving_variance) - 0.9
    layer = nnx.BatchNorm(3, momentum=0.9, use_running_average=False, epsilon=1e-3, rngs=nnx.Rngs(0))
    normal_flax = np.asarray(layer(x))
    in_flax = np.asarray(layer.var[...]) - 0.9
    layer = torch.nn.BatchNorm2d(3, momentum=0.1, eps=1e-3)
    normal_torch = layer(torch.from_numpy(x).permute(0, 3, 1, 2)).detach().permute(0, 2, 3, 1).numpy()
    in_torch = layer.running_var.numpy() - 0.9
    ratio, flat = in_torch / in_keras, in_flax / in_keras
    print(f"{count:5} numbers: PyTorch over Keras {ratio.round(6)}, Flax over Keras {flat.round(6)}")
    close = 2e-5 if count > 100 else 1e-3   # what lies between 1 and 1024/1023 must be seen
    same = same and np.allclose(ratio, count / (count - 1), rtol=close) and np.allclose(flat, 1, rtol=close)
    same = same and np.allclose(normal_torch, normal_keras, atol=1e-4) and np.allclose(normal_torch, normal_flax, atol=1e-4)
sys.exit(0 if same else 1)
PY
echo "as described"
