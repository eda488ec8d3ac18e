"""Makes JPEG files of many kinds and what Pillow reads from them, for compare.ts: see there.

    python make.py FOLDER [--damaged N] [--rearranged N] [--seed S]

Without these options: 2,160 whole files by Pillow, cjpeg (Debian's libjpeg-turbo-progs) and ImageMagick (Debian's imagemagick), over
quality, sampling, progressive, restart intervals, sizes from 1 to 70, grey and colour. --damaged: N files cut, with bytes changed, or with
pieces moved. --rearranged: N files whose segments and scans are put together in ways that no encoder means (rearrange.py). Each with what
Pillow says of it, strictly and with LOAD_TRUNCATED_IMAGES. All in FOLDER/files.bin, one after another, and FOLDER/answers.json. Made with
Pillow 13.0.0 (libjpeg-turbo 3.2.0) on x86-64.
"""
import argparse
import hashlib
import io
import json
import os
import subprocess
import warnings

import numpy as np
import PIL
from PIL import Image, ImageFile, features

from rearrange import rearranged

warnings.simplefilter("ignore")
arguments = argparse.ArgumentParser()
arguments.add_argument("folder")
arguments.add_argument("--damaged", type=int, default=0)
arguments.add_argument("--rearranged", type=int, default=0)
arguments.add_argument("--seed", type=int, default=1)
options = arguments.parse_args()
random = np.random.default_rng(options.seed)


def pixels(width, height, channels):
    """Waves, noise and hard edges, each to a degree of its own."""
    y, x = np.mgrid[0:height, 0:width]
    turn = [x / random.uniform(1, 20) + y / random.uniform(1, 20) + c for c in range(channels)]
    a = np.stack([128 + random.uniform(0, 140) * np.sin(angle) for angle in turn], -1)
    a += random.normal(0, random.choice([0, 3, 20, 90]), a.shape)
    for _ in range(random.integers(0, 4)):
        top, left = random.integers(0, height), random.integers(0, width)
        a[top : top + 9, left : left + 13] = random.integers(0, 256, channels)
    return np.clip(a, 0, 255).astype(np.uint8)


def side():
    return int(random.choice([1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, *random.integers(1, 71, 4)]))


def by_pillow(channels):
    a = pixels(side(), side(), channels)
    image = Image.fromarray(a[..., 0]) if channels == 1 else Image.fromarray(a, "CMYK") if channels == 4 else Image.fromarray(a)
    how = {"quality": int(random.choice([1, 5, 20, 50, 75, 90, 95, 100]))}
    how |= {"progressive": bool(random.integers(0, 2)), "optimize": bool(random.integers(0, 2))}
    if channels > 1:
        how["subsampling"] = int(random.integers(0, 3))
    if channels == 3 and random.integers(0, 8) == 0:
        how["keep_rgb"] = True
    if random.integers(0, 3) == 0:
        how["restart_marker_blocks"] = int(random.integers(1, 9))
    elif random.integers(0, 3) == 0:
        how["restart_marker_rows"] = 1
    out = io.BytesIO()
    image.save(out, "JPEG", **how)
    return out.getvalue()


SAMPLING = """1x1 2x1 1x2 2x2 4x1 1x4 4x2 2x4 1x1,2x1 1x1,2x2 2x2,1x2,2x1 2x2,2x1,1x2 4x1,2x1,1x1 1x1,1x2,2x1 3x1 3x3,1x1,3x1
1x1,1x1,4x1""".split()
SCANS = [
    "0;1;2;", "0,1;2;", "0 1 2: 0-0,0,0; 0: 1-63,0,0; 1: 1-63,0,0; 2: 1-63,0,0;",
    """0 1 2: 0-0,0,3; 0 1 2: 0-0,3,2; 0: 1-63,0,2; 1: 1-5,0,1; 2: 1-63,0,0; 0: 1-63,2,1; 1: 6-63,0,1; 1: 1-63,1,0;
    0 1 2: 0-0,2,1; 0 1 2: 0-0,1,0; 0: 1-63,1,0;""",
    """0: 0-0,0,1; 1: 0-0,0,0; 2: 0-0,0,0; 0: 1-20,0,4; 0: 21-63,0,3; 0: 1-20,4,3; 0: 1-63,3,2; 0: 1-63,2,1; 0: 1-63,1,0; 0: 0-0,1,0;
    1: 1-63,0,0; 2: 1-63,0,0;""",
]


def run(command, data):
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


def pnm(a):
    return b"P%d\n%d %d\n255\n" % (6 if a.shape[2] == 3 else 5, a.shape[1], a.shape[0]) + a.tobytes()


