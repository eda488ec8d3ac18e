#!/usr/bin/env bash
# After the learning rate falls tenfold Keras's SGD with momentum goes on with the large steps; PyTorch's and Optax's fall at once.
#
# torch 2.13.0 (CPU), keras 3.15.1 (jax backend), optax 0.2.8, Python 3.11, seen 2026-12-01. Guess from memory: "SGD, momentum 0.9, rate
# 0.1, then 0.01" is one recipe, and names the same steps everywhere. Seen, gradient 1 throughout, 20 steps at 0.1, then three at 0.01,
# the last five steps:
#
#   PyTorch, Optax    -0.8649  -0.8784  -0.0891  -0.0902  -0.0911
#   Keras             -0.8649  -0.8784  -0.8006  -0.7305  -0.6675
#
# Keras keeps a velocity with the rate of its time in it (velocity = momentum * velocity - rate * gradient), the others a sum of gradients
# that is multiplied by today's rate. As long as the rate stands still the two are equal, to the last digit printed, so a comparison of a
# few steps finds nothing; under a schedule (warm-up, steps, cosine) a recipe that is carried over is another recipe. With Nesterov's
# momentum the same: -0.0902 against -0.7305. Exits 1 where that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  torch==2.13.0 keras==3.15.1 optax==0.2.8 jax==0.10.2 numpy==2.4.6 2>/dev/null
KERAS_BACKEND=jax JAX_PLATFORMS=cpu "$work/venv/bin/python" - 2> /dev/null <<'PY'
import sys
import jax.numpy as jnp
import keras
import numpy as np
import optax
import torch

print("torch", torch.__version__, "keras", keras.__version__, "optax", optax.__version__)
rates = [0.1] * 20 + [0.01] * 3


def in_torch(nesterov):
    weight = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([weight], lr=0.1, momentum=0.9, nesterov=nesterov)
    for rate in rates:
        optimiser.param_groups[0]["lr"] = rate
        weight.grad = torch.ones(1)
        optimiser.step()
        yield weight.item()


def in_keras(nesterov):
    weight = keras.Variable(np.zeros(1, np.float32))
    optimiser = keras.optimizers.SGD(learning_rate=0.1, momentum=0.9, nesterov=nesterov)
    for rate in rates:
        optimiser.learning_rate = rate
        optimiser.apply([keras.ops.ones(1)], [weight])
        yield float(np.asarray(weight)[0])


def in_optax(nesterov):
    optimiser = optax.sgd(lambda count: jnp.array(rates)[count], momentum=0.9, nesterov=nesterov)
    weight = jnp.zeros(1)
    state = optimiser.init(weight)
    for _ in rates:
        update, state = optimiser.update(jnp.ones(1), state, weight)
        weight = optax.apply_updates(weight, update)
        yield float(weight[0])


fallen = {False: [-0.8649, -0.8784, -0.0891, -0.0902, -0.0911], True: [-0.8784, -0.8906, -0.0902, -0.0911, -0.0920]}
kept = {False: [-0.8649, -0.8784, -0.8006, -0.7305, -0.6675], True: [-0.8784, -0.8906, -0.7305, -0.6675, -0.6107]}
same = True
for nesterov in (False, True):
    for run, wanted in ((in_torch, fallen), (in_optax, fallen), (in_keras, kept)):
        steps = np.diff(list(run(nesterov)))[-5:]
        print(f"{run.__name__[3:]:6} nesterov={nesterov!s:5}", *steps.round(4))
        same = same and np.allclose(steps, wanted[nesterov], atol=2e-4)
sys.exit(0 if same else 1)
PY
echo "as described"
