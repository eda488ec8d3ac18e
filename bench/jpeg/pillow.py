"""Pillow's side of bench/jpeg: photographs to decode, and how long libjpeg-turbo takes.

    python pillow.py make FOLDER          writes 420.jpg, 444.jpg, progressive.jpg, grey.jpg of 2,464 x 1,632 pixels, quality 85
    python pillow.py time FILE ROUNDS     prints the best milliseconds of so many, reading and opening included
"""
import io
import os
import sys
import time

import numpy as np
from PIL import Image


def photograph(width, height):
    """Clouds of all sizes, edges and the noise of a sensor: about as many bytes as a photograph takes."""
    random = np.random.default_rng(1)
    a = np.zeros((height, width, 3))
    for octave in range(1, 9):
        noise = random.normal(0, 1, (3, (height >> octave) + 2, (width >> octave) + 2)).astype(np.float32)
        planes = [np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.BICUBIC)) for plane in noise]
        a += np.stack(planes, -1) * 2**octave * 0.28
    a += random.normal(0, 2.4, (height, width, 1))
    for _ in range(200):
        x, y = random.integers(0, width), random.integers(0, height)
        a[y : y + random.integers(5, 200), x : x + random.integers(5, 200)] += random.normal(0, 25, 3)
    return Image.fromarray(np.clip(a + 128, 0, 255).astype(np.uint8))


def make(folder):
    image = photograph(2464, 1632)
    for name, options in {
        "420": {"subsampling": 2}, "444": {"subsampling": 0}, "progressive": {"subsampling": 2, "progressive": True}, "grey": {},
    }.items():
        (image.convert("L") if name == "grey" else image).save(os.path.join(folder, f"{name}.jpg"), quality=85, **options)


def best(file, rounds):
    with open(file, "rb") as source:
        data = source.read()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        Image.open(io.BytesIO(data)).load()
        times.append(time.perf_counter() - start)
    return min(times) * 1000


if sys.argv[1] == "make":
    make(sys.argv[2])
else:
    print(best(sys.argv[2], int(sys.argv[3])))
