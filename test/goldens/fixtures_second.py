"""Brings test/fixtures/second up to date from the project's facts: python3 test/goldens/fixtures_second.py FACTS_FOLDER FIXTURES_FOLDER

Networks of today with gates, answered by timm 1.0.31 and torchvision 0.29.1 on torch 2.14.1. manifests.json: names and shapes, "bn1.*": [64] for a
batch normalisation, parameters and multiply-accumulates (of SE too) at an image size. logits.json: answers for weights that are a function of their names
(test/fixtures/recipe.ts), small images only.
"""
import json
import os
import sys

facts, fixtures = sys.argv[1:]
out = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fixtures", "second")
with open(os.path.join(facts, "manifests-2.json")) as f:
    manifests = json.load(f)
with open(os.path.join(fixtures, "reference-logits-2.json")) as f:
    logits = json.load(f)


def write(name, rows):
    with open(os.path.join(out, name), "w") as f:
        f.write("{\n" + ",\n".join(f'"{key}":{json.dumps(row, separators=(",", ":"))}' for key, row in rows.items()) + "\n}\n")


small = ["64", "75", "97", "97x130"]
per_size = ["step", "largest", "logits", "shape", "mean", "std"]
write("manifests.json", manifests)
write("logits.json", {
    name: {"parameters": v["parameters"], **({"gain": v["gain"]} if "gain" in v else {}),
           **{key: {size: v[key][size] for size in small if size in v[key]} for key in per_size if key in v}}
    for name, v in logits.items()})
