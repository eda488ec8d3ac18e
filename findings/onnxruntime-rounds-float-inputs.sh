#!/usr/bin/env bash
# Weights held as bytes make onnxruntime round the other operand, too, which is float32 and which no node of the file rounds.
#
# onnxruntime 1.32.0 (CPU), onnx 1.23.2, Python 3.11, x86-64, seen 2026-12-01. A file of two nodes: DequantizeLinear makes float32 of an
# int8 matrix, MatMul multiplies float32 x by it ("weight-only quantisation"). Guess from memory: x and the sums stay float32, the more so
# as nothing in the file quantises x, and optimisations change the last bits only. Seen: without optimisation, and with basic ones,
# answers are within 1e-6 of the largest of what the nodes say. With extended ones, which are the default, the pair becomes
# com.microsoft:MatMulNBits, which rounds x to 8 bits: 0.006 to 0.01 of the largest off, ten thousand times as much. The session option
# session.qdq_matmulnbits_accuracy_level "1" gives float32's answers again. So answers of a QDQ file depend on the level of optimisation,
# and who compares with onnxruntime compares with this. Exits 1 where that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.0 2>/dev/null
"$work/venv/bin/python" - <<'PY'
import sys
import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

print("onnxruntime", ort.__version__, "onnx", onnx.__version__)
random = np.random.default_rng(1)
levels = {
    "none": ort.GraphOptimizationLevel.ORT_DISABLE_ALL, "basic": ort.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "extended": ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED, "default": None,
}
same = True
for inner in (10, 64, 256):
    weight = random.integers(-127, 128, (inner, 16)).astype(np.int8)
    constants = {"w": weight, "scale": np.float32(0.01), "zero": np.int8(0)}
    graph = helper.make_graph(
        [helper.make_node("DequantizeLinear", list(constants), ["real"]), helper.make_node("MatMul", ["x", "real"], ["y"])], "two",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4, inner])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4, 16])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    x = random.standard_normal((4, inner)).astype(np.float32)
    exact = x.astype(np.float64) @ (weight * np.float64(np.float32(0.01)))

    def off(level, accuracy=None):
        options = ort.SessionOptions()
        if level is not None:
            options.graph_optimization_level = level
        if accuracy is not None:
            options.add_session_config_entry("session.qdq_matmulnbits_accuracy_level", accuracy)
        y = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
        return float(np.abs(y - exact).max() / np.abs(exact).max())

    found = {name: off(level) for name, level in levels.items()}
    found["default, accuracy level 1"] = off(None, "1")
    for name, value in found.items():
        rounded = name in ("extended", "default")
        same = same and (1e-3 < value < 5e-2 if rounded else value < 2e-6)
        print(f"{inner:4} inputs, optimisation {name:26} off by {value:.1e} of the largest")
sys.exit(0 if same else 1)
PY
echo "as described"
