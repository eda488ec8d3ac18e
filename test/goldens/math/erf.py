"""The error function: coefficients of kernels/erf.ts, and values for test/kernels/erf.test.ts, by mpmath with 40 digits:
python3 -P test/goldens/math/erf.py (-P: math.py beside it is no module)
"""
import json
import os
import random

from mpmath import mp, mpf, erf, erfc, exp, sqrt, cos, pi

mp.dps = 40


def chebyshev(f, a, b, degree):
    """Coefficients of f on [a, b]; the first one counts half."""
    n = degree + 20
    nodes = [cos(pi * (k + mpf(1) / 2) / n) for k in range(n)]
    values = [f((b - a) / 2 * x + (b + a) / 2) for x in nodes]
    return [float(2 / mpf(n) * sum(values[k] * cos(pi * j * (k + mpf(1) / 2) / n) for k in range(n))) for j in range(degree + 1)]


print("NEAR", chebyshev(lambda u: erf(sqrt(u)) / sqrt(u), mpf(0), mpf(1), 11))
print("FAR", chebyshev(lambda t: erfc(2 / t - 2) * exp((2 / t - 2) ** 2), mpf(1) / 4, mpf(2) / 3, 16))

rng = random.Random(5)
xs = [0.0, 1e-300, 1e-20, 1e-8, 0.25, 0.5, 0.999, 1.0, 1.0000000000000002, 1.5, 2.0, 3.0, 4.0, 5.0, 5.9, 5.999, 6.0, 7.0, 30.0]
xs += [rng.uniform(0, 1) for _ in range(100)] + [rng.uniform(1, 6) for _ in range(100)] + [10 ** rng.uniform(-6, 0) for _ in range(50)]
golden = [[x, float(erf(mpf(x)))] for x in xs]
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "erf.json"), "w") as file:
    file.write(json.dumps(golden, separators=(",", ":")) + "\n")
