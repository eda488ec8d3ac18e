#!/usr/bin/env bash
# A network in a .tflite file that only the accelerator can run: LiteRT's own kernels lack an operator that its XNNPACK delegate has.
#
# ai-edge-litert 2.3.0, Python 3.11, selfie_segmentation.tflite of npm @mediapipe/selfie_segmentation 0.1.1675465747, seen 2026-12-01.
# Guess from memory: a delegate takes over what it can do faster, and what it takes the built-in kernels can do too; so a result that looks
# wrong is checked by running without delegates. Seen, for this file, whose last operator is the custom Convolution2DTransposeBias:
#
#   Interpreter(file)                                                     runs
#   ... with OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES             RuntimeError: unresolved custom op: Convolution2DTransposeBias
#   ... with OpResolverType.BUILTIN_REF (the textbook kernels)            the same
#   get_tensor of a gate (LOGISTIC), default                              ValueError: Tensor data is null
#   ... with experimental_preserve_all_tensors=True                       the gate: the delegate then takes every operator for itself
#
# So the delegate cannot be checked against LiteRT's own kernels, hosts that are built without XNNPACK refuse a file that others run, and
# who wants to see what is inside must ask for it before. Exits 1 where this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm pack --silent @mediapipe/selfie_segmentation@0.1.1675465747 >/dev/null
tar xzf ./*.tgz package/selfie_segmentation.tflite
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check ai-edge-litert==2.3.0 numpy 2>/dev/null
venv/bin/python - package/selfie_segmentation.tflite 2>/dev/null <<'PY'
import sys
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType


def gate(**options):
    """The first gate of the first block for a grey picture, or what is said instead."""
    try:
        run = Interpreter(sys.argv[1], **options)
        run.allocate_tensors()
        given = run.get_input_details()[0]
        run.set_tensor(given["index"], np.full(given["shape"], 0.5, np.float32))
        run.invoke()
    except RuntimeError as error:
        return str(error).splitlines()[0]
    try:
        index = next(each["index"] for each in run.get_tensor_details() if each["name"] == "activation")
        return "runs; gate " + ("in (0, 1)" if 0 < float(run.get_tensor(index).ravel()[0]) < 1 else "of another kind")
    except ValueError as error:
        return f"runs; {error}"


unresolved = "Encountered unresolved custom op: Convolution2DTransposeBias."
wanted = {
    "default": ({}, "runs; Tensor data is null. Run allocate_tensors() first"),
    "without delegates": ({"experimental_op_resolver_type": OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES}, unresolved),
    "textbook kernels": ({"experimental_op_resolver_type": OpResolverType.BUILTIN_REF}, unresolved),
    "all tensors kept": ({"experimental_preserve_all_tensors": True}, "runs; gate in (0, 1)"),
}
same = True
for name, (options, expected) in wanted.items():
    seen = gate(**options)
    same = same and seen == expected
    print(f"{name:18} {seen}")
sys.exit(0 if same else 1)
PY
echo "as described"
