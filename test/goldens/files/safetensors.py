"""A safetensors file from a writer of its own, for test/io/weights/safetensors.test.ts: /usr/bin/python3 test/goldens/files/safetensors.py

Made with struct, json and torch from the format's description: F32, F16, BF16, F64, the I64 counters of batch normalisation, a scalar,
an empty tensor, names that are not ASCII, a header with white space whose length leaves the data unaligned.
safetensors.json holds the values that torch reads back.
"""
import json
import os

import torch

torch.manual_seed(3)
tensors = {
    "conv1.weight": torch.randn(2, 3, 3, 3),
    "bn1.num_batches_tracked": torch.tensor(1234567890123),
    "bn1.weight": torch.rand(5).half(),
    "bn1.bias": torch.randn(5).bfloat16(),
    "double": torch.randn(2, 2, dtype=torch.float64),
    "scalar": torch.tensor(1.5),
    "empty": torch.zeros(0, 4),
    "größe \U0001f600": torch.tensor([1e-7, 65504.0, -0.0]).half(),
    "special": torch.tensor([float("inf"), -float("inf"), 3e38, 1e-45]),
    "special.bf16": torch.tensor([float("inf"), 3e38, 1e-40, -2.5]).bfloat16(),
    "layer1.0.bn2.num_batches_tracked": torch.tensor(7),
}
names = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.float64: "F64", torch.int64: "I64"}

header, data = {"__metadata__": {"format": "pt", "größe": "a\nb"}}, b""
for name, tensor in tensors.items():
    raw = bytes(tensor.contiguous().view(-1).view(torch.uint8).tolist()) if tensor.dim() else bytes(tensor.view(1).view(torch.uint8).tolist())
    header[name] = {"dtype": names[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
    data += raw
text = json.dumps(header, indent=1, ensure_ascii=False).encode()
text += b" " * ((3 - len(text)) % 4)

here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "safetensors.safetensors"), "wb") as f:
    f.write(len(text).to_bytes(8, "little") + text + data)


def spell(x):
    return x if abs(x) < float("inf") else "Infinity" if x > 0 else "-Infinity"


values = {name: [list(t.shape), [spell(x) for x in t.double().view(-1).tolist()]] for name, t in tensors.items() if t.dtype != torch.int64}
with open(os.path.join(here, "safetensors.json"), "w") as f:
    json.dump(values, f, ensure_ascii=False, separators=(",", ":"))
