#!/usr/bin/env bash
# A network of opset 9 with a linear Upsample answers otherwise after onnx's own version converter has brought it to opset 11 or later.
#
# onnx 1.23.2, onnxruntime 1.32.0 (CPU), Python 3.11, seen 2026-12-01. Guess from memory: onnx.version_converter writes the same function
# in newer words, or raises. Upsample-9 and Resize-10 have one rule, where the pixel of the output divided by the scale is the pixel of
# the input; Resize-11 calls that rule "asymmetric", and has another by default, "half_pixel". Seen, for a row 1 2 3 4 and a scale of 2,
# mode "linear":
#
#   opset 9, 10             1     1.5   2     2.5   3     3.5   4     4
#   opset 11, 13, 18, 24    1     1.25  1.75  2.25  2.75  3.25  3.75  4
#
# The converter writes no coordinate_transformation_mode, so the default holds. With "nearest" nothing shows: the numbers happen to be the
# same. A decoder of that time (U-Net, FPN) loses accuracy by it without a message. Exits 1 where that changes.
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
from onnx import TensorProto, helper, numpy_helper, version_converter

print("onnxruntime", onnxruntime.__version__, "onnx", onnx.__version__)
x = np.array([[[[1, 2, 3, 4]]]], np.float32)


def upsample(mode):
    graph = helper.make_graph(
        [helper.make_node("Upsample", ["x", "scales"], ["y"], mode=mode)], "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 1, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.array([1, 1, 1, 2], np.float32), "scales")])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 9)])
    made.ir_version = 4
    return made


old = [1, 1.5, 2, 2.5, 3, 3.5, 4, 4]
new = [1, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4]
nearest = [1, 1, 2, 2, 3, 3, 4, 4]
same = True
for mode in ("linear", "nearest"):
    for opset in (9, 10, 11, 13, 18, 24):
        made = upsample(mode)
        if opset != 9:
            made = version_converter.convert_version(made, opset)
        y = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0].ravel()
        print(f"{mode:8} opset {opset:2}", *y)
        same = same and y.tolist() == (nearest if mode == "nearest" else old if opset < 11 else new)
sys.exit(0 if same else 1)
PY
echo "as described"
