"""Computes the constants of kernels/math.ts: /usr/bin/python3 test/goldens/math/math_polynomials.py prints them.

Each polynomial is mpmath's Chebyshev interpolant (300 bits), rounded to doubles, with the error that it leaves in the
function, as a power of two.
"""
from mpmath import mp, mpf, chebyfit, cos, exp, floor, frexp, ldexp, log, nstr, pi, sin, sqrt

mp.prec = 300
WIDER = mpf("1.0001")  # the reduction's own rounding may leave the interval by this much


def polynomial(name, function, low, high, terms, weight):
    # Near 0 the functions below are 0 / 0: they are even smoother than that, so a point nearby does.
    safe = lambda x: function(x if abs(x) > mpf(2) ** -60 else mpf(2) ** -60)
    coefficients = [float(c) for c in reversed(chebyfit(safe, [low, high], terms))]
    worst = 0
    for i in range(400):
        x = low + (high - low) * mpf(2 * i + 1) / 800
        worst = max(worst, abs(sum(mpf(c) * x**n for n, c in enumerate(coefficients)) - safe(x)) * weight(x))
    print(f"{name}: within 2^{nstr(log(worst, 2), 4)}", *map(repr, coefficients), sep="\n  ")


def parts(value, bits, count):
    """`value` as `count` doubles of so many bits and the rest."""
    found = []
    for _ in range(count):
        mantissa, exponent = frexp(value)
        head = ldexp(floor(mantissa * 2**bits), exponent - bits)
        found.append(float(head))
        value -= head
    return [*found, float(value)]


def log_curve(z):
    s = sqrt(z)
    return ((log((1 + s) / (1 - s)) - 2 * s) / (s * z) - mpf(2) / 3) / z


r = log(2) / 2 * WIDER
z = ((sqrt(mpf(2)) - 1) / (sqrt(mpf(2)) + 1) * WIDER) ** 2
quarter = (pi / 4 * WIDER) ** 2
polynomial("expCurve, after r^2 / 2", lambda x: (exp(x) - 1 - x - x * x / 2) / x**3, -r, r, 10, lambda x: abs(x) ** 3)
polynomial("logCurve", log_curve, mpf(0), z, 8, lambda x: x * x / 2)
polynomial("sinCurve", lambda x: (sin(sqrt(x)) / sqrt(x) - 1) / x, mpf(0), quarter, 7, lambda x: x)
polynomial("cosCurve", lambda x: (cos(sqrt(x)) - 1 + x / 2) / x**2, mpf(0), quarter, 6, lambda x: x * x)
print("ln 2, 32 bits and the rest:", parts(log(2), 32, 1))
print("ln 2, 40 bits and the rest:", parts(log(2), 40, 1))
print("pi / 2, three times 33 bits and the rest:", parts(pi / 2, 33, 3))
print("what 2/3 lacks:", float(mpf(2) / 3 - mpf(2 / 3)))
mp.prec = 1600
print("2/pi * 2^1216:", hex(int(floor(2 / pi * mpf(2) ** 1216))))
print("pi/2 * 2^128:", hex(int(floor(pi / 2 * mpf(2) ** 128))))
