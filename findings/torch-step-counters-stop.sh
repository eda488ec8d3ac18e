#!/usr/bin/env bash
# A long run: PyTorch's optimisers count their steps in float32, and stay at 16,777,216 for ever.
#
# torch 2.13.0 (CPU), Python 3.11, seen 2026-12-01. Guess from memory: `step` in an optimiser's state is an integer, as n_averaged of
# AveragedModel and num_batches_tracked of batch normalisation are (int64 both), and says how many steps were made. Seen: it is a float32
# tensor in Adam, AdamW, NAdam, RAdam, Adamax, RMSprop, Adagrad, ASGD, Rprop, Adadelta and Adafactor. 2^24 is the last whole number after
# which float32 can count by one: five more steps leave it where it was. Adam's bias corrections are 1 long before; what does depend on it
# goes on with the same number (the rate of Adagrad with lr_decay, of ASGD and Adafactor, the momenta of NAdam), and who reads a
# checkpoint to learn how far a run came, or to go on with its schedule, learns 16,777,216: 8 days at 24 steps a second. Exits 1 where
# that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.0 2>/dev/null
"$work/venv/bin/python" - <<'PY'
import sys
import torch

print("torch", torch.__version__)
same = True
for name in ("Adam", "AdamW", "NAdam", "RAdam", "Adamax", "RMSprop", "Adagrad", "ASGD", "Rprop", "Adadelta", "Adafactor"):
    weight = torch.nn.Parameter(torch.ones(1))
    optimiser = getattr(torch.optim, name)([weight], lr=1e-3)
    weight.grad = torch.ones(1)
    optimiser.step()
    state = optimiser.state_dict()
    kind = state["state"][0]["step"].dtype
    state["state"][0]["step"] = torch.tensor(2.0**24 - 2)
    optimiser.load_state_dict(state)
    counts = []
    for _ in range(5):
        optimiser.step()
        counts.append(int(optimiser.state[weight]["step"].item()))
    print(f"{name:10} {kind}: {counts}")
    same = same and kind == torch.float32 and counts == [16777215] + [16777216] * 4
averaged = torch.optim.swa_utils.AveragedModel(torch.nn.BatchNorm2d(2)).state_dict()
print("n_averaged", averaged["n_averaged"].dtype, "num_batches_tracked", averaged["module.num_batches_tracked"].dtype)
same = same and averaged["n_averaged"].dtype == averaged["module.num_batches_tracked"].dtype == torch.int64
sys.exit(0 if same else 1)
PY
echo "as described"
