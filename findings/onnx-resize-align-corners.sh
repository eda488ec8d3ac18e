#!/usr/bin/env bash
# Resize by `scales` that make no whole size, corners aligned: onnx's reference and onnxruntime give different pictures of one file.
#
# onnx 1.23.2 (its ReferenceEvaluator), onnxruntime 1.32.0 and torch 2.13.0 (CPU), Python 3.11, seen 2026-12-01. Guess from memory:
# `align_corners` puts the last pixel of the output on the last pixel of the input, whatever the scale; that is its name, and the
# operator's text says so: x * (length_original - 1) / (length_resized - 1). Seen, for a row 1 2 3 4 and the scale 0.6 (the output has
# floor(2.4) = 2 pixels):
#
#   onnx's reference               1  3.142857   length_resized is 2.4 there: the last pixel lies inside
#   onnxruntime                    1  4
#   torch, interpolate(x, 0.6)     1  4
#
# The same at opsets 13, 18 and 19. onnx's published test data (test_resize_downsample_scales_linear_align_corners) hold the first answer,
# and runtimes leave these tests out; PyTorch's exporter writes the scale that a user gave, so a network that halves odd sizes means the
# second. Exits 1 where this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.0 2>/dev/null
"$work/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 2>/dev/null
"$work/venv/bin/python" - <<'PY'
import sys
import numpy as np
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

x = np.arange(1, 5, dtype=np.float32).reshape(1, 1, 1, 4)
node = helper.make_node('Resize', ['x', '', 'scales'], ['y'], mode='linear', coordinate_transformation_mode='align_corners')
scales = numpy_helper.from_array(np.array([1, 1, 1, 0.6], np.float32), 'scales')
ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in (('x', [1, 1, 1, 4]), ('y', None))]
graph = helper.make_graph([node], 'g', ports[:1], ports[1:], [scales])
seen = {}
for opset in (13, 18, 19):
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', opset)], ir_version=8)
    seen[f'reference, opset {opset}'] = ReferenceEvaluator(model).run(None, {'x': x})[0].ravel()
    seen[f'onnxruntime, opset {opset}'] = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {'x': x})[0].ravel()
resized = torch.nn.functional.interpolate(torch.from_numpy(x), scale_factor=(1, 0.6), mode='bilinear', align_corners=True)
seen['torch'] = resized.numpy().ravel()
for name, values in seen.items():
    print(f'{name:24}', *values)
right = all(np.allclose(values, [1, 3.142857 if name.startswith('reference') else 4]) for name, values in seen.items())
sys.exit(0 if right else 1)
PY
echo "as described"
