"""Half precision as numpy has it, for test/io/weights/half.test.ts: /usr/bin/python3 test/goldens/files/half.py

`decoded` is the FNV-1a hash over the little-endian float32 bytes of all 65,536 halves but the NaNs. `rounded` holds pairs of a
double (as hexadecimal bits, most significant first) and the half that numpy rounds it to: neighbours of every kind of tie.
"""
import json
import os
import struct

import numpy as np

halves = np.arange(65536, dtype=np.uint16).view(np.float16)
finite = halves[~np.isnan(halves)]
digest = 2166136261
for byte in finite.astype("<f4").tobytes():
    digest = ((digest ^ byte) * 16777619) % 2**32

values = [0.0, -0.0, float("inf"), -float("inf"), 65504, 65519.999, 65520, 65536, 1e300, -1e300, 5e-324, 2**-24, 2**-25, 1e-8, 3.4e38, 1e-40]
for bits in [0, 1, 2, 3, 0x1FF, 0x3FE, 0x3FF, 0x400, 0x401, 0x7FF, 0x800, 0x3BFF, 0x3C00, 0x3C01, 0x57FF, 0x7BFD, 0x7BFE]:
    low, high = (float(np.uint16(b).view(np.float16)) for b in (bits, bits + 1))
    tie = (low + high) / 2
    for value in (tie, np.nextafter(tie, 0), np.nextafter(tie, np.inf), np.float32(np.nextafter(np.float32(tie), np.float32(0))), low, high):
        values += [float(value), -float(value)]
generator = np.random.default_rng(7)
values += (generator.standard_normal(120) * 10.0 ** generator.uniform(-8, 5, 120)).tolist()

with np.errstate(over="ignore"):
    rounded = [[struct.pack(">d", v).hex(), int(np.array([v], np.float64).astype(np.float16).view(np.uint16)[0])] for v in values]
with open(os.path.join(os.path.dirname(__file__), "half.json"), "w") as f:
    json.dump({"decoded": digest, "rounded": rounded}, f, separators=(",", ":"))
