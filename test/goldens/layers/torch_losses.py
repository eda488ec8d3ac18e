"""Cross-entropy of extreme logits, and clipping of gradients, by PyTorch: makes torch_losses.json. Run with torch 2.13.0."""
import json
import pathlib

import torch
from torch.nn.functional import cross_entropy

INF = float("inf")
# Exact in float32. -inf is written as null: JSON has none.
logits = {
    "ten equal logits of 1e4": [[1e4] * 10],
    "ten equal logits of -1e4": [[-1e4] * 10],
    "ten equal logits of 3e37": [[3e37] * 10],
    "two of 1e30 and 0": [[1e30, 1e30, 0.0]],
    "one of 1e30": [[0.0, 1e30, 0.0]],
    "far apart": [[-80.0, 0.0, 90.0, 2.5], [1e3, -1e3, 999.0, 998.5]],
    "classes that cannot be": [[1.0, -INF, 2.0], [0.5, 0.25, -INF]],
    "small": [[1e-30, -1e-30, 0.0, 1e-38]],
}
cases = []
for name, rows in logits.items():
    x = torch.tensor(rows, dtype=torch.float32).double()
    for smoothing in [0.0, 0.1]:
        for kind in ["labels", "shares"]:
            if smoothing > 0 and torch.isinf(x).any():
                continue
            batch, classes = x.shape
            label = torch.tensor([0, 1] if torch.isinf(x).any() else [(2 * i) % classes for i in range(batch)])
            if kind == "labels":
                target = label
            else:
                target = torch.zeros(batch, classes, dtype=torch.float64)
                for i in range(batch):
                    target[i, label[i]] += 0.75
                    target[i, (0, 1, 2)[i] if not torch.isinf(x).any() else label[i]] += 0.25
            given = x.clone().requires_grad_()
            if kind == "shares" and torch.isinf(x).any():
                # torch multiplies 0 by -inf there; the limit is that of the labels.
                loss = cross_entropy(given, label, label_smoothing=smoothing)
            else:
                loss = cross_entropy(given, target, label_smoothing=smoothing)
            loss.backward()
            cases.append({
                "name": name, "classes": classes, "smoothing": smoothing, "kind": kind,
                "logits": [None if v == -INF else v for row in x.tolist() for v in row],
                "targets": target.flatten().tolist(), "loss": loss.item(), "gradient": given.grad.flatten().tolist(),
            })

# Of two equal logits, the mean over so many batches.
clipped = []
for batches in [1, 1000, 1000000]:
    for largest in [1.0, 0.1, 1e-3, 1e-6, 1e-7]:
        parameter = torch.nn.Parameter(torch.zeros(2, dtype=torch.float64))
        parameter.grad = torch.tensor([-0.5, 0.5], dtype=torch.float64) / batches
        torch.nn.utils.clip_grad_norm_([parameter], largest)
        clipped.append({"batches": batches, "largest": largest, "clipped": parameter.grad.tolist()})

here = pathlib.Path(__file__).parent
here.joinpath("torch_losses.json").write_text(json.dumps({"torch": torch.__version__, "cases": cases, "clipped": clipped}, indent=1) + "\n")
