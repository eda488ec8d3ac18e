#!/usr/bin/env bash
# onnxsim joins a Pad to the AveragePool behind it, and onnxruntime, which ran the file before, refuses the simpler one.
#
# onnxsim 0.8.1, onnx 1.23.2, onnxruntime 1.32.0 (CPU), Python 3.11, seen 2026-12-01. Guess from memory: a simplifier that checks its
# result with onnxruntime gives a file that onnxruntime takes; and two zeros around a picture may stand in the pooling as well as before
# it, as they may in a Conv. Seen, for Pad (zeros on every side of a 5x5 picture), then a layer of 2x2 windows:
#
#   pads of 1, AveragePool   one AveragePool with pads of 1     runs, same answer
#   pads of 2, AveragePool   one AveragePool with pads of 2     refused: "Pad should be smaller than kernel"
#   pads of 2, Conv          one Conv with pads of 2            runs, same answer
#   pads of 2, MaxPool       Pad and MaxPool, as before         runs, same answer
#
# The rule is onnxruntime's, not the specification's; onnx's checker takes the file. Exits 1 where that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check onnxsim==0.8.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.0 2>/dev/null
"$work/venv/bin/python" - <<'PY'
import sys
import numpy as np
import onnx
import onnxruntime
import onnxsim
from onnx import TensorProto, helper, numpy_helper

onnxruntime.set_default_logger_severity(4)
print("onnxsim", onnxsim.__version__, "onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__)
x = np.arange(1, 26, dtype=np.float32).reshape(1, 1, 5, 5)


def run(model):
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


def padded(operator, pads):
    attributes = {"count_include_pad": 1} if operator == "AveragePool" else {}
    weights = [numpy_helper.from_array(np.array([0, 0, pads, pads] * 2, np.int64), "pads")]
    if operator == "Conv":
        weights.append(numpy_helper.from_array(np.ones((1, 1, 2, 2), np.float32), "w"))
    side = 5 + 2 * pads - 1
    graph = helper.make_graph(
        [helper.make_node("Pad", ["x", "pads"], ["a"]),
         helper.make_node(operator, ["a", "w"] if operator == "Conv" else ["a"], ["y"], kernel_shape=[2, 2], **attributes)], "two",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 5, 5])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, side, side])], weights)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    return made


same = True
for operator, pads, kinds, wanted in (
    ("AveragePool", 1, ["AveragePool"], "runs"),
    ("AveragePool", 2, ["AveragePool"], "Pad should be smaller than kernel"),
    ("Conv", 2, ["Conv"], "runs"),
    ("MaxPool", 2, ["Pad", "MaxPool"], "runs"),
):
    model = padded(operator, pads)
    simple = onnxsim.simplify(model)[0]
    onnx.checker.check_model(simple, full_check=True)
    try:
        seen = "runs" if np.allclose(run(simple), run(model)) else "another answer"
    except Exception as error:
        seen = str(error).strip()
    nodes = [node.op_type for node in simple.graph.node]
    print(f"{operator} behind pads of {pads}: {nodes}, {seen[-120:]}")
    same = same and nodes == kinds and wanted in seen
sys.exit(0 if same else 1)
PY
echo "as described"
