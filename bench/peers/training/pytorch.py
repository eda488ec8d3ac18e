"""
The other end of pytorch.ts: a training graph of senet's in PyTorch, channels last. A command a line on stdin, JSON, an answer a line on
stdout; arrays are raw float32 files in the folder that the first command names.
"""
import json
import math
import os
import sys
import time

import torch
import torch.nn.functional as F


def tensor(path, shape):
    data = torch.frombuffer(bytearray(open(path, "rb").read()), dtype=torch.float32).reshape(shape).clone()
    return data.contiguous(memory_format=torch.channels_last) if len(shape) == 4 else data


class Network:
    def __init__(self, folder, threads):
        torch.set_num_threads(threads)
        self.folder = folder
        graph = json.load(open(os.path.join(folder, "graph.json")))
        self.nodes, self.input, self.output = graph["nodes"], graph["input"], graph["output"]
        self.parameters = {}
        for i, (name, shape) in enumerate(graph["parameters"]):
            self.parameters[name] = tensor(os.path.join(folder, f"parameter{i}"), shape).requires_grad_()
        self.running = {
            i: [torch.zeros(node["channels"]), torch.ones(node["channels"])]
            for i, node in enumerate(self.nodes) if node["kind"] == "batch_norm"
        }
        self.sgd = torch.optim.SGD(self.parameters.values(), lr=0.001, momentum=0.9)

    def forward(self, x):
        values = {self.input: x}
        get = self.parameters.get
        for i, node in enumerate(self.nodes):
            kind = node["kind"]
            x, *more = [values[name] for name in node["inputs"]]
            if kind == "conv2d":
                y = F.conv2d(x, get(node["weight"]), get(node["bias"]), node["stride"], node["padding"], node["dilation"], node["groups"])
            elif kind == "linear":
                y = F.linear(x, get(node["weight"]), get(node["bias"]))
            elif kind == "batch_norm":
                mean, variance = self.running[i]
                y = F.batch_norm(x, mean, variance, get(node["gamma"]), get(node["beta"]), True, node["momentum"], node["epsilon"])
            elif kind == "relu":
                y = F.relu(x, inplace=True)
            elif kind == "sigmoid":
                y = torch.sigmoid(x)
            elif kind == "add":
                y = x + more[0]
            elif kind == "scale":
                y = x * more[0]
            elif kind == "global_pool":
                y = F.adaptive_avg_pool2d(x, 1)
            elif kind == "max_pool":
                y = F.max_pool2d(x, node["kernel"], node["stride"], node["padding"])
            elif kind == "flatten":
                y = torch.flatten(x, 1)
            values[node["output"]] = y
        return values[self.output]

    def loss(self, x, labels):
        return F.cross_entropy(self.forward(x), labels)

    def backward(self):
        """One pass on the batch of the folder; gradients go into files."""
        loss = self.loss(*self.batch())
        self.sgd.zero_grad()
        loss.backward()
        for i, parameter in enumerate(self.parameters.values()):
            with open(os.path.join(self.folder, f"gradient{i}"), "wb") as file:
                file.write(parameter.grad.contiguous(memory_format=torch.contiguous_format).numpy().tobytes())
        return {"loss": loss.item()}

    def batch(self):
        about = json.load(open(os.path.join(self.folder, "batch.json")))
        return tensor(os.path.join(self.folder, "x"), about["shape"]), torch.tensor(about["labels"])

    def steps(self, count):
        """Whole steps, the update included. The time of each, and that of all threads, in ms."""
        x, labels = self.batch()
        times, processor = [], []
        for _ in range(count):
            start, busy = time.perf_counter(), time.process_time()
            self.sgd.zero_grad()
            self.loss(x, labels).backward()
            self.sgd.step()
            times.append(1000 * (time.perf_counter() - start))
            processor.append(1000 * (time.process_time() - busy))
        return {"times": times, "processor": processor}


network = None
print(json.dumps({"version": torch.__version__}), flush=True)
for line in sys.stdin:
    command = json.loads(line)
    if command["kind"] == "load":
        network = Network(command["folder"], command["threads"])
        answer = {}
    elif command["kind"] == "backward":
        answer = network.backward()
    else:
        answer = network.steps(command["count"])
    print(json.dumps(answer), flush=True)
