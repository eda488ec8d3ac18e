#!/usr/bin/env bash
# Whether load_state_dict(strict=True) refuses a state dict without batch counters depends on the kind of dictionary it comes in.
#
# torch 2.13.0 (CPU), safetensors 0.8.0, Python 3.11, seen 2026-12-01. Guess from memory: strict means strict: a module with batch
# normalisation wants "bn.num_batches_tracked", and a state dict without it is refused (or, as for old files, it is always forgiven).
# Seen, for a BatchNorm2d and the same tensors, less num_batches_tracked:
#
#   state_dict(), as it was made                        refused: Missing key(s) in state_dict: "num_batches_tracked"
#   after torch.save and torch.load                     refused, the same
#   dict(state_dict)                                    accepted: <All keys matched successfully>
#   {name: tensor for name, tensor in ...items()}       accepted (how everybody takes "module." off names)
#   after safetensors' save_file and load_file          accepted
#
# An OrderedDict made by state_dict() carries an attribute _metadata with a version of each module, torch.save keeps it, copies and other
# files lose it; a module without a version is taken for one of torch 0.4.0 or older, whose missing counters are set to 0. In the same
# strict way a bool tensor goes into a float parameter as 0 and 1 without a word. So a converter's file can load where the original is
# refused. Exits 1 where this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 safetensors==0.8.0 numpy==2.4.0 2>/dev/null
cd "$work"
"$work/venv/bin/python" - <<'PY'
import sys
import torch
from safetensors.torch import load_file, save_file

print("torch", torch.__version__)
state = torch.nn.BatchNorm2d(2).state_dict()
del state["num_batches_tracked"]
torch.save(state, "saved.pth")
save_file(dict(state), "saved.safetensors")
seen = {}
for name, each in (("state_dict", state), ("torch.save", torch.load("saved.pth")), ("dict", dict(state)),
                   ("comprehension", {name: tensor for name, tensor in state.items()}), ("safetensors", load_file("saved.safetensors"))):
    try:
        torch.nn.BatchNorm2d(2).load_state_dict(each, strict=True)
        seen[name] = "accepted"
    except RuntimeError as error:
        seen[name] = "refused" if 'Missing key(s) in state_dict: "num_batches_tracked"' in str(error) else str(error)
    print(f"{name:14} {seen[name]}")
module = torch.nn.BatchNorm2d(2)
module.load_state_dict({**dict(state), "weight": torch.tensor([True, False])}, strict=True)
print("bool into float", module.weight.tolist())
wanted = {"state_dict": "refused", "torch.save": "refused", "dict": "accepted", "comprehension": "accepted", "safetensors": "accepted"}
sys.exit(0 if seen == wanted and module.weight.tolist() == [1.0, 0.0] else 1)
PY
echo "as described"
