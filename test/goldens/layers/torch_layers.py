"""Every kernel as PyTorch has it, forward and backward in float64, for test/kernels/torch/torch.test.ts:
/usr/bin/python3 test/goldens/layers/torch_layers.py

torch_layers.json: a list of cases { name, operation, options, inputs, outputs }. `inputs` are [shape, data] with data in
base64 of little-endian float32 (so that float32 kernels start from the same numbers), labels int32; `outputs` are base64
of float64: y, what else the operation leaves, and d<input> for every gradient, given dy.
"""
import base64
import json
import os

import numpy as np
import torch
import torch.nn.functional as F

torch.manual_seed(20)
torch.set_num_threads(1)
cases = []


def encode(values, kind):
    assert np.array_equal(values.astype(kind), values), "the stored numbers are not those that were used"
    return base64.b64encode(np.ascontiguousarray(values, dtype=kind).tobytes()).decode()


def normal(*shape, deviation=1.0, mean=0.0):
    return (torch.randn(*shape) * deviation + mean).double()


def case(name, operation, function, inputs, options=None, by=None):
    """`function(**inputs)` returns y, or a dictionary with y. Gradients by the inputs in `by` (all that are floats if None)."""
    by = [k for k, v in inputs.items() if v.is_floating_point()] if by is None else by
    leaves = {k: v.clone().requires_grad_(k in by) for k, v in inputs.items()}
    result = function(**leaves)
    outputs = result if isinstance(result, dict) else {"y": result}
    stored = dict(inputs)
    if by:
        stored["dy"] = normal(*outputs["y"].shape)
        outputs["y"].backward(stored["dy"])
        for k in by:
            outputs["d" + k] = leaves[k].grad
    cases.append({
        "name": name, "operation": operation, "options": options or {},
        "inputs": {k: [list(v.shape), encode(v.detach().numpy(), "<f4" if v.is_floating_point() else "<i4")] for k, v in stored.items()},
        "outputs": {k: encode(v.detach().numpy(), "<f8") for k, v in outputs.items()},
    })


# ---- convolution, transposed convolution, linear ----------------------------------------------------------------------

