#!/usr/bin/env bash
# timm's VGG and torchvision's VGG are the same network up to 224x224 and different ones above.
#
# timm 1.0.31, torchvision 0.29.1, torch 2.14.1 (CPU), Python 3.11, seen 2026-12-01. Guess from memory: one paper, one set of weights
# (timm's vgg11 to vgg19 are published as `tv_in1k`: torchvision's, with the hidden layers kept as convolutions), so the same logits at
# any size. Seen, vgg11 with the same random weights in both, largest difference of a logit over the largest logit:
#
#   192x192, 224x224    below 1e-4
#   256x256             above 0.02 (0.07)
#   320x320             above 0.02 (0.13)
#
# torchvision pools the features of any image to 7x7 and flattens them. timm convolves them with its 7x7 kernels wherever they fit, so a
# larger image has several places, whose features are averaged before the last layer; only smaller ones are pooled to 7x7. Whoever moves
# weights from one to the other and tests at 224x224 sees nothing; an evaluation at 256x256 gives other answers. Exits 1 where this
# changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.14.1 torchvision==0.29.1 timm==1.0.31
"$work/venv/bin/python" - <<'PY'
import sys

import timm
import torch
import torchvision

torch.manual_seed(0)
ours = torchvision.models.vgg11(num_classes=10).eval()
theirs = timm.create_model("vgg11", num_classes=10).eval()
renamed = {"classifier.0": "pre_logits.fc1", "classifier.3": "pre_logits.fc2", "classifier.6": "head.fc"}
wanted = theirs.state_dict()
weights = {}
for name, tensor in ours.state_dict().items():
    layer, leaf = name.rsplit(".", 1)
    name = f"{renamed.get(layer, layer)}.{leaf}"
    weights[name] = tensor.reshape(wanted[name].shape)
theirs.load_state_dict(weights)

good = True
for size, same in ((192, True), (224, True), (256, False), (320, False)):
    x = torch.randn(1, 3, size, size)
    with torch.inference_mode():
        a, b = ours(x), theirs(x)
    off = float((a - b).abs().max() / a.abs().max())
    print(f"{size}x{size}: {off:.1e}")
    good = good and (off < 1e-4 if same else off > 0.02)
sys.exit(0 if good else 1)
PY
