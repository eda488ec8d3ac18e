"""Checkpoints by whatever torch runs this, in both forms, with what is in them, for checkpoints.ts: see there.

    python test/peers/torch/checkpoints.py FOLDER

torch 1.13.1 (Python 3.10, numpy below 2) and torch 2.14.1 were tried.
"""
import collections, json, os, sys, warnings
import torch

warnings.simplefilter("ignore")
out = sys.argv[1]
os.makedirs(out, exist_ok=True)
generator = torch.Generator().manual_seed(3)


def drawn(*shape, dtype=torch.float32):
    return (torch.randn(*shape, generator=generator) * 3).to(dtype)


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1, self.fc = torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.Linear(8, 5)


net, base = Net(), drawn(6, 8)
state = net.state_dict()
optimiser = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
for parameter in net.parameters():
    parameter.grad = torch.ones_like(parameter)
optimiser.step()
CASES = {
    "state": state,
    "wrapped": {"epoch": 3, "state_dict": state, "optimizer": optimiser.state_dict(), "best": torch.tensor(1.5)},
    "types": {
        "half": drawn(3, 4, dtype=torch.float16), "bfloat16": drawn(5, dtype=torch.bfloat16), "double": drawn(2, 2, dtype=torch.float64),
        "long": torch.arange(7), "bool": torch.tensor([True, False]), "int8": torch.arange(-4, 4, dtype=torch.int8),
        "uint8": torch.arange(9, dtype=torch.uint8), "scalar": torch.tensor(2.5),
    },
    "views": {"all": base, "rows": base[1:4], "turned": base.t(), "every": base[:, ::2], "stretched": base[:1].expand(4, 8)},
    "parameters": collections.OrderedDict(net.named_parameters()),
    "nested": {"model": {"module." + name: tensor for name, tensor in state.items()}},
}
REFUSED = {"module": net, "optimiser": optimiser.state_dict()}


def flat(value, before=""):
    for name, item in value.items():
        if torch.is_tensor(item):
            yield f"{before}{name}", item
        elif isinstance(item, dict):
            yield from flat(item, f"{before}{name}.")


files = {}
for name, value in {**CASES, **REFUSED}.items():
    for form in ("zip", "legacy"):
        file = f"{name}-{form}.pth"
        torch.save(value, os.path.join(out, file), _use_new_zipfile_serialization=form == "zip")
        files[file] = None if name in REFUSED else {
            key: {"shape": list(tensor.shape), "data": tensor.detach().double().flatten().tolist()} for key, tensor in flat(value)
        }
torch.jit.script(torch.nn.Linear(2, 2)).save(os.path.join(out, "script.pt"))
files["script.pt"] = None
with open(os.path.join(out, "answers.json"), "w") as file:
    json.dump({"made": f"torch {torch.__version__}", "files": files}, file)
print(f"torch {torch.__version__}: {len(files)} files")
