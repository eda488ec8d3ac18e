"""Exact values of the functions of kernels/math.ts, by mpmath with 400 bits, for test/kernels/math.test.ts:
/usr/bin/python3 test/goldens/math/math.py

math.json has one string a function, of records without separators: the argument (pow: both), then the correctly rounded
result, each as the 16 hexadecimal digits of a double, then two digits (two's complement) that say how far the exact
result lies above the rounded one, in 1/256 of the ulp: so errors can be measured to a fraction of an ulp.
"""
import json
import os
import random
import struct

import mpmath
from mpmath import mp, mpf

mp.prec = 400
rng = random.Random(20)


def hexadecimal(value):
    return struct.pack(">d", value).hex()


def neighbours(value, steps=1):
    """`value` and the doubles beside it."""
    bits = struct.unpack(">q", struct.pack(">d", value))[0]
    return [struct.unpack(">d", struct.pack(">q", bits + i))[0] for i in range(-steps, steps + 1)]


def rounded(value):
    """The nearest double (ties to even) and the rest in 1/256 ulp; None where the result overflows."""
    exponent = max(int(mpmath.frexp(abs(value))[1]) - 53, -1074) if value != 0 else -1074
    scaled = mpmath.ldexp(value, -exponent)
    whole = mpmath.nint(scaled)
    result = mpmath.ldexp(whole, exponent)
    if abs(result) >= mpf(2) ** 1024:
        return None
    return float(result), min(127, max(-128, int(mpmath.nint((scaled - whole) * 256))))


def uniform(low, high, n):
    return [rng.uniform(low, high) for _ in range(n)]


def magnitudes(low, high, n, signs=(1, -1)):
    """Uniform in the exponent: 2^low to 2^high."""
    return [rng.choice(signs) * rng.uniform(1, 2) * 2.0 ** rng.randint(low, high - 1) for _ in range(n)]


LN2 = float(mpmath.log(2))
both = lambda values: [s * v for v in values for s in (1, -1)]

# Where one branch of the code, or one power of two of the reduction, ends and the next begins.
halves = [float((k + 0.5) * mpmath.log(2)) for k in (-60, -54, -53, -2, -1, 0, 1, 2, 30, 52, 53, 56, 57)]
EXP = (uniform(-1, 1, 80) + uniform(-40, 40, 80) + uniform(-745, 709.7, 60) + uniform(-745.2, -708, 30) + magnitudes(-60, 0, 20)
       + [v for h in halves for v in neighbours(h)] + neighbours(709.782712893384, 2) + neighbours(-745.1332191019411, 2) + neighbours(-708.3964185322641, 2))
EXPM1 = (uniform(-1, 1, 80) + uniform(-40, 40, 80) + uniform(40, 709, 20) + magnitudes(-60, 0, 60) + uniform(0.34, 0.42, 20)
         + [v for h in halves for v in neighbours(h)] + neighbours(40.0) + neighbours(-40.0) + both([5e-324, 1e-300, 5e-17]))
LOG = (uniform(0.3, 3, 100) + magnitudes(-1022, 1023, 60, (1,)) + [1 + v for v in magnitudes(-52, -2, 60)] + uniform(0.7, 0.72, 20)
       + neighbours(1.0, 3) + neighbours(mpmath.sqrt(2).__float__(), 2) + neighbours(mpmath.sqrt(0.5).__float__(), 2)
       + neighbours(2.2250738585072014e-308, 1) + [5e-324, 1e-323, 1e-310, 1.7976931348623157e308, 2.0, 4.0, 0.5, 10.0, 2.718281828459045])
LOG1P = (uniform(-0.999, 3, 100) + magnitudes(-60, 0, 80) + magnitudes(0, 1023, 40, (1,)) + neighbours(0.29, 2) + neighbours(-0.29, 2)
         + uniform(-0.31, -0.28, 20) + [-1 + 2.0**-53, -1 + 2.0**-40, 2.0**53, 2.0**53 + 2, 2.0**54] + both([5e-324, 1e-300, 5e-17, 0.41421356237309503]))
