"""Answers of PyTorch for small members of families with SE, for test/models/published/torch-families.test.ts:
/usr/bin/python3 test/goldens/networks/torch_families.py

torchvision's own classes, narrow or shallow, with torchvision's SE block hung behind the modules that it follows; ShuffleNet v1, which
torchvision lacks, is written here. torch_families.json: a list of model, options, input's shape and logits, in evaluation mode and
float64, weights and image by the recipe of test/fixtures/recipe.ts under the names that the project gives them.
"""
import json
import os

import numpy as np
import torch
from torch import nn
from torchvision.models import densenet, resnet, shufflenetv2, vgg
from torchvision.ops import SqueezeExcitation

from torchvision_manifests import recipe

torch.set_num_threads(1)


def fill(module, rename=lambda name: name):
    state = module.state_dict()
    for name, tensor in state.items():
        if not name.endswith("num_batches_tracked"):
            state[name] = recipe(rename(name), tuple(tensor.shape))
    module.double().load_state_dict(state)
    return module.eval()


def gate(module, name, channels, hidden):
    """Puts an SE block behind `module`; it is no part of the model, so its weights are filled here."""
    se = fill(SqueezeExcitation(channels, hidden), lambda leaf: f"{name}.{leaf}")
    module.register_forward_hook(lambda _module, _input, output: se(output))


