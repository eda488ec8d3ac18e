#!/usr/bin/env bash
# onnxruntime 1.32.0: what its own quantiser makes by default runs partly in float on x86, wherever a tensor is read twice.
#
# Python 3.11, onnx 1.23.2, seen 2026-12-01 on an Intel Xeon with AVX-512 VNNI. Guess from memory: quantize_static's defaults (int8
# activations, int8 weights) are what the CPU provider of the same release runs best; a QDQ file of three convolutions runs as three
# QLinearConv.
# Seen, for relu(conv) -> relu(conv) -> conv, added to what went into the last one:
#
#   default (activations int8)                       1 QLinearConv, 2 Conv in float, Add in float, 9 DequantizeLinear
#   activation_type=QUInt8                           3 QLinearConv, 1 QLinearAdd
#   default, session.qdqisint8allowed = "1"          3 QLinearConv, 1 QLinearAdd
#
# On x86 a pass turns int8 into uint8 before convolutions are fused (unless that option forbids it), but only where QuantizeLinear has one
# DequantizeLinear behind it. What two nodes read, the input of a residual or of a squeeze-and-excitation block, has two: it stays int8, its
# neighbours became uint8, no kernel takes both, and the convolutions on either side compute in float between conversions. Nothing is said.
# So SE-ResNet-50 has 36 of its 85 convolutions in float.
# Exits 1 where the counts differ from this.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6 2>/dev/null
cd "$work"
"$work/venv/bin/python" - 2>/dev/null <<'PY'
import collections
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static

random = np.random.default_rng(1)
nodes, constants = [], []


def convolution(x, name, relu):
    constants.append(numpy_helper.from_array(random.normal(0, 0.1, (8, 8, 3, 3)).astype("f4"), f"{name}.weight"))
    constants.append(numpy_helper.from_array(random.normal(0, 0.1, 8).astype("f4"), f"{name}.bias"))
    nodes.append(helper.make_node("Conv", [x, f"{name}.weight", f"{name}.bias"], [name], name=name, pads=[1] * 4, kernel_shape=[3, 3]))
    if not relu:
        return name
    nodes.append(helper.make_node("Relu", [name], [f"{name}.relu"], name=f"{name}.relu"))
    return f"{name}.relu"


x = convolution(convolution("input", "a", True), "b", True)
nodes.append(helper.make_node("Add", [x, convolution(x, "c", False)], ["output"], name="add"))
ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 8, 16, 16]) for name in ("input", "output")]
graph = helper.make_graph(nodes, "residual", ports[:1], ports[1:], constants)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), "float.onnx")


class Images(CalibrationDataReader):
    def __init__(self):
        self.rest = iter([{"input": random.normal(size=(1, 8, 16, 16)).astype("f4")} for _ in range(4)])

    def get_next(self):
        return next(self.rest, None)


def runs(allowed=None, **quantiser):
    quantize_static("float.onnx", "bytes.onnx", Images(), **quantiser)
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = "optimised.onnx"
    options.log_severity_level = 3
    if allowed is not None:
        options.add_session_config_entry("session.qdqisint8allowed", allowed)
    onnxruntime.InferenceSession("bytes.onnx", options, providers=["CPUExecutionProvider"])
    counts = collections.Counter(node.op_type for node in onnx.load("optimised.onnx").graph.node)
    return {kind: counts[kind] for kind in ("QLinearConv", "Conv", "QLinearAdd", "Add")}


print("onnxruntime", onnxruntime.__version__)
whole = {"QLinearConv": 3, "Conv": 0, "QLinearAdd": 1, "Add": 0}
ok = True
for what, seen, wanted in [
    ("default", runs(), {"QLinearConv": 1, "Conv": 2, "QLinearAdd": 0, "Add": 1}),
    ("QUInt8", runs(activation_type=QuantType.QUInt8), whole),
    ("default, int8 allowed", runs("1"), whole),
]:
    print(f"{what}: {seen}")
    ok &= seen == wanted
sys.exit(0 if ok else 1)
PY
echo "as described"
