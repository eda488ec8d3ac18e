"""Exports networks of timm by both of PyTorch's exporters, with logits by PyTorch, for test/peers/onnx-timm.ts.

  python test/peers/onnx-timm.py FOLDER [NAME...]

torch 2.13.0 (CPU), timm 1.0.31, onnx 1.23.2, onnxscript 0.7.2. Weights are drawn: a fresh network's last normalisations are 0, which would hide its gates.
For each network: the default exporter (dynamo) and the old one (script), at a fixed size, and with free batch and size.
"""
import json, os, sys, warnings, logging
os.environ.setdefault('OMP_NUM_THREADS', '1')
import torch, timm
from torch import nn

NAMES = ['mobilenetv3_small_050', 'efficientnet_b0', 'tf_efficientnet_b0', 'regnety_002', 'ghostnet_100', 'seresnet50', 'rexnet_100', 'repvit_m0_9']
GATES = ('SqueezeExcite', 'SEModule', 'SEWithNorm', 'SqueezeExciteModule')
# repvit folds its branches for use only when asked to.


def drawn(name):
    torch.manual_seed(1)
    model = timm.create_model(name, pretrained=False).eval()
    with torch.no_grad():
        for m in model.modules():
            if isinstance(m, (nn.BatchNorm2d, nn.BatchNorm1d)):
                m.weight.uniform_(.8, 1.2); m.bias.uniform_(-.1, .1); m.running_mean.uniform_(-.1, .1); m.running_var.uniform_(.5, 1.5)
            elif isinstance(m, (nn.Conv2d, nn.Linear)):
                fan = m.weight[0].numel(); m.weight.uniform_(-1, 1).mul_((4 / fan) ** .5)
                if m.bias is not None: m.bias.uniform_(-.1, .1)
    return model


def picture(*shape):
    g = torch.Generator().manual_seed(7)
    return torch.rand(shape, generator=g) * 2 - 1


def main():
    warnings.filterwarnings('ignore'); logging.disable(logging.CRITICAL); torch.set_num_threads(2)
    folder, names = sys.argv[1], sys.argv[2:] or NAMES
    os.makedirs(folder, exist_ok=True)
    at = f'{folder}/timm.json'
    notes = json.load(open(at)) if os.path.exists(at) else {}
    with open(f'{folder}/inputs.json', 'w') as f: json.dump({str(list(t.shape)): t.flatten().tolist() for t in (picture(1, 3, 64, 64), picture(2, 3, 97, 65))}, f)
    for name in names:
        model = drawn(name)
        gates = sum(type(m).__name__ in GATES for m in model.modules())
        x = picture(1, 3, 64, 64)
        y = picture(2, 3, 97, 65)
        free = {2: 'height', 3: 'width', 0: 'batch'}
        files = {}
        for kind in ('dynamo', 'dynamo-free', 'script', 'script-free'):
            path = f'{name}.{kind}.onnx'
            try:
                if kind.startswith('dynamo'):
                    shapes = ({i: torch.export.Dim.AUTO for i in (0, 2, 3)},) if kind.endswith('free') else None
                    torch.onnx.export(model, (x if shapes is None else picture(2, 3, 64, 96),), f'{folder}/{path}', dynamo=True, dynamic_shapes=shapes, verbose=False)
                else:
                    torch.onnx.export(model, (x,), f'{folder}/{path}', dynamo=False, opset_version=17, input_names=['x'], output_names=['y'], dynamic_axes={'x': free, 'y': {0: 'batch'}} if kind.endswith('free') else None)
                files[kind] = path
            except Exception as e:
                print(name, kind, 'is not exported:', str(e).strip().splitlines()[0][:200])
        with torch.no_grad():
            cases = [dict(dims=list(t.shape), logits=model(t).flatten().tolist()) for t in (x, y)]
        notes[name] = dict(gates=gates, files=files, cases=cases)
        with open(at, 'w') as f: json.dump(notes, f)
        print(name, gates, 'gates', *files, flush=True)


main()
