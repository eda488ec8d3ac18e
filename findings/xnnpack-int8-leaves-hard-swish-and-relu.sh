#!/usr/bin/env bash
# ai-edge-quantizer's full-integer recipe quantises HARD_SWISH, RELU and GELU; XNNPACK, LiteRT's default on CPUs and LiteRT.js's only one,
# then takes none of them, though it takes all of them in float.
#
# ai-edge-quantizer 0.10.0, ai-edge-litert 2.3.0, Python 3.11, seen 2026-12-01. Guess from memory: what XNNPACK computes in float it
# computes in int8 too, or the quantiser of the same project leaves it in float; RELU, a maximum of bytes, least of all falls out.
# Seen, files of one operation each, input and output float; a DELEGATE is a piece that XNNPACK took:
#
#                float32        static_wi8_ai8 (QUANTIZE, operation, DEQUANTIZE)
#   LOGISTIC     1 piece        1 piece: the whole file
#   TANH         1 piece        1 piece
#   HARD_SWISH   1 piece        2 pieces: QUANTIZE and DEQUANTIZE, the operation between them on LiteRT's own kernels
#   RELU, GELU   1 piece        2 pieces, the same
#
# LiteRT's own kernel of HARD_SWISH computes a value at a time. In MobileNetV3-large its 21 take 62 % of the run, and int8 is slower than
# float32 (LiteRT.js in Chromium on an Intel Xeon: 17 and 15 ms). One more entry of the recipe, HARD_SWISH "no_quantize", makes it 7 ms at
# the same signal-to-noise ratio: conversions around a float operation cost less than the operation that was left out. Nothing is said.
# Exits 1 where the pieces differ from this.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ai-edge-quantizer==0.10.0 ai-edge-litert==2.3.0 numpy==2.4.6 2>/dev/null
cd "$work"
"$work/venv/bin/python" - 2>/dev/null <<'PY'
import sys

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from ai_edge_quantizer import qtyping, quantizer, recipe

shape = [1, 8, 8, 16]


def file_of(operation):
    """A .tflite file of one operation without attributes."""
    def made(kind, **fields):
        value = kind()
        for name, field in fields.items():
            setattr(value, name, field)
        return value

    tensors = [made(schema.TensorT, shape=shape, type=schema.TensorType.FLOAT32, buffer=0, name=name) for name in (b"x", b"y")]
    ports = [made(schema.TensorMapT, name=name, tensorIndex=i) for i, name in enumerate((b"x", b"y"))]
    kind = getattr(schema.BuiltinOperator, operation)
    code = made(schema.OperatorCodeT, builtinCode=kind, deprecatedBuiltinCode=min(kind, 127), version=1)
    graph = made(schema.SubGraphT, name=b"main", tensors=tensors, inputs=[0], outputs=[1],
                 operators=[made(schema.OperatorT, opcodeIndex=0, inputs=[0], outputs=[1])])
    signature = made(schema.SignatureDefT, signatureKey=b"serving_default", subgraphIndex=0, inputs=ports[:1], outputs=ports[1:])
    model = made(schema.ModelT, version=3, operatorCodes=[code], buffers=[schema.BufferT()], subgraphs=[graph], signatureDefs=[signature])
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def quantised(path):
    maker = quantizer.Quantizer(path)
    maker.load_quantization_recipe(recipe.static_wi8_ai8())
    for name in ("INPUT", "OUTPUT"):
        maker.update_quantization_recipe(regex=".*", operation_name=qtyping.TFLOperationName[name], algorithm_key="no_quantize")
    x = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    return bytes(maker.quantize(maker.calibrate({"serving_default": [{"x": x}]})).quantized_model)


def nodes(content):
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    return [each["op_name"] for each in interpreter._get_ops_details()]


ok = True
for operation, pieces in {"LOGISTIC": 1, "TANH": 1, "HARD_SWISH": 2, "RELU": 2, "GELU": 2}.items():
    content = file_of(operation)
    with open("one.tflite", "wb") as file:
        file.write(content)
    before, after = nodes(content), nodes(quantised("one.tflite"))
    print(f"{operation}: float {before}, int8 {after}")
    ok &= before == [operation, "DELEGATE"]
    ok &= after == ["QUANTIZE", operation, "DEQUANTIZE"] + ["DELEGATE"] * pieces
sys.exit(0 if ok else 1)
PY
echo "as described"
