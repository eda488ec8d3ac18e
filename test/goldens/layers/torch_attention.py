"""Every attention block as PyTorch computes it, forward and backward in float64, for test/nn/attention.test.ts:
/usr/bin/python3 test/goldens/layers/torch_attention.py

torch_attention.json: a list of { name, kind, channels, options, shape, state, x, dy, y, dx, gradients }. `state` has [shape, data] by
name, x, dy and state in base64 of little-endian float32 (exact), y, dx and the gradients of float64. The modules are written here
from the papers' formulas, with the names of timm where timm has the block.
"""
import base64
import json
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(18)
torch.set_num_threads(1)


def encode(values, kind):
    values = values.detach().numpy()
    assert kind == "<f8" or np.array_equal(values.astype(kind), values)
    return base64.b64encode(np.ascontiguousarray(values, dtype=kind).tobytes()).decode()


class SE(nn.Module):
    def __init__(self, c, hidden):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(c, hidden, 1), nn.Conv2d(hidden, c, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.fc2(F.relu(self.fc1(x.mean((2, 3), keepdim=True)))))


class ESE(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.fc = nn.Conv2d(c, c, 1)

    def forward(self, x):
        return x * F.relu6(self.fc(x.mean((2, 3), keepdim=True)) + 3) / 6


class ECA(nn.Module):
    def __init__(self, k):
        super().__init__()
        self.conv = nn.Conv1d(1, 1, k, padding=(k - 1) // 2, bias=False)

    def forward(self, x):
        return x * torch.sigmoid(self.conv(x.mean((2, 3))[:, None])).transpose(1, 2)[..., None]


class SSE(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv = nn.Conv2d(c, 1, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.conv(x))


class SCSE(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.cse, self.sse = SE(c, c // 2), SSE(c)

    def forward(self, x):
        return self.cse(x) + self.sse(x)


class GE(nn.Module):
    def __init__(self, c, extent, conv, hidden):
        super().__init__()
        self.extent = extent
        if conv:
            self.gather = nn.Sequential()
            steps = extent.bit_length() - 1
            for i in range(1, steps + 1):
                self.gather.add_module(f"conv{i}", nn.Conv2d(c, c, 3, 2, 1, groups=c, bias=False))
                self.gather.add_module(f"norm{i}", nn.BatchNorm2d(c))
                if i < steps:
                    self.gather.add_module(f"act{i}", nn.ReLU())
        if hidden:
            self.mlp = nn.Sequential()
            self.mlp.add_module("fc1", nn.Conv2d(c, hidden, 1))
            self.mlp.add_module("act", nn.ReLU())
            self.mlp.add_module("fc2", nn.Conv2d(hidden, c, 1))

    def forward(self, x):
        if hasattr(self, "gather"):
            z = self.gather(x)
        elif self.extent == 0:
            z = x.mean((2, 3), keepdim=True)
        else:
            z = F.avg_pool2d(x, 2 * self.extent - 1, self.extent, self.extent - 1, count_include_pad=False)
        if hasattr(self, "mlp"):
            z = self.mlp(z)
        return x * torch.sigmoid(F.interpolate(z, x.shape[2:], mode="nearest"))


class ConvNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(2, 1, 7, padding=3, bias=False), nn.BatchNorm2d(1)


class ChannelGate(nn.Module):
    def __init__(self, c, hidden):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(c, hidden, 1, bias=False), nn.Conv2d(hidden, c, 1, bias=False)


class PlaceGate(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = ConvNorm()


class CBAM(nn.Module):
    def __init__(self, c, hidden):
        super().__init__()
        self.channel, self.spatial = ChannelGate(c, hidden), PlaceGate()

    def forward(self, x):
        mlp = lambda z: self.channel.fc2(F.relu(self.channel.fc1(z)))
        a = x * torch.sigmoid(mlp(x.mean((2, 3), keepdim=True)) + mlp(x.amax((2, 3), keepdim=True)))
        pooled = torch.cat([a.mean(1, keepdim=True), a.amax(1, keepdim=True)], 1)
        return a * torch.sigmoid(self.spatial.conv.bn(self.spatial.conv.conv(pooled)))


cases = []


def case(kind, module, shape, options=None):
    module = module.double().train()
    with torch.no_grad():
        for p in module.parameters():
            p.copy_((torch.randn(p.shape) * 0.5 + 0.1).double())
    state = {k: [list(v.shape), encode(v, "<f4")] for k, v in module.state_dict().items() if v.is_floating_point()}
    x = (torch.randn(shape) + 0.2).double().requires_grad_()
    dy = torch.randn(shape).double()
    y = module(x)
    y.backward(dy)
    cases.append({
        "name": f"{kind} {shape} {json.dumps(options or {})}", "kind": kind, "channels": shape[1], "options": options or {}, "shape": shape, "state": state,
        "x": encode(x, "<f4"), "dy": encode(dy, "<f4"), "y": encode(y, "<f8"), "dx": encode(x.grad, "<f8"),
        "gradients": {k: encode(p.grad, "<f8") for k, p in module.named_parameters()},
    })


case("se", SE(6, 2), [2, 6, 3, 4], {"reduction": 3})
case("cse", SE(6, 3), [2, 6, 3, 4])
case("ese", ESE(5), [2, 5, 3, 4])
case("eca", ECA(3), [2, 7, 3, 4])
case("eca", ECA(5), [1, 130, 2, 1])
case("sse", SSE(5), [2, 5, 3, 4])
case("scse", SCSE(6), [2, 6, 3, 4])
case("ge", GE(4, 0, False, 0), [2, 4, 3, 5])
case("ge", GE(4, 4, False, 0), [2, 4, 9, 7], {"extent": 4})
case("ge", GE(4, 2, True, 0), [2, 4, 5, 6], {"extent": 2, "gather": "conv"})
case("ge", GE(4, 8, True, 2), [3, 4, 17, 9], {"extent": 8, "gather": "conv", "gatherMlp": True, "reduction": 2})
case("ge", GE(6, 0, False, 2), [2, 6, 3, 4], {"gatherMlp": True, "reduction": 3})
case("cbam", CBAM(6, 2), [2, 6, 5, 4], {"reduction": 3})

with open(os.path.join(os.path.dirname(__file__), "torch_attention.json"), "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
print(len(cases), "cases")
