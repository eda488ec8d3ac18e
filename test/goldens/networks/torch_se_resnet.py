"""A small SE-ResNet in training mode, written in plain torch.nn, for test/models/published/torch-network.test.ts:
/usr/bin/python3 test/goldens/networks/torch_se_resnet.py

The network is this project's `se_resnet8` with { width: 4, classes: 5, inChannels: 2, reduction: 4 }: 3x3 stem, three stages of
one basic block each with 4, 8 and 16 channels (strides 1, 2, 2), the SE block after bn2 and before the sum, average pool, linear.

torch_se_resnet.json, arrays in base64 of little-endian numbers:
  options      for createModel("se_resnet8", options)
  state        [name, shape, float32 data] of every tensor before the step, in the order of the state dict, less num_batches_tracked
  input        [shape, float32 data];  labels: a list
  logits       float64 [3, 5], loss (mean cross-entropy) and smoothed_loss (label smoothing 0.1)
  gradients    by name: float64, of loss; input_gradient likewise
  statistics   by name: float64, the running statistics after that forward pass
  evaluation   float64 logits in evaluation mode with these statistics
All of it was computed in float64 from the float32 numbers stored.
"""
import base64
import json
import os

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(20)
torch.set_num_threads(1)


class SqueezeExcite(nn.Module):
    def __init__(self, channels, reduction):
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // reduction, 1)
        self.fc2 = nn.Conv2d(channels // reduction, channels, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.fc2(F.relu(self.fc1(x.mean((2, 3), keepdim=True)))))


class BasicBlock(nn.Module):
    def __init__(self, before, channels, stride, reduction):
        super().__init__()
        self.conv1 = nn.Conv2d(before, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.se = SqueezeExcite(channels, reduction)
        self.downsample = None
        if stride != 1 or before != channels:
            self.downsample = nn.Sequential(nn.Conv2d(before, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        branch = self.se(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        return F.relu(branch + (x if self.downsample is None else self.downsample(x)))


class SEResNet(nn.Module):
    def __init__(self, channels, width, classes, reduction):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = nn.Sequential(BasicBlock(width, width, 1, reduction))
        self.layer2 = nn.Sequential(BasicBlock(width, 2 * width, 2, reduction))
        self.layer3 = nn.Sequential(BasicBlock(2 * width, 4 * width, 2, reduction))
        self.fc = nn.Linear(4 * width, classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        return self.fc(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))


def encode(tensor, kind):
    values = tensor.detach().numpy()
    assert np.array_equal(values.astype(kind), values), "the stored numbers are not those that were used"
    return base64.b64encode(np.ascontiguousarray(values, dtype=kind).tobytes()).decode()


model = SEResNet(2, 4, 5, 4)
# Nothing at its neutral value, so that nothing can be left out unseen; all numbers as float32 can hold them.
for name, tensor in model.state_dict().items():
    if "bn" in name or "downsample.1" in name:
        if name.endswith((".weight", ".running_var")):
            tensor.copy_(torch.rand_like(tensor) + 0.5)
        elif not name.endswith("num_batches_tracked"):
            tensor.copy_(torch.randn_like(tensor) * 0.3)
model.double().train()
state = [[name, list(t.shape), encode(t, "<f4")] for name, t in model.state_dict().items() if not name.endswith("num_batches_tracked")]
x = torch.randn(3, 2, 12, 10).double().requires_grad_()
labels = torch.tensor([3, 0, 4])

logits = model(x)
loss = F.cross_entropy(logits, labels)
loss.backward()
golden = {
    "options": {"width": 4, "classes": 5, "inChannels": 2, "reduction": 4},
    "state": state,
    "input": [list(x.shape), encode(x, "<f4")],
    "labels": labels.tolist(),
    "logits": encode(logits, "<f8"),
    "loss": loss.item(),
    "smoothed_loss": F.cross_entropy(logits, labels, label_smoothing=0.1).item(),
    "gradients": {name: encode(p.grad, "<f8") for name, p in model.named_parameters()},
    "input_gradient": encode(x.grad, "<f8"),
    "statistics": {name: encode(b, "<f8") for name, b in model.named_buffers() if not name.endswith("num_batches_tracked")},
    "evaluation": encode(model.eval()(x), "<f8"),
}
with open(os.path.join(os.path.dirname(__file__), "torch_se_resnet.json"), "w") as f:
    json.dump(golden, f, separators=(",", ":"))
    f.write("\n")
