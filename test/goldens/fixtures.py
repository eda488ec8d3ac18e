"""Brings test/fixtures up to date from the project's facts: /usr/bin/python3 test/goldens/fixtures.py FACTS_FOLDER FIXTURES_FOLDER

manifests.json: names and shapes of published checkpoints. A batch normalisation is written as one entry, "bn1": 64, and stands for its
weight, bias, running_mean and running_var of [64] and num_batches_tracked of []. reference-logits-64.json: logits at 64x64.
"""
import json
import os
import sys

facts, fixtures = sys.argv[1:]
out = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fixtures")

with open(os.path.join(facts, "manifests.json")) as f:
    manifests = json.load(f)
with open(os.path.join(fixtures, "reference-logits.json")) as f:
    logits = json.load(f)
with open(os.path.join(fixtures, "generator-check.json")) as f:
    check = json.load(f)


def shorten(tensors):
    short = {}
    for name, shape in tensors.items():
        module, leaf = name.rsplit(".", 1)
        if module + ".running_mean" not in tensors:
            short[name] = shape
        elif leaf == "weight":
            assert list(tensors)[list(tensors).index(name):][:5] == [f"{module}.{x}" for x in ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]]
            short[module] = shape[0]
    return short


same = {"timm/resnet50": "torchvision/resnet50", "timm/legacy_seresnet50": "timm/legacy_seresnet50 = Cadene/se_resnet50"}
wanted = list(logits) + ["timm/mobilenetv3_large_100", "timm/mobilenetv3_small_100"]
with open(os.path.join(out, "manifests.json"), "w") as f:
    f.write("{\n" + ",\n".join(f'"{name}":{json.dumps(shorten(manifests[same.get(name, name)]["tensors"]), separators=(",", ":"))}' for name in wanted) + "\n}\n")
with open(os.path.join(out, "reference-logits-64.json"), "w") as f:
    rows = (f'"{name}":{json.dumps({"parameters": v["parameters"], "logits": v["logits"]["64"]}, separators=(",", ":"))}' for name, v in logits.items())
    f.write("{\n" + ",\n".join(rows) + "\n}\n")
with open(os.path.join(out, "generator-check.json"), "w") as f:
    json.dump(check, f)
    f.write("\n")
