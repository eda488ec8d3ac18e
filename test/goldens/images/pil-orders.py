"""
Goldens for the order of the two passes of Pillow's resize: across then down until 12.1, down then across where that saves work since
13.0 (12.2 and 12.3: where a picture is more than 100 times as high as wide). Adds what the Pillow that runs it makes of each geometry to
pil-orders.json beside itself, under its version:

    for version in 12.1.1 12.2.0 12.3.0 13.0.0; do
        python3 -m venv pillow-$version && pillow-$version/bin/pip install numpy pillow==$version
        pillow-$version/bin/python pil-orders.py
    done
"""

import json
import os
import zlib

import numpy
import PIL
from PIL import Image

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pil-orders.json")
FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}

# [height, width] before and after: portraits and landscapes, each side shrinking, growing and staying, both sides of every threshold.
GEOMETRIES = [
    ((60, 40), (28, 28)), ((40, 60), (28, 28)), ((64, 48), (20, 20)), ((90, 30), (85, 28)), ((90, 30), (45, 15)), ((100, 20), (28, 28)),
    ((57, 24), (29, 10)), ((30, 30), (29, 30)), ((30, 30), (30, 29)), ((30, 30), (27, 29)), ((30, 30), (28, 29)), ((31, 30), (28, 29)),
    ((30, 40), (31, 20)), ((40, 30), (20, 31)), ((20, 30), (40, 60)), ((50, 20), (50, 10)), ((50, 20), (10, 20)), ((77, 33), (41, 15)),
    ((77, 33), (40, 15)), ((201, 2), (9, 7)), ((200, 2), (9, 7)), ((201, 2), (300, 3)), ((202, 2), (201, 1)), ((350, 3), (9, 2)),
    ((1, 50), (1, 9)), ((50, 1), (9, 1)), ((3, 200), (9, 9)), ((128, 128), (32, 64)), ((128, 128), (64, 32)), ((640, 5), (13, 5)),
]


def picture(height, width, channels):
    y, x, c = numpy.mgrid[0:height, 0:width, 0:channels]
    return ((y * 37 + x * 101 + c * 53 + (y * x * 7) // 3 + (y * y * 11) // 5) % 256).astype("u1")


cases = []
for (height, width), (new_height, new_width) in GEOMETRIES:
    for name, kind in FILTERS.items():
        for channels in (1, 3):
            pixels = picture(height, width, channels)
            image = Image.fromarray(pixels[..., 0], "L") if channels == 1 else Image.fromarray(pixels, "RGB")
            cases.append(zlib.crc32(image.resize((new_width, new_height), kind).tobytes()))

golden = json.load(open(path)) if os.path.exists(path) else {}
golden["geometries"] = GEOMETRIES
golden.setdefault("versions", {})[PIL.__version__] = cases
with open(path, "w") as file:
    text = json.dumps(golden, separators=(",", ":"), sort_keys=True)
    file.write(text.replace('"1', '\n"1').replace('"versions"', '\n"versions"') + "\n")
print(PIL.__version__, len(cases))
