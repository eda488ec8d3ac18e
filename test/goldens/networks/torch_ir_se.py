"""Answers of PyTorch for small members of IR-SE, for test/models/published/torch-families.test.ts:
python3 test/goldens/networks/torch_ir_se.py

The network of ArcFace as InsightFace_Pytorch's model.py describes it (Backbone, bottleneck_IR, bottleneck_IR_SE, l2_norm), written here
from its description with sizes of our own. torch_ir_se.json: a list of model, options, input's shape and embeddings, in evaluation mode and
float64, weights and image by the recipe of test/fixtures/recipe.ts under the published names.
"""
import json
import os

import torch
from torch import nn

from torchvision_manifests import recipe

torch.set_num_threads(1)


class Squeeze(nn.Module):
    def __init__(self, channels, reduction):
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // reduction, 1, bias=False)
        self.fc2 = nn.Conv2d(channels // reduction, channels, 1, bias=False)

    def forward(self, x):
        z = x.mean((2, 3), keepdim=True)
        return x * torch.sigmoid(self.fc2(torch.relu(self.fc1(z))))


class Unit(nn.Module):
    def __init__(self, from_, to, stride, reduction):
        super().__init__()
        self.shortcut_layer = nn.MaxPool2d(1, stride) if from_ == to else nn.Sequential(
            nn.Conv2d(from_, to, 1, stride, bias=False), nn.BatchNorm2d(to))
        self.res_layer = nn.Sequential(
            nn.BatchNorm2d(from_), nn.Conv2d(from_, to, 3, 1, 1, bias=False), nn.PReLU(to), nn.Conv2d(to, to, 3, stride, 1, bias=False),
            nn.BatchNorm2d(to), *([Squeeze(to, reduction)] if reduction else []))

    def forward(self, x):
        return self.res_layer(x) + self.shortcut_layer(x)


class Backbone(nn.Module):
    def __init__(self, width, blocks, size, embedding, reduction):
        super().__init__()
        self.input_layer = nn.Sequential(nn.Conv2d(3, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.PReLU(width))
        units, channels, side = [], width, size
        for stage, count in enumerate(blocks):
            for i in range(count):
                units.append(Unit(channels, width << stage, 2 if i == 0 else 1, reduction))
                channels = width << stage
            side = (side + 1) // 2
        self.body = nn.Sequential(*units)
        self.output_layer = nn.Sequential(
            nn.BatchNorm2d(channels), nn.Dropout(0.6), nn.Flatten(), nn.Linear(channels * side * side, embedding),
            nn.BatchNorm1d(embedding))

    def forward(self, x):
        y = self.output_layer(self.body(self.input_layer(x)))
        return y / y.norm(2, 1, keepdim=True)


rows = []
for model, reduction, blocks, size in [("ir_se50", 4, [2, 1, 2, 1], 27), ("ir_50", 0, [1, 1, 1, 1], 32), ("ir_se100", 2, [1, 2, 1, 2], 40)]:
    net = Backbone(8, blocks, size, 6, reduction)
    names = {name: tuple(tensor.shape) for name, tensor in net.state_dict().items() if not name.endswith("num_batches_tracked")}
    net.double().load_state_dict({name: recipe(name, shape) for name, shape in names.items()}, strict=False)
    net.eval()
    shape = (2, 3, size, size)
    with torch.no_grad():
        y = net(recipe("input", shape))
    options = {"embedding": 6, "width": 8, "blocks": blocks, "imageSize": size, **({"reduction": reduction} if reduction else {})}
    rows.append({"model": model, "options": options, "input": list(shape), "logits": y.flatten().tolist()})
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "torch_ir_se.json"), "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n]\n")