def by_cjpeg(channels):
    command = ["cjpeg", "-quality", str(random.choice([1, 10, 30, 75, 90, 100]))]
    if channels == 3:
        command += ["-sample", SAMPLING[random.integers(0, len(SAMPLING))]]
        if random.integers(0, 10) == 0:
            command += ["-rgb"]
    if random.integers(0, 3) == 0:
        command += ["-restart", str(random.choice(["1", "2", "1B", "3B"]))]
    command += [[], ["-progressive"], ["-optimize"], ["-dct", "float"]][random.integers(0, 4)]
    if channels == 3 and "-progressive" not in command and random.integers(0, 3) == 0:
        with open(os.path.join(options.folder, "scans"), "w") as file:
            file.write(SCANS[random.integers(0, len(SCANS))])
        command += ["-scans", file.name]
    return run(command, pnm(pixels(side(), side(), channels)))


def by_magick(channels):
    command = ["/usr/bin/convert", "pnm:-", "-quality", str(random.choice([1, 10, 50, 85, 100]))]
    command += ["-sampling-factor", str(random.choice(["4:2:0", "4:2:2", "4:4:4", "4:1:1", "4:4:0", "2x1,1x1,1x1"]))]
    command += [[], ["-interlace", "JPEG"], ["-colorspace", "Gray"], ["-colorspace", "CMYK"]][random.integers(0, 4)]
    return run([*command, "jpg:-"], pnm(pixels(side(), side(), channels)))


def damage(data):
    """The data, spoilt in one of several ways."""
    data = bytearray(data)
    kind = random.integers(0, 8)
    size = len(data)
    if kind == 0:
        return bytes(data[: random.integers(0, size)])
    if kind == 1:
        return bytes(data[: size - random.integers(0, 12)])
    if kind == 2:
        start, length = random.integers(0, size), random.integers(1, 40)
        return bytes(data[:start] + data[start + length :])
    if kind == 3:
        start, other, length = random.integers(0, size), random.integers(0, size), random.integers(1, 60)
        return bytes(data[:start] + data[other : other + length] + data[start:])
    scan = data.find(b"\xff\xda")
    for _ in range(random.integers(1, 4)):
        at = random.integers(2, size) if kind < 6 else random.integers(min(max(scan, 2), size - 1), size)
        if kind == 7 and random.integers(0, 2):
            data[at] = 0xFF
        elif random.integers(0, 2):
            data[at] = random.integers(0, 256)
        else:
            data[at] ^= 1 << random.integers(0, 8)
    return bytes(data)


def answer(data, lenient):
    """What Pillow gives: a digest of RGB (or of grey as RGB), or its error."""
    ImageFile.LOAD_TRUNCATED_IMAGES = lenient
    try:
        image = Image.open(io.BytesIO(data), formats=["JPEG"])
        if image.width * image.height > 1 << 22:
            return None
        image.load()
        rgb = image.convert("RGB").tobytes()
        return {"size": list(image.size), "sha256": hashlib.sha256(rgb).hexdigest()}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {str(error).split(' <')[0]}"}


os.makedirs(options.folder, exist_ok=True)
KINDS = [lambda: by_pillow(3), lambda: by_pillow(1), lambda: by_pillow(4), lambda: by_cjpeg(3), lambda: by_cjpeg(1), lambda: by_magick(3)]
COUNTS = [700, 250, 150, 700, 160, 200]
if options.damaged + options.rearranged > 0:
    COUNTS = [60, 30, 15, 60, 20, 5]
files = []
for make, count in zip(KINDS, COUNTS):
    wanted = len(files) + count
    while len(files) < wanted:
        try:
            files.append(make())
        except (OSError, subprocess.CalledProcessError):  # options that do not go together
            pass
if options.damaged > 0:
    files = [damage(files[random.integers(0, len(files))]) for _ in range(options.damaged)]
elif options.rearranged > 0:
    files = [rearranged(files[random.integers(0, len(files))], random) for _ in range(options.rearranged)]
cases = []
with open(os.path.join(options.folder, "files.bin"), "wb") as out:
    for data in files:
        strict, lenient = answer(data, False), answer(data, True)
        if strict is None or lenient is None:
            continue
        case = {"bytes": len(data), "strict": strict}
        if lenient != strict:
            case["lenient"] = lenient
        cases.append(case)
        out.write(data)
made = f"Pillow {PIL.__version__}, libjpeg-turbo {features.version('libjpeg_turbo')}"
with open(os.path.join(options.folder, "answers.json"), "w") as out:
    json.dump({"made": made, "cases": cases}, out)
print(len(cases), "files;", made)
