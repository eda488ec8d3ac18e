#!/usr/bin/env bash
# A float16 network that overflows does not, on onnxruntime's CPU: casts to float16 that stand in the file are taken out, optimised or
# not.
#
# onnxruntime 1.32.0 (CPU, x86-64), onnx 1.23.2, Python 3.11, seen 2026-12-01. Guess from memory: where there is no arithmetic of halves,
# an engine computes in float32 and rounds to half after each node, so that values between nodes are halves; at least a Cast to FLOAT16
# rounds. Seen, for x = 1.0004, 1000.3, 70000 and 1e-8, Cast to FLOAT16, then a node of halves, then Cast to FLOAT; graph optimisation is
# disabled:
#
#   Cast, Cast         1        1000.5   inf      0       rounded: the casts stand alone
#   Cast, Relu, Cast   1.0004   1000.3   70000    1e-8    nothing was rounded
#   Cast, Mul 2, Cast  2.0008   2000.6   140000   2e-8    onnx's evaluator: 2, 2001, inf, 0
#
# For a node without a kernel for halves a pair of casts is put around it, and a cast to half that meets a cast to float is dropped with
# it, also the one that the file has. So a network converted to float16 is tested in float32 on a CPU; its infinities appear on the device
# with real halves first. Exits 1 where that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.0 2>/dev/null
"$work/venv/bin/python" -W ignore - <<'PY'
import sys
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

print("onnxruntime", onnxruntime.__version__, "onnx", onnx.__version__)
x = np.array([1.0004, 1000.3, 70000, 1e-8], np.float32)
rounded = x.astype(np.float16).astype(np.float32)


def answers(middle, weights=()):
    nodes = [helper.make_node("Cast", ["x"], ["a"], to=TensorProto.FLOAT16), *middle]
    nodes.append(helper.make_node("Cast", [nodes[-1].output[0]], ["y"], to=TensorProto.FLOAT))
    graph = helper.make_graph(nodes, "half", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4])], list(weights))
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    made.ir_version = 9
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(made.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0], ReferenceEvaluator(made).run(None, {"x": x})[0]


two = numpy_helper.from_array(np.array(2, np.float16), "two")
same = True
for name, (seen, reference), wanted, said in (
    ("Cast, Cast", answers([]), rounded, rounded),
    ("Cast, Relu, Cast", answers([helper.make_node("Relu", ["a"], ["b"])]), x, rounded),
    ("Cast, Mul 2, Cast", answers([helper.make_node("Mul", ["a", "two"], ["b"])], [two]), 2 * x, 2 * rounded),
):
    print(f"{name:18}", *seen, "  evaluator:", *reference)
    same = same and np.array_equal(seen, wanted) and np.array_equal(reference, said)
sys.exit(0 if same else 1)
PY
echo "as described"
