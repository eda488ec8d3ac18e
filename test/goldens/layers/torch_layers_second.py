"""Layers of newer networks as PyTorch has them, forward and backward in float64, for test/kernels/torch/torch.test.ts, in the form of torch_layers.py
(made with torch 2.13.0): python3 test/goldens/layers/torch_layers_second.py
"""
import base64
import json
import os

import numpy as np
import torch
import torch.nn.functional as F

torch.manual_seed(21)
torch.set_num_threads(1)
cases = []


def encode(values, kind):
    assert np.array_equal(values.astype(kind), values), "the stored numbers are not those that were used"
    return base64.b64encode(np.ascontiguousarray(values, dtype=kind).tobytes()).decode()


def normal(*shape, deviation=1.0, mean=0.0):
    return (torch.randn(*shape) * deviation + mean).double()


def case(name, operation, function, inputs, options=None):
    leaves = {k: v.clone().requires_grad_() for k, v in inputs.items()}
    outputs = {"y": function(**leaves)}
    stored = dict(inputs, dy=normal(*outputs["y"].shape))
    outputs["y"].backward(stored["dy"])
    for k in inputs:
        outputs["d" + k] = leaves[k].grad
    cases.append({
        "name": name, "operation": operation, "options": options or {},
        "inputs": {k: [list(v.shape), encode(v.detach().numpy(), "<f4")] for k, v in stored.items()},
        "outputs": {k: encode(v.detach().numpy(), "<f8") for k, v in outputs.items()},
    })


# ---- padding of each side, and TensorFlow's "same" -----------------------------------------------------------------------

def same(size, kernel, stride, dilation=1):
    total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def conv(image, out, kernel, stride, sides, dilation=1, groups=1):
    if sides == "same":
        (top, bottom), (left, right) = (same(size, kernel, stride, dilation) for size in image[2:])
    else:
        top, left, bottom, right = sides
    inputs = {"x": normal(*image), "weight": normal(out, image[1] // groups, kernel, kernel), "bias": normal(out)}
    options = {"kernel": kernel, "stride": stride, "padding": sides, "dilation": dilation, "groups": groups}
    case(f"{image} to {out} {options}", "conv2d",
         lambda x, weight, bias: F.conv2d(F.pad(x, (left, right, top, bottom)), weight, bias, stride, 0, dilation, groups), inputs, options)


conv((1, 3, 7, 6), 2, 3, 2, "same")
conv((2, 4, 8, 9), 4, 5, 2, "same", groups=4)
conv((1, 2, 6, 7), 3, 2, 1, "same")
conv((1, 2, 9, 8), 2, 3, 2, "same", dilation=2)
conv((2, 2, 5, 4), 3, 3, 1, [0, 2, 1, 0])


def pool(image, kernel, stride, sides, dilation=1):
    top, left, bottom, right = sides
    options = {"kernel": kernel, "stride": stride, "padding": sides, "dilation": dilation}
    case(f"{image} {options}", "maxPoolPadded",
         lambda x: F.max_pool2d(F.pad(x, (left, right, top, bottom), value=-torch.inf), kernel, stride, 0, dilation), {"x": normal(*image)}, options)
    if dilation > 1:
        return
    for counted in (True, False):
        def averaged(x):
            sums = F.avg_pool2d(F.pad(x, (left, right, top, bottom)), kernel, stride, divisor_override=1)
            counts = F.avg_pool2d(F.pad(torch.ones_like(x), (left, right, top, bottom), value=float(counted)), kernel, stride, divisor_override=1)
            return sums / counts.detach()
        case(f"{image} {options} {counted}", "averagePool", averaged, {"x": normal(*image)}, options | {"countPadding": counted})


pool((1, 2, 7, 6), 3, 2, [1, 0, 1, 1])
pool((2, 1, 6, 5), 2, 2, [0, 0, 0, 1])
pool((1, 2, 9, 8), 2, 1, [1, 2, 0, 1], dilation=3)

# ---- activations, padding, sums over the first channels --------------------------------------------------------------------

case("plain", "gelu", F.gelu, {"x": normal(67, deviation=2)})
case("plain", "geluTanh", lambda x: F.gelu(x, approximate="tanh"), {"x": normal(67, deviation=2)})
case("plain", "prelu", F.prelu, {"x": normal(2, 5, 3, 4), "weight": normal(5)})
for mode in ("constant", "reflect", "replicate", "circular"):
    case(mode, "pad", lambda x: F.pad(x, (1, 3, 2, 0), mode=mode), {"x": normal(2, 3, 4, 5)}, {"sides": [2, 1, 0, 3], "mode": mode})
case("plain", "partialAdd", lambda a, b: torch.cat([a[:, :3] + b, a[:, 3:]], 1), {"a": normal(2, 5, 3, 2), "b": normal(2, 3, 3, 2)})
for shape in ((1, 7), (4, 33)):
    case("x".join(map(str, shape)), "l2Normalise", lambda x: F.normalize(x), {"x": normal(*shape)})

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "torch_layers_second.json"), "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
print(len(cases), "cases")
