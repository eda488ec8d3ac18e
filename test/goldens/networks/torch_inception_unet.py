"""Answers of PyTorch for small Inception networks and U-Nets with SE, for test/models/published/torch-families.test.ts:
/usr/bin/python3 test/goldens/networks/torch_inception_unet.py

torch_inception_unet.json: as torch_families.json. GoogLeNet is torchvision's own class, an eighth as wide, with SE hung behind every
module; BN-Inception (by the authors' SE-BN-Inception.prototxt) and U-Net, which torchvision lacks, are written here.
"""
import json
import os

import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models.googlenet import BasicConv2d, GoogLeNet, Inception, InceptionAux

from torch_families import fill, gate, recipe


def narrow(before, after, **window):
    """A convolution an eighth as wide as its caller says."""
    return BasicConv2d(before if before == 3 else before // 8, after // 8, **window)


def se_googlenet():
    blocks = [narrow, lambda *widths: Inception(*widths, conv_block=narrow), InceptionAux]
    model = GoogLeNet(num_classes=5, aux_logits=False, init_weights=False, blocks=blocks)
    model.fc = nn.Linear(128, 5)
    for name, module in model.named_children():
        if name.startswith("inception"):
            channels = sum(m.out_channels for m in [module.branch1.conv, module.branch2[1].conv, module.branch3[1].conv, module.branch4[1].conv])
            gate(module, f"{name}.se", channels, channels // 4)
    return "se_googlenet", {"classes": 5, "width": 0.125, "reduction": 4}, fill(model)


class Block(nn.Module):
    def __init__(self, before, after, kernel, stride=1):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(after)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


class Module(nn.Module):
    def __init__(self, before, single, tower2, tower3, projection, pool):
        super().__init__()
        stride = 1 if projection else 2
        if single:
            self.branch1 = Block(before, single, 1)
        self.branch2 = nn.Sequential(Block(before, tower2[0], 1), Block(tower2[0], tower2[1], 3, stride))
        self.branch3 = nn.Sequential(Block(before, tower3[0], 1), Block(tower3[0], tower3[1], 3), Block(tower3[1], tower3[2], 3, stride))
        if projection:
            pooling = nn.AvgPool2d(3, 1, 1) if pool == "AVE" else nn.MaxPool2d(3, 1, 1)
            self.branch4 = nn.Sequential(pooling, Block(before, projection, 1))
        self.channels = single + tower2[1] + tower3[2] + (projection or before)

    def forward(self, x):
        parts = [self.branch1(x)] if hasattr(self, "branch1") else []
        last = self.branch4(x) if hasattr(self, "branch4") else F.max_pool2d(x, 3, 2, ceil_mode=True)
        return torch.cat(parts + [self.branch2(x), self.branch3(x), last], 1)


def se_bn_inception():
    plan = {
        "3a": (64, (64, 64), (64, 96, 96), 32), "3b": (64, (64, 96), (64, 96, 96), 64), "3c": (0, (128, 160), (64, 96, 96), 0),
        "4a": (224, (64, 96), (96, 128, 128), 128), "4b": (192, (96, 128), (96, 128, 128), 128),
        "4c": (160, (128, 160), (128, 160, 160), 128), "4d": (96, (128, 192), (160, 192, 192), 128),
        "4e": (0, (128, 192), (192, 256, 256), 0), "5a": (352, (192, 320), (160, 224, 224), 128), "5b": (352, (192, 320), (192, 224, 224), 128),
    }
    eighth = lambda widths: tuple(w // 8 for w in widths)
    model = nn.Module()
    model.conv1, model.conv2, model.conv3 = Block(3, 8, 7, 2), Block(8, 8, 1), Block(8, 24, 3)
    before = 24
    for name, (single, tower2, tower3, projection) in plan.items():
        module = Module(before, single // 8, eighth(tower2), eighth(tower3), projection // 8, "MAX" if name == "5b" else "AVE")
        before = module.channels
        gate(module, f"inception{name}.se", before, before // 4)
        model.add_module(f"inception{name}", module)
    model.fc = nn.Linear(before, 5)
    fill(model)

    def forward(x):
        x = F.max_pool2d(model.conv1(x), 3, 2, ceil_mode=True)
        x = F.max_pool2d(model.conv3(model.conv2(x)), 3, 2, ceil_mode=True)
        for name in plan:
            x = getattr(model, f"inception{name}")(x)
        return model.fc(x.mean((2, 3)))

    model.forward = forward
    return "se_bn_inception", {"classes": 5, "width": 0.125, "reduction": 4}, model


class Double(nn.Module):
    def __init__(self, before, after):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after)
        self.conv2, self.bn2 = nn.Conv2d(after, after, 3, padding=1, bias=False), nn.BatchNorm2d(after)

    def forward(self, x):
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))


def se_unet():
    width, depth = 4, 4
    levels = [width * 2**i for i in range(depth + 1)]
    model = nn.Module()
    model.encoder = nn.ModuleList(Double(3 if i == 0 else levels[i - 1], to) for i, to in enumerate(levels))
    model.up = nn.ModuleList(nn.ConvTranspose2d(2 * to, to, 2, 2) for to in levels[:-1])
    model.decoder = nn.ModuleList(Double(2 * to, to) for to in levels[:-1])
    model.head = nn.Conv2d(width, 3, 1)
    for part in ("encoder", "decoder"):
        for i, block in enumerate(getattr(model, part)):
            gate(block, f"{part}.{i}.se", levels[i], levels[i] // 2)
    fill(model)

    def forward(x):
        skips = []
        for i, block in enumerate(model.encoder):
            x = block(F.max_pool2d(x, 2) if i else x)
            skips.append(x)
        for i in reversed(range(depth)):
            x = model.decoder[i](torch.cat([skips[i], model.up[i](x)], 1))
        return model.head(x)

    model.forward = forward
    return "se_unet", {"classes": 3, "width": width}, model


def main():
    rows = []
    for (name, options, model), shape in ((se_googlenet(), [2, 3, 45, 38]), (se_bn_inception(), [2, 3, 64, 32]), (se_unet(), [1, 3, 16, 32])):
        with torch.no_grad():
            logits = model(recipe("input", tuple(shape)))
        rows.append(json.dumps({"model": name, "options": options, "input": shape, "logits": logits.flatten().tolist()}, separators=(",", ":")))
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "torch_inception_unet.json"), "w") as f:
        f.write("[\n" + ",\n".join(rows) + "\n]\n")


if __name__ == "__main__":
    main()
