#!/usr/bin/env python3
"""Text lines for the direction classifier, as `senet gates` takes them: DIR/upright/*.png and DIR/turned/*.png, 48x192 RGB, from the DejaVu
and Liberation fonts (Debian's fonts-dejavu-core and fonts-liberation) by a fixed seed. Needs pillow.
usage: lines.py DIR [LINES]"""
import glob, os, random, sys
from PIL import Image, ImageDraw, ImageFont

folder, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 400
fonts = sorted(f for f in glob.glob("/usr/share/fonts/truetype/dejavu/*.ttf") + glob.glob("/usr/share/fonts/truetype/liberation/*.ttf")
               if "MathTeX" not in f)
words = """invoice total amount date street number open closed entrance ticket platform coffee bread milk street-level Monday Friday
parking exit north south garden station library museum harbour water price fresh today special offer kitchen office room floor""".split()
draw = random.Random(1)
for kind in ("upright", "turned"):
    os.makedirs(f"{folder}/{kind}", exist_ok=True)
for i in range(count):
    text = draw.choice(words) if draw.random() < .8 else str(draw.randrange(10**6))
    if draw.random() < .5:
        text += " " + draw.choice(words)
    if draw.random() < .3:
        text = text.upper()
    paper, ink = [draw.randrange(170, 256) for _ in range(3)], [draw.randrange(0, 90) for _ in range(3)]
    if draw.random() < .3:
        paper, ink = ink, paper
    image = Image.new("RGB", (192, 48), tuple(paper))
    size = draw.randrange(24, 36)
    path = draw.choice(fonts)
    while ImageFont.truetype(path, size).getlength(text) > 184 and size > 10:
        size -= 1
    ImageDraw.Draw(image).text((draw.randrange(2, 8), 24 + draw.randrange(-3, 4)), text, tuple(ink), ImageFont.truetype(path, size), "lm")
    pixels = bytearray(image.tobytes())
    for p in range(len(pixels)):
        pixels[p] = max(0, min(255, pixels[p] + draw.randrange(-10, 11)))
    image = Image.frombytes("RGB", image.size, bytes(pixels))
    turned = i % 2 == 1
    (image.rotate(180) if turned else image).save(f"{folder}/{'turned' if turned else 'upright'}/{i:04}.png")
