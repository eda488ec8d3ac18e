"""Cross-entropy with weights of classes by PyTorch 2.14: labels and shares, smoothing, pixels. Writes torch_class_weights.json beside this file.

python3 torch_class_weights.py   (pip install torch==2.14.1)
"""
import json
import pathlib
import torch
from torch.nn.functional import cross_entropy

torch.manual_seed(7)
cases = []
for classes, pixels, smoothing, weights in [
    (3, [], 0.0, [0.5, 1.0, 3.0]), (3, [], 0.2, [0.5, 1.0, 3.0]), (5, [], 0.1, [2.0, 0.0, 1.0, 0.25, 7.0]), (4, [2, 3], 0.0, [1.0, 2.0, 3.0, 4.0]),
    (4, [2, 3], 0.3, [1.0, 2.0, 3.0, 4.0]), (2, [], 0.1, [1.0, 1.0]),
]:
    for mixed in [False, True]:
        batch = 4
        logits = (3 * torch.randn(batch, classes, *pixels, dtype=torch.float64)).requires_grad_()
        if mixed:
            target = torch.softmax(2 * torch.randn(batch, classes, *pixels, dtype=torch.float64), 1)
            # [N, classes, ...] to a row for each label
            labels = target.movedim(1, -1).reshape(-1).tolist()
        else:
            target = torch.randint(classes, (batch, *pixels))
            labels = target.reshape(-1).tolist()
        loss = cross_entropy(logits, target, weight=torch.tensor(weights, dtype=torch.float64), label_smoothing=smoothing)
        loss.backward()
        cases.append({
            "shape": list(logits.shape), "logits": logits.reshape(-1).tolist(), "mixed": mixed, "labels": labels, "smoothing": smoothing, "weights": weights,
            "loss": loss.item(), "gradient": logits.grad.reshape(-1).tolist(),
        })
here = pathlib.Path(__file__).parent
here.joinpath("torch_class_weights.json").write_text(json.dumps({"torch": torch.__version__, "cases": cases}) + "\n")
