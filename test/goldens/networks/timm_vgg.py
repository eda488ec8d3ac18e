"""Answers of timm's VGG (timm 1.0.31, torch 2.14.1), for test/models/published/torch-families.test.ts:
python3 test/goldens/networks/timm_vgg.py

A narrow VGG-11 at sizes that its 7x7 convolution has one place for, several, and none. timm_vgg.json: as torch_families.json.
"""
import json
import os

import torch
from timm.models.vgg import VGG

from torch_families import fill
from torchvision_manifests import recipe

rows = []
for shape in ([2, 3, 256, 300], [1, 3, 200, 256], [2, 3, 64, 40]):
    plan = [2, "M", 4, "M", 8, 8, "M", 16, 16, "M", 16, 16, "M"]
    model = fill(VGG(plan, num_classes=5))
    with torch.no_grad():
        logits = model(recipe("input", tuple(shape)))
    row = {"model": "timm/vgg11", "options": {"classes": 5, "width": 2}, "input": shape, "logits": logits.flatten().tolist()}
    rows.append(json.dumps(row, separators=(",", ":")))
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "timm_vgg.json"), "w") as f:
    f.write("[\n" + ",\n".join(rows) + "\n]\n")
