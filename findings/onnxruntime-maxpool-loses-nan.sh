#!/usr/bin/env bash
# Whether a NaN comes through a maximum depends on where it lies in the window, and differs from operator to operator and engine to
# engine.
#
# onnxruntime 1.32.0 (CPU) and the reference evaluator of onnx 1.23.2, Python 3.11, seen 2026-12-01. Guess from memory: an engine has one
# rule for NaN in a maximum; PyTorch hands it on (torch.nn.functional.max_pool2d, amax), so the others do, or they drop it everywhere.
# Seen, for one 2x2 window with 1, 2, 3 and a NaN as its first, second, third or fourth number. Is the answer NaN?
#
#                                  first   second  third   fourth
#   MaxPool, onnxruntime           no      no      no      yes      only one that is compared last
#   GlobalMaxPool, onnxruntime     no      no      no      yes
#   ReduceMax, onnxruntime         yes     no      no      no       only one that is compared first, over the very same numbers
#   MaxPool, reference             no      no      no      no
#   GlobalMaxPool, reference       yes     yes     yes     yes
#   ReduceMax, reference           yes     yes     yes     yes
#
# So a network whose activations overflow can answer with finite numbers that look like any other, and a check for NaN at its end finds
# nothing; and two spellings of one pooling, which exporters use in turn, disagree. Exits 1 where this table changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.0 2>/dev/null
"$work/venv/bin/python" - <<'PY'
import sys
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

print("onnxruntime", onnxruntime.__version__, "onnx", onnx.__version__)


def model(operator, attributes):
    graph = helper.make_graph(
        [helper.make_node(operator, ["x"], ["y"], **attributes)], "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 2, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 9
    return made


def answers(operator, attributes, engine):
    made = model(operator, attributes)
    run = (onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"]) if engine == "onnxruntime"
           else ReferenceEvaluator(made))
    found = []
    for place in range(4):
        x = np.insert(np.array([1, 2, 3], np.float32), place, np.nan).reshape(1, 1, 2, 2)
        found.append(bool(np.isnan(run.run(None, {"x": x})[0].ravel()[0])))
    return found


no, yes = False, True
wanted = {
    ("MaxPool", "onnxruntime"): [no, no, no, yes],
    ("GlobalMaxPool", "onnxruntime"): [no, no, no, yes],
    ("ReduceMax", "onnxruntime"): [yes, no, no, no],
    ("MaxPool", "reference"): [no, no, no, no],
    ("GlobalMaxPool", "reference"): [yes, yes, yes, yes],
    ("ReduceMax", "reference"): [yes, yes, yes, yes],
}
attributes = {"MaxPool": {"kernel_shape": [2, 2]}, "GlobalMaxPool": {}, "ReduceMax": {"axes": [2, 3]}}
same = True
for (operator, engine), row in wanted.items():
    seen = answers(operator, attributes[operator], engine)
    same = same and seen == row
    print(f"{operator:14} {engine:12} NaN as number 1, 2, 3, 4 comes through: {seen}")
sys.exit(0 if same else 1)
PY
echo "as described"