def se_vgg11(placement, normalise):
    width = 4
    plan = [item if item == "M" else item * width // 64 for item in vgg.cfgs["A"]]
    model = vgg.VGG(vgg.make_layers(plan, normalise))
    model.classifier = nn.Sequential(
        nn.Linear(8 * width * 49, 6), nn.ReLU(), nn.Dropout(), nn.Linear(6, 6), nn.ReLU(), nn.Dropout(), nn.Linear(6, 5))
    modules = list(model.features)
    channels = 0
    for i, module in enumerate(modules):
        channels = module.out_channels if isinstance(module, nn.Conv2d) else channels
        if isinstance(module, nn.ReLU) and (placement == "conv" or isinstance(modules[i + 1], nn.MaxPool2d)):
            gate(module, f"features.{i}.se", channels, channels // 2)
    options = {"classes": 5, "width": width, "units": 6, "reduction": 2, "placement": placement}
    return "se_vgg11_bn" if normalise else "se_vgg11", options, fill(model)


def se_densenet(placement):
    blocks = [2, 3, 1, 2]
    model = densenet.DenseNet(growth_rate=4, block_config=blocks, num_init_features=8, num_classes=5)
    channels = 8
    for i, layers in enumerate(blocks, 1):
        channels += 4 * layers
        if placement != "transition":
            gate(getattr(model.features, f"denseblock{i}"), f"features.denseblock{i}.se", channels, channels // 2)
        if i < len(blocks):
            channels //= 2
            if placement != "block":
                gate(getattr(model.features, f"transition{i}"), f"features.transition{i}.se", channels, channels // 2)
    options = {"classes": 5, "blocks": blocks, "growth": 4, "width": 8, "reduction": 2, "placement": placement}
    return "se_densenet121", options, fill(model)


def se_shufflenet_v2():
    channels = [8, 16, 32, 64, 24]
    model = shufflenetv2.ShuffleNetV2([2, 3, 2], channels, num_classes=5)
    for stage in (2, 3, 4):
        for i, unit in enumerate(getattr(model, f"stage{stage}")):
            half = channels[stage - 1] // 2
            gate(unit.branch2, f"stage{stage}.{i}.branch2.8", half, half // 2)
    return "se_shufflenet_v2_x1_0", {"classes": 5, "channels": channels, "blocks": [2, 3, 2], "reduction": 2}, fill(model)


class ShuffleUnit(nn.Module):
    def __init__(self, before, after, stride, first, groups, name):
        super().__init__()
        middle, made = after // 4, after - before if stride == 2 else after
        self.stride, self.groups = stride, groups
        self.branch_main_1 = nn.Sequential(
            nn.Conv2d(before, middle, 1, groups=1 if first else groups, bias=False), nn.BatchNorm2d(middle), nn.ReLU(),
            nn.Conv2d(middle, middle, 3, stride, 1, groups=middle, bias=False), nn.BatchNorm2d(middle))
        self.branch_main_2 = nn.Sequential(nn.Conv2d(middle, made, 1, groups=groups, bias=False), nn.BatchNorm2d(made))
        gate(self.branch_main_2, f"{name}.branch_main_2.2", made, made // 2)

    def forward(self, x):
        y = self.branch_main_1(x)
        n, c, h, w = y.shape
        # Channel i * groups + j goes to place i of group j.
        y = y.reshape(n, c // self.groups, self.groups, h, w).transpose(1, 2).reshape(n, c, h, w)
        y = self.branch_main_2(y)
        if self.stride == 1:
            return torch.relu(x + y)
        return torch.relu(torch.cat([nn.functional.avg_pool2d(x, 3, 2, 1), y], 1))


def se_shufflenet_v1():
    channels, blocks, groups = [6, 24, 36, 48], [2, 2, 1], 3
    model = nn.Module()
    model.first_conv = nn.Sequential(nn.Conv2d(3, channels[0], 3, 2, 1, bias=False), nn.BatchNorm2d(channels[0]), nn.ReLU())
    units = []
    before = channels[0]
    for after, repeats in zip(channels[1:], blocks):
        for i in range(repeats):
            units.append(ShuffleUnit(before, after, 1 if i else 2, not units, groups, f"features.{len(units)}"))
            before = after
    model.features = nn.Sequential(*units)
    model.classifier = nn.Sequential(nn.Linear(before, 5))
    fill(model)
    model.forward = lambda x: model.classifier(
        model.features(nn.functional.max_pool2d(model.first_conv(x), 3, 2, 1)).mean((2, 3)))
    return "se_shufflenet_v1", {"classes": 5, "channels": channels, "blocks": blocks, "groups": groups, "reduction": 2}, model


def legacy_name(name):
    for old, new in {"conv1.": "layer0.conv1.", "bn1.": "layer0.bn1.", "fc.": "last_linear."}.items():
        if name.startswith(old):
            return new + name[len(old):]
    return name


def legacy_senet_name(name):
    stem = {"conv1.0": "conv1", "conv1.1": "bn1", "conv1.3": "conv2", "conv1.4": "bn2", "conv1.6": "conv3", "bn1": "bn3"}
    module, leaf = name.rsplit(".", 1)
    return f"layer0.{stem[module]}.{leaf}" if module in stem else legacy_name(name)


def se_resnext(legacy, senet):
    blocks, groups = [1, 2, 1, 1], 64 if senet else 32
    model = resnet.ResNet(resnet.Bottleneck, blocks, num_classes=5, groups=groups, width_per_group=4)
    if senet:
        convolution = lambda a, b, stride=1: nn.Conv2d(a, b, 3, stride, 1, bias=False)
        model.conv1 = nn.Sequential(
            convolution(3, 64, 2), nn.BatchNorm2d(64), nn.ReLU(), convolution(64, 64), nn.BatchNorm2d(64), nn.ReLU(), convolution(64, 128))
        model.bn1 = nn.BatchNorm2d(128)
    if legacy:
        model.maxpool = nn.MaxPool2d(3, 2, ceil_mode=True)
    before = 128 if senet else 64
    for stage in (1, 2, 3, 4):
        for i, block in enumerate(getattr(model, f"layer{stage}")):
            middle, after = block.conv2.out_channels, block.conv3.out_channels
            if senet:
                block.conv1 = nn.Conv2d(before, middle // 2, 1, bias=False)
                block.bn1 = nn.BatchNorm2d(middle // 2)
                block.conv2 = nn.Conv2d(middle // 2, middle, 3, block.stride, 1, groups=groups, bias=False)
                if i == 0:
                    size = 1 if stage == 1 else 3
                    block.downsample[0] = nn.Conv2d(before, after, size, block.stride, size // 2, bias=False)
            gate(block.bn3, f"layer{stage}.{i}.{'se_module' if legacy else 'se'}", after, after // 16)
            before = after
    rename = (legacy_senet_name if senet else legacy_name) if legacy else lambda name: name
    name = ("legacy_" if legacy else "") + ("senet154" if senet else "seresnext50_32x4d")
    return name, {"classes": 5, "blocks": blocks}, fill(model, rename)


def main():
    cases = [
        se_vgg11("conv", True), se_vgg11("stage", True), se_vgg11("conv", False),
        *(se_densenet(placement) for placement in ("block", "transition", "both")),
        se_shufflenet_v1(), se_shufflenet_v2(),
        *(se_resnext(legacy, senet) for legacy in (False, True) for senet in (False, True)),
    ]
    rows = []
    for name, options, model in cases:
        # An odd height and a width that pools to uneven windows.
        shape = [2, 3, 45, 38]
        with torch.no_grad():
            logits = model(recipe("input", tuple(shape)))
        rows.append(json.dumps({"model": name, "options": options, "input": shape, "logits": logits.flatten().tolist()}, separators=(",", ":")))
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "torch_families.json"), "w") as f:
        f.write("[\n" + ",\n".join(rows) + "\n]\n")


if __name__ == "__main__":
    main()
