"""State dicts and answers of torchvision's own models, for test/models/published/torchvision.test.ts:
/usr/bin/python3 test/goldens/networks/torchvision_manifests.py

torchvision_manifests.json, by model: `parameters`, their number; `macs`, the multiply-accumulates of its
convolution and linear layers for one image of 224x224; `tensors`, name and shape in the order of the state dict,
where `"bn1": 64` stands for a batch normalisation's weight, bias, running_mean, running_var ([64] each) and
num_batches_tracked ([]); and for some models `logits`: the first 16 for one image of 64x64, in evaluation mode
and float64, with weights and image by the recipe of test/fixtures/recipe.ts.
"""
import json
import os

import numpy as np
import torch
import torchvision

torch.set_num_threads(1)
MODELS = [
    "resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large",
    "vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn", "resnext50_32x4d", "resnext101_32x4d",
    "densenet121", "densenet169", "googlenet", "shufflenet_v2_x0_5", "shufflenet_v2_x1_0", "shufflenet_v2_x1_5", "shufflenet_v2_x2_0",
]
WITH_LOGITS = ["resnet18", "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large", "resnext50_32x4d", "densenet121", "googlenet", "shufflenet_v2_x1_0"]
LEAVES = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]


def uniform(name, count):
    """mulberry32 of the FNV-1a hash of `name`; its state only counts up, so that all values come at once."""
    seed = 2166136261
    for byte in name.encode():
        seed = (seed ^ byte) * 16777619 % 2**32
    mask = np.uint64(0xFFFFFFFF)
    a = (np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x6D2B79F5)) & mask
    t = (a ^ (a >> np.uint64(15))) * (a | np.uint64(1)) & mask
    t = ((t + ((t ^ (t >> np.uint64(7))) * (t | np.uint64(61)) & mask)) & mask) ^ t
    return (t ^ (t >> np.uint64(14))).astype(np.float64) / 2**32


def recipe(name, shape):
    v = 2 * uniform(name, int(np.prod(shape))) - 1
    if name == "input":
        values = v
    elif name.endswith(".running_mean"):
        values = 0.1 * v
    elif name.endswith(".running_var"):
        values = 1 + 0.5 * v
    elif len(shape) == 1:
        values = 1 + 0.2 * v if name.endswith(".weight") else 0.1 * v
    else:
        values = v * np.sqrt(4 / np.prod(shape[1:]))
    return torch.from_numpy(values.astype(np.float32).astype(np.float64).reshape(shape))


def tensors(state):
    found = {}
    for name, tensor in state.items():
        module, leaf = name.rsplit(".", 1)
        if module + ".running_mean" in state:
            assert leaf in LEAVES
            found[module] = state[module + ".weight"].shape[0]
        else:
            found[name] = list(tensor.shape)
    return found


def build(name):
    if name == "resnext101_32x4d":
        # torchvision names other widths of it only.
        return torchvision.models.ResNet(torchvision.models.resnet.Bottleneck, [3, 4, 23, 3], groups=32, width_per_group=4)
    if name == "googlenet":
        # Without the classifiers that only training has; nothing is drawn, since weights are set below.
        return torchvision.models.googlenet(weights=None, aux_logits=False, init_weights=False)
    return getattr(torchvision.models, name)(weights=None)


def macs(model):
    counts = []

    def count(module, _input, output):
        images = output.shape[2] * output.shape[3] if output.dim() == 4 else 1
        counts.append(module.weight.numel() * images)

    hooks = [m.register_forward_hook(count) for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    with torch.no_grad():
        model.eval()(torch.zeros(1, 3, 224, 224))
    for hook in hooks:
        hook.remove()
    return sum(counts)


def main():
    golden = {}
    for name in MODELS:
        model = build(name)
        state = model.state_dict()
        golden[name] = {"parameters": sum(p.numel() for p in model.parameters()), "macs": macs(model), "tensors": tensors(state)}
        if name in WITH_LOGITS:
            for key, tensor in state.items():
                if not key.endswith("num_batches_tracked"):
                    state[key] = recipe(key, tuple(tensor.shape))
            model.double().load_state_dict(state)
            with torch.no_grad():
                logits = model.eval()(recipe("input", (1, 3, 64, 64)))
            golden[name]["logits"] = logits[0, :16].tolist()

    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "torchvision_manifests.json"), "w") as f:
        f.write("{\n" + ",\n".join(f'"{name}":{json.dumps(value, separators=(",", ":"))}' for name, value in golden.items()) + "\n}\n")


if __name__ == "__main__":
    main()
