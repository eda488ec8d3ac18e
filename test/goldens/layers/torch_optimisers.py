"""Six steps of torch's optimisers on given gradients: makes torch_optimisers.json. Run with Debian's python3-torch."""
import json
import os

import torch

here = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(5)
STEPS = 6
# Exact in float32, so that both sides begin alike.
start = [[round(x * 64) / 64 for x in torch.randn(n).tolist()] for n in (6, 3)]
gradients = [[[round(x * 256) / 256 for x in torch.randn(n).tolist()] for n in (6, 3)] for _ in range(STEPS)]
rates = [0.1, 0.1, 0.05, 0.05, 0.02, 0.01]

cases = {
    "sgd": (torch.optim.SGD, dict(momentum=0.0), 0.0),
    "sgd momentum": (torch.optim.SGD, dict(momentum=0.9), 0.0),
    "sgd momentum decay": (torch.optim.SGD, dict(momentum=0.9), 0.1),
    "sgd nesterov decay": (torch.optim.SGD, dict(momentum=0.8, nesterov=True), 0.1),
    "adam": (torch.optim.Adam, dict(betas=(0.9, 0.999), eps=1e-8), 0.0),
    "adam decay": (torch.optim.Adam, dict(betas=(0.8, 0.95), eps=1e-3), 0.1),
    "adamw": (torch.optim.AdamW, dict(betas=(0.9, 0.999), eps=1e-8), 0.1),
}

results = {}
for name, (kind, options, decay) in cases.items():
    matrix = torch.tensor(start[0], dtype=torch.float64).reshape(2, 3).requires_grad_()
    vector = torch.tensor(start[1], dtype=torch.float64).requires_grad_()
    # What senet does by default: no decay on one-dimensional parameters.
    optimiser = kind([dict(params=[matrix], weight_decay=decay), dict(params=[vector], weight_decay=0.0)], lr=1.0, **options)
    trail = []
    for step in range(STEPS):
        matrix.grad = torch.tensor(gradients[step][0], dtype=torch.float64).reshape(2, 3)
        vector.grad = torch.tensor(gradients[step][1], dtype=torch.float64)
        for group in optimiser.param_groups:
            group["lr"] = rates[step]
        optimiser.step()
        trail.append([matrix.detach().flatten().tolist(), vector.detach().tolist()])
    results[name] = trail

with open(os.path.join(here, "torch_optimisers.json"), "w") as file:
    json.dump(dict(torch=torch.__version__, start=start, gradients=gradients, rates=rates, results=results), file, indent=0)
    file.write("\n")
