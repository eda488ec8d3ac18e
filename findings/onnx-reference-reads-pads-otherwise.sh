#!/usr/bin/env bash
# One MaxPool with padding on some sides only has three sizes: onnxruntime's, that of onnx's shape inference, and that of onnx's own
# evaluator.
#
# onnx 1.23.2, onnxruntime 1.32.0 (CPU), Python 3.11, seen 2026-12-01. Guess from memory: `pads` is [top, left, bottom, right], the begins
# of all axes and then their ends; the reference evaluator of the onnx package is there to say what an operator means, so where an engine
# differs from it, the engine is wrong. Seen, for a 5x5 picture and a window of 2x2:
#
#   pads                       stride  ceil_mode   onnxruntime  shape inference  reference evaluator
#   [0, 1, 0, 0]: left           1        0           4x5            4x5              5x4    read as if it were above
#   [0, 1, 0, 1]: left, right    1        0           4x6            4x6              5x5
#   [0, 1, 0, 1]: left, right    2        1           3x3            3x4              3x3    is a window in the padding dropped?
#   [1, 1, 1, 1]: all            1        0           6x6            6x6              6x6
#
# The evaluator's AveragePool reads the same pads as onnxruntime does. So goldens of a max pooling that was padded as TensorFlow pads
# ("same", at the end only) do not come from the evaluator, and sizes planned from shape inference are not always those that come. Exits 1
# where that changes.
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

onnxruntime.set_default_logger_severity(4)
print("onnxruntime", onnxruntime.__version__, "onnx", onnx.__version__)
x = np.arange(25, dtype=np.float32).reshape(1, 1, 5, 5)


def sizes(operator, pads, stride, ceil):
    node = helper.make_node(operator, ["x"], ["y"], kernel_shape=[2, 2], strides=[stride, stride], pads=pads, ceil_mode=ceil)
    graph = helper.make_graph(
        [node], "one", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 5, 5])], [helper.make_empty_tensor_value_info("y")])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    inferred = onnx.shape_inference.infer_shapes(made).graph.output[0].type.tensor_type.shape.dim
    graph.output[0].CopyFrom(helper.make_tensor_value_info("y", TensorProto.FLOAT, None))
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    engine = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    reference = ReferenceEvaluator(made).run(None, {"x": x})[0]
    return engine.shape[2:], tuple(d.dim_value for d in inferred)[2:], reference.shape[2:]


wanted = [
    ("MaxPool", [0, 1, 0, 0], 1, 0, ((4, 5), (4, 5), (5, 4))),
    ("MaxPool", [0, 1, 0, 1], 1, 0, ((4, 6), (4, 6), (5, 5))),
    ("MaxPool", [0, 1, 0, 1], 2, 1, ((3, 3), (3, 4), (3, 3))),
    ("MaxPool", [1, 1, 1, 1], 1, 0, ((6, 6), (6, 6), (6, 6))),
    ("AveragePool", [0, 1, 0, 0], 1, 0, ((4, 5), (4, 5), (4, 5))),
    ("AveragePool", [0, 1, 0, 1], 1, 0, ((4, 6), (4, 6), (4, 6))),
]
same = True
for operator, pads, stride, ceil, row in wanted:
    seen = sizes(operator, pads, stride, ceil)
    same = same and seen == row
    print(f"{operator:12} pads {pads} stride {stride} ceil {ceil}: onnxruntime {seen[0]}, shape inference {seen[1]}, reference {seen[2]}")
sys.exit(0 if same else 1)
PY
echo "as described"