TANH = (uniform(-1, 1, 100) + uniform(-22, 22, 60) + magnitudes(-40, 0, 60) + both([5e-324, 1e-8, 1.0000000000000002e-8, 18.5, 19.0, 19.06, 19.1, 22.0])
        + [v for h in halves for v in neighbours(-h / 2)])
SIGMOID = (uniform(-5, 5, 120) + uniform(-45, 45, 80) + uniform(-745, -40, 40) + magnitudes(-60, 0, 30) + neighbours(-40.0) + neighbours(40.0)
           + both([36.7, 37.0, 37.5]) + [v for h in halves[3:8] for v in neighbours(h)] + neighbours(-745.1332191019411))
# The doubles nearest to multiples of pi/2 are where the reduction is hardest; the last three are the hardest known ones.
multiples = [float(n * mpmath.pi / 2) for n in (1, 2, 3, 4, 5, 7, 11, 22, 355, 710, 1000, 103993, 104348, 208341, 312689, 833719, 1048575, 1048576, 1146408)]
huge = [float(rng.randrange(2**k) * mpmath.pi / 2) for k in (30, 60, 100, 300, 500, 900, 1020)]
hardest = [6381956970095103 * 2.0**797, 5.31937264832654141671e255, 1e22, 1.7976931348623157e308, 37.69911184307752, 2.0**120 * 1.5]
ANGLE = (uniform(-7, 7, 100) + uniform(-1.6e6, 1.6e6, 60) + magnitudes(-30, 3, 40) + magnitudes(21, 1023, 40)
         + multiples + [-v for v in multiples[:6]] + huge + hardest + neighbours(1647099.0) + neighbours(0.7853981633974483) + [5e-324, -1e-300, 1e-8])
POW = []
for x in uniform(0.3, 3, 60) + magnitudes(-1022, 1023, 50, (1,)) + [1 + v for v in magnitudes(-52, -4, 40)]:
    reach = min(1074 / abs(float(mpmath.log(x, 2))), 1e19)
    POW += [(x, rng.uniform(-reach, reach)), (x, rng.uniform(-3, 3))]
POW += [(b, float(n)) for b in (0.9, 0.999, 0.99, 0.95) for n in (1, 2, 3, 10, 100, 1000, 5000)]  # bias correction of Adam
POW += [(3.0, 20.0), (10.0, 22.0), (5.0, -1.0), (2.0, 1023.0), (2.0, -1074.0), (2.0, 0.5), (1.5, 30.0), (-3.0, 33.0), (-2.0, -3.0), (-7.0, 4.0), (7.0, 1 / 3), (0.25, 0.5),
        (5e-324, 0.5), (5e-324, -0.9), (1.7976931348623157e308, 0.99), (1e-310, 1.04), (1.3731828699010675, 2222.8235655679196), (0.5, 1074.0), (0.7, 2080.0)]


def table(function, points):
    text = ""
    for point in points:
        arguments = point if isinstance(point, tuple) else (point,)
        answer = rounded(function(*(mpf(a) for a in arguments)))
        if answer is not None:
            text += "".join(hexadecimal(a) for a in arguments) + hexadecimal(answer[0]) + f"{answer[1] & 255:02x}"
    return text


golden = {
    "exp": table(mpmath.exp, EXP),
    "expm1": table(lambda x: mpmath.expm1(x), EXPM1),
    "log": table(mpmath.log, LOG),
    "log1p": table(lambda x: mpmath.log(1 + x) if abs(x) > 1e-9 else x - x**2 / 2 + x**3 / 3 - x**4 / 4, LOG1P),
    "tanh": table(mpmath.tanh, TANH),
    "sigmoid": table(lambda x: 1 / (1 + mpmath.exp(-x)), SIGMOID),
    "sin": table(mpmath.sin, ANGLE),
    "cos": table(mpmath.cos, ANGLE),
    "pow": table(lambda x, y: mpmath.power(x, y) if x > 0 else mpmath.power(-x, y) * (-1) ** int(y), POW),
}
with open(os.path.join(os.path.dirname(__file__), "math.json"), "w") as f:
    json.dump(golden, f, separators=(",\n", ":"))
    f.write("\n")
