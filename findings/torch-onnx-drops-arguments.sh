#!/usr/bin/env bash
# Arguments of PyTorch's layers that its ONNX exporters leave out without a word, so that the file computes something else.
#
# torch 2.13.0 (CPU), onnx 1.23.2, onnxscript 0.7.2, onnxruntime 1.32.0, Python 3.11, seen 2026-12-01. Guess from memory: what an exporter
# cannot say in ONNX it refuses by name, as it does for a dozen other layers. Seen, with torch.onnx.export(dynamo=True), the default, and
# dynamo=False:
#
#                                           dynamo=True        dynamo=False
#   AvgPool2d(3, divisor_override=5)        divided by 9       divided by 9
#   Softplus(beta=3, threshold=2)           right              no threshold
#   tensor // 3, of integers below zero     right              rounded towards zero
#   index_add at an index given twice       right              one of the two is lost
#
# Neither exporter warns, and torch.onnx.export(verify=True) is off by default. Exits 1 where that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  torch==2.13.0 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0 numpy==2.4.0 2>/dev/null
"$work/venv/bin/python" - 2> /dev/null <<'PY'
import contextlib
import io
import sys
import onnxruntime
import torch
from torch import nn

onnxruntime.set_default_logger_severity(4)
print("torch", torch.__version__, "onnxruntime", onnxruntime.__version__)


class Function(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def right(module, x, dynamo):
    file = io.BytesIO()
    with contextlib.redirect_stdout(io.StringIO()):
        if dynamo:
            torch.onnx.export(module, (x,), dynamo=True).save(file)
        else:
            torch.onnx.export(module, (x,), file, dynamo=False)
    session = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    seen = session.run(None, {session.get_inputs()[0].name: x.numpy()})[0]
    return bool(torch.allclose(torch.from_numpy(seen), module(x), rtol=1e-4, atol=1e-5))


torch.manual_seed(0)
x = torch.randn(1, 2, 6, 6) * 3
rows = {
    "AvgPool2d(3, divisor_override=5)": (nn.AvgPool2d(3, divisor_override=5), x, (False, False)),
    "Softplus(beta=3, threshold=2)": (nn.Softplus(3, 2), x, (True, False)),
    "// 3 of negative integers": (Function(lambda t: t // 3), (x * 10).int(), (True, False)),
    "index_add, an index twice": (Function(lambda t: t.index_add(1, torch.tensor([0, 0]), t)), x, (True, False)),
}
same = True
for name, (module, given, wanted) in rows.items():
    seen = tuple(right(module.eval(), given, dynamo) for dynamo in (True, False))
    print(f"{name:34} right with dynamo=True: {seen[0]}, dynamo=False: {seen[1]}")
    same = same and seen == wanted
sys.exit(0 if same else 1)
PY
echo "as described"