def conv(image, out, kernel, stride=1, padding=0, dilation=1, groups=1, bias=True):
    kh, kw = (kernel, kernel) if isinstance(kernel, int) else kernel
    inputs = {"x": normal(*image), "weight": normal(out, image[1] // groups, kh, kw)}
    if bias:
        inputs["bias"] = normal(out)
    options = {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    case(f"{image} to {out} {options}", "conv2d",
         lambda x, weight, bias=None: F.conv2d(x, weight, bias, stride, padding, dilation, groups), inputs, options)


conv((1, 3, 5, 4), 2, 1)
conv((2, 4, 5, 5), 3, 1, stride=2, bias=False)
conv((2, 2, 5, 6), 3, 3, padding=1)
conv((1, 3, 8, 7), 2, 3, stride=2, padding=1, bias=False)
conv((1, 2, 9, 8), 2, (3, 2), stride=(2, 1), padding=(1, 3), dilation=(2, 3))
conv((1, 2, 9, 9), 2, 7, stride=2, padding=3)
conv((1, 2, 7, 7), 2, 3, padding=2, dilation=2)
conv((2, 4, 5, 4), 6, 3, padding=1, groups=2)
conv((2, 4, 6, 5), 4, 3, stride=2, padding=1, groups=4, bias=False)
conv((1, 3, 7, 7), 3, 5, stride=1, padding=2, groups=3)
conv((1, 3, 5, 5), 6, 3, stride=2, padding=1, groups=3)
conv((1, 2, 3, 3), 2, 2, padding=3)


def conv_transpose(image, out, kernel, stride=1, padding=0, output_padding=0, dilation=1, groups=1, bias=True):
    kh, kw = (kernel, kernel) if isinstance(kernel, int) else kernel
    inputs = {"x": normal(*image), "weight": normal(image[1], out // groups, kh, kw)}
    if bias:
        inputs["bias"] = normal(out)
    options = {"kernel": kernel, "stride": stride, "padding": padding, "outputPadding": output_padding, "dilation": dilation, "groups": groups}
    case(f"{image} to {out} {options}", "convTranspose2d",
         lambda x, weight, bias=None: F.conv_transpose2d(x, weight, bias, stride, padding, output_padding, groups, dilation), inputs, options)


conv_transpose((2, 3, 3, 4), 2, 2, stride=2)
conv_transpose((1, 2, 4, 3), 3, 3, stride=2, padding=1, output_padding=1)
conv_transpose((1, 2, 3, 3), 2, 4, stride=2, padding=1, bias=False)
conv_transpose((1, 4, 3, 4), 6, 3, stride=1, padding=1, groups=2)
conv_transpose((1, 3, 4, 3), 3, 3, stride=2, padding=1, groups=3, bias=False)
conv_transpose((1, 2, 3, 4), 2, (3, 2), stride=(1, 3), padding=(2, 0), output_padding=(0, 2), dilation=(2, 1))

for batch, features, out, bias in ((1, 1, 1, True), (3, 5, 4, True), (2, 13, 7, False)):
    inputs = {"x": normal(batch, features), "weight": normal(out, features)}
    if bias:
        inputs["bias"] = normal(out)
    case(f"{batch}x{features} to {out}", "linear", lambda x, weight, bias=None: F.linear(x, weight, bias), inputs)

# ---- batch normalisation ----------------------------------------------------------------------------------------------

for image, epsilon, momentum in (((2, 3, 4, 5), 1e-5, 0.1), ((3, 2, 1, 1), 1e-3, 0.01), ((1, 4, 3, 2), 1e-5, 1.0)):
    c = image[1]
    inputs = {"x": normal(*image, deviation=2, mean=0.7), "gamma": normal(c, deviation=0.3, mean=1), "beta": normal(c),
              "runningMean": normal(c, deviation=0.3), "runningVariance": (torch.rand(c) + 0.5).double()}

    def training(x, gamma, beta, runningMean, runningVariance):
        y, mean, inverse = torch.native_batch_norm(x, gamma, beta, runningMean, runningVariance, True, momentum, epsilon)
        return {"y": y, "mean": mean, "inverseStd": inverse, "runningMean": runningMean, "runningVariance": runningVariance}

    def inference(x, gamma, beta, runningMean, runningVariance):
        return F.batch_norm(x, runningMean, runningVariance, gamma, beta, False, momentum, epsilon)

    options = {"epsilon": epsilon, "momentum": momentum}
    case(f"{image} {options}", "batchNormTraining", training, inputs, options, by=["x", "gamma", "beta"])
    case(f"{image} {options}", "batchNormInference", inference, inputs, options, by=["x", "gamma", "beta"])

# ---- activations ------------------------------------------------------------------------------------------------------

special = torch.tensor([20, -20, 40, -40, 88, -88, 104, -104, 1e-6, -1e-6, 1e-12, 700, -700], dtype=torch.float32).double()
x = torch.cat([normal(40, deviation=3), special])
kinks = torch.tensor([0, 6, 5.9999, 6.0001, -3.0001, 3.0001], dtype=torch.float32).double()
with_kinks = torch.cat([x, kinks])
case("with kinks", "relu", lambda x: F.relu(x), {"x": with_kinks})
case("with kinks", "relu6", lambda x: F.relu6(x), {"x": with_kinks})
for slope in (0.01, 0.25):
    case(f"slope {slope}, with kinks", "leakyRelu", lambda x: F.leaky_relu(x, slope), {"x": with_kinks}, {"slope": slope})
case("plain", "sigmoid", lambda x: torch.sigmoid(x), {"x": x})
case("plain", "silu", lambda x: F.silu(x), {"x": x})
case("plain", "tanh", lambda x: torch.tanh(x), {"x": x})
case("plain", "hardSwish", lambda x: F.hardswish(x), {"x": x})
# F.hardsigmoid's own backward pass has 1/6 in float32, even for doubles.
assert torch.allclose(F.hardsigmoid(x), F.relu6(x + 3) / 6, rtol=1e-14, atol=0)
case("slope 1/6", "hardSigmoid", lambda x: F.relu6(x + 3) / 6, {"x": x}, {"slope": 1 / 6, "offset": 0.5})
case("slope 1/5", "hardSigmoid", lambda x: torch.clamp(0.2 * x + 0.5, 0, 1), {"x": x}, {"slope": 0.2, "offset": 0.5})

# ---- pooling and resizing ---------------------------------------------------------------------------------------------

windows = [
    ((2, 2, 4, 6), dict(kernel=2)),
    ((1, 2, 7, 6), dict(kernel=3, stride=2, padding=1)),
    ((1, 2, 6, 8), dict(kernel=3, stride=2, ceilMode=True)),
    ((1, 2, 7, 6), dict(kernel=3, stride=2, padding=1, ceilMode=True)),
    ((1, 2, 5, 6), dict(kernel=2, stride=2, padding=1, ceilMode=True)),
    ((1, 1, 5, 7), dict(kernel=2, stride=3, ceilMode=True)),
    ((1, 1, 7, 9), dict(kernel=(4, 5), stride=(3, 4), padding=(2, 1), ceilMode=True)),
    ((1, 1, 6, 7), dict(kernel=(3, 2), stride=(1, 2), padding=(1, 0))),
]
for image, o in windows:
    stride, padding, ceil = o.get("stride", o["kernel"]), o.get("padding", 0), o.get("ceilMode", False)

    def maximum(x):
        y, at = F.max_pool2d(x, o["kernel"], stride, padding, 1, ceil, return_indices=True)
        return {"y": y, "argmax": at.double()}

    case(f"{image} {o}", "maxPool", maximum, {"x": normal(*image)}, o)
    case(f"{image} {o} with equals", "maxPool", maximum, {"x": torch.randint(0, 3, image).double()}, o)
    for count in (True, False):
        case(f"{image} {o} {'counting' if count else 'not counting'} padding", "averagePool",
             lambda x: F.avg_pool2d(x, o["kernel"], stride, padding, ceil, count), {"x": normal(*image)}, {**o, "countPadding": count})


def global_maximum(x):
    y, at = F.adaptive_max_pool2d(x, 1, return_indices=True)
    return {"y": y, "argmax": at.double()}


case("plain", "globalAveragePool", lambda x: F.adaptive_avg_pool2d(x, 1), {"x": normal(2, 3, 4, 5)})
case("plain", "globalMaxPool", global_maximum, {"x": normal(2, 3, 4, 5)})
for image, to in (((2, 2, 4, 3), (8, 6)), ((1, 2, 3, 5), (7, 11)), ((1, 2, 7, 5), (3, 2)), ((1, 2, 5, 6), (1, 1)), ((1, 1, 1, 1), (3, 4)), ((1, 2, 6, 3), (4, 7))):
    o = {"outHeight": to[0], "outWidth": to[1]}
    case(f"{image} to {to}", "adaptiveAveragePool", lambda x: F.adaptive_avg_pool2d(x, to), {"x": normal(*image)}, o)
    case(f"{image} to {to}", "upsampleNearest", lambda x: F.interpolate(x, to, mode="nearest"), {"x": normal(*image)}, o)
    for corners in (False, True):
        case(f"{image} to {to}, corners {'aligned' if corners else 'not aligned'}", "upsampleBilinear",
             lambda x: F.interpolate(x, to, mode="bilinear", align_corners=corners), {"x": normal(*image)}, {**o, "alignCorners": corners})

# ---- joining, moving, dropping ----------------------------------------------------------------------------------------

case("plain", "add", lambda a, b: a + b, {"a": normal(2, 3, 4), "b": normal(2, 3, 4)})
case("plain", "channelScale", lambda x, gate: x * gate[:, :, None, None], {"x": normal(2, 3, 4, 3), "gate": torch.rand(2, 3).double()})
case("three", "concat", lambda a, b, c: torch.cat([a, b, c], 1), {"a": normal(2, 3, 2, 2), "b": normal(2, 1, 2, 2), "c": normal(2, 4, 2, 2)})


def shuffle(x, groups):
    n, c, h, w = x.shape
    y = x.view(n, groups, c // groups, h, w).transpose(1, 2).reshape(n, c, h, w)
    assert torch.equal(y, torch.nn.ChannelShuffle(groups)(x.detach()))  # which has no backward pass in every version
    return y


for groups in (2, 3):
    case(f"{groups} groups", "channelShuffle", lambda x: shuffle(x, groups), {"x": normal(2, 12, 2, 2)}, {"groups": groups})
mask = (torch.rand(37) < 0.8).double() / 0.8
case("mask given", "dropout", lambda x, mask: x * mask, {"x": normal(37), "mask": mask.float().double()}, by=["x"])

# ---- softmax with cross-entropy ---------------------------------------------------------------------------------------

for shape, smoothing in (((3, 5), 0.0), ((4, 7), 0.1), ((2, 3, 4), 0.0), ((2, 4, 3), 0.2), ((2, 6), 1.0)):
    inputs = {"logits": normal(*shape, deviation=3), "labels": torch.randint(0, shape[1], (shape[0], *shape[2:]))}

    def loss(logits, labels):
        logits.requires_grad_()
        F.cross_entropy(logits, labels, label_smoothing=smoothing).backward()
        return {"probabilities": F.softmax(logits, 1), "dlogits": logits.grad,
                "loss": F.cross_entropy(logits, labels, reduction="none", label_smoothing=smoothing)}

    case(f"{shape} smoothing {smoothing}", "crossEntropy", loss, inputs, {"smoothing": smoothing}, by=[])

# ---- the Squeeze-and-Excitation block ---------------------------------------------------------------------------------

for image, hidden, bias in (((2, 6, 3, 4), 2, True), ((3, 4, 2, 2), 3, False)):
    c = image[1]
    inputs = {"x": normal(*image, mean=0.5), "w1": normal(hidden, c), "w2": normal(c, hidden)}
    if bias:
        inputs |= {"b1": normal(hidden), "b2": normal(c)}

    def block(x, w1, w2, b1=None, b2=None):
        z = x.mean((2, 3))
        s = torch.sigmoid(F.linear(F.relu(F.linear(z, w1, b1)), w2, b2))
        return {"y": x * s[:, :, None, None], "gates": s}

    case(f"{image} through {hidden}{'' if bias else ' without biases'}", "squeezeExcite", block, inputs)

# ---- over the channels, pixel by pixel -----------------------------------------------------------------------------------


def channel_maximum(x):
    y, at = x.max(1)
    return {"y": y, "argmax": at.double()}


case("plain", "channelMean", lambda x: x.mean(1), {"x": normal(2, 3, 4, 5)})
case("plain", "channelMax", channel_maximum, {"x": normal(2, 3, 4, 5)})
case("plain", "pixelScale", lambda x, gate: x * gate[:, None], {"x": normal(2, 3, 4, 3), "gate": torch.rand(2, 4, 3).double()})

# ---- cross-entropy with shares of classes, [batch, ..., classes] -----------------------------------------------------------

for shape, smoothing in (((3, 5), 0.0), ((4, 7), 0.1), ((2, 3, 4), 0.2)):
    # Whole 1024ths, so that each row adds up to 1 exactly.
    parts = torch.randint(0, 100, (shape[0], *shape[2:], shape[1]))
    parts[..., 0] = 0
    parts[..., -1] = 1024 - parts[..., :-1].sum(-1)
    inputs = {"logits": normal(*shape, deviation=3), "shares": parts.double() / 1024}

    def soft_loss(logits, shares):
        logits.requires_grad_()
        target = shares.movedim(-1, 1)
        F.cross_entropy(logits, target, label_smoothing=smoothing, reduction="sum").div(shares[..., 0].numel()).backward()
        return {"probabilities": F.softmax(logits, 1), "dlogits": logits.grad,
                "loss": F.cross_entropy(logits, target, reduction="none", label_smoothing=smoothing)}

    case(f"{shape} smoothing {smoothing}", "softCrossEntropy", soft_loss, inputs, {"smoothing": smoothing}, by=[])

with open(os.path.join(os.path.dirname(__file__), "torch_layers.json"), "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
print(len(cases), "cases")
