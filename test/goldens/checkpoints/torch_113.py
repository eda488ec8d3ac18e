"""Makes torch_113.json: files of torch.save in both of its forms, by torch 1.13.

torch 1.13.1 (Debian 12, python3-torch), numpy 1.24: python3 torch_113.py
"""
import base64, collections, hashlib, io, json, os
import torch

torch.manual_seed(3)
net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, bias=False), torch.nn.BatchNorm2d(4), torch.nn.Linear(4, 2)).eval()
w = torch.randn(4, 6)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
net[2](net[1](net[0](torch.randn(1, 3, 3, 3))).flatten(1)).sum().backward()
optimizer.step()
objects = {
    "state-dict": net.state_dict(),
    "views": {"a": w, "turned": w.t(), "strided": w[::2, 1::3], "expanded": torch.randn(3, 1).expand(3, 4), "last": torch.randn(2, 3, 4, 5).contiguous(memory_format=torch.channels_last)},
    "dtypes": collections.OrderedDict((str(d).split(".")[1], (torch.randn(2, 3) * 2).to(d)) for d in (torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.bool)),
    "trainer": {"epoch": 3, "arch": "net", "state_dict": {"module." + k: v for k, v in net.state_dict().items()}, "optimizer": optimizer.state_dict()},
    "parameters": {"p": torch.nn.Parameter(torch.randn(2)), "frozen": torch.nn.Parameter(torch.randn(2), requires_grad=False)},
}


def walk(path, x, out):
    if isinstance(x, torch.Tensor):
        c = x.detach().contiguous()
        raw = c.reshape(-1).view(torch.uint8).numpy().tobytes() if c.dim() else bytes(c.storage().untyped()) if hasattr(c.storage(), "untyped") else c.numpy().tobytes()
        out.append({"path": path, "dtype": str(x.dtype).split(".")[1], "shape": list(x.shape), "sha": hashlib.sha256(raw).hexdigest()[:16], "first": [float(v) for v in c.reshape(-1)[:6].double()]})
    elif isinstance(x, dict):
        for k, v in x.items():
            walk(path + [k], v, out)
    elif isinstance(x, (list, tuple)):
        for i, v in enumerate(x):
            walk(path + [i], v, out)


files = {}
for name, x in objects.items():
    tensors = []
    walk([], x, tensors)
    for form, options in (("zip", {}), ("legacy", {"_use_new_zipfile_serialization": False}), ("protocol4", {"pickle_protocol": 4})):
        b = io.BytesIO()
        torch.save(x, b, **options)
        files[f"{name}.{form}.pth"] = {"note": f"{name}, {form}", "tensors": tensors, "base64": base64.b64encode(b.getvalue()).decode()}
golden = os.path.splitext(os.path.abspath(__file__))[0] + ".json"
lines = ",\n".join(json.dumps(n) + ":" + json.dumps(e, separators=(",", ":")) for n, e in files.items())
open(golden, "w").write(json.dumps({"made_with": f"torch {torch.__version__}"})[:-1] + ',"files":{\n' + lines + "\n}}\n")
