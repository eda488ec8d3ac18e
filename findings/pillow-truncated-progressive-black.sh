#!/usr/bin/env bash
# What LOAD_TRUNCATED_IMAGES gives of a progressive JPEG that was cut short depends on the byte at which it was cut.
#
# Pillow 13.0.0 (libjpeg-turbo 3.2.0), Python 3.11, x86-64, seen 2026-12-01. Guess from memory: the picture comes as far as it arrived; a
# progressive one comes whole, and blurred.
# Seen, of a picture of 96x64 that is grey 80 and more everywhere, cut at each byte behind the first scan's header:
#
#   progressive: 816 bytes, 576 places, 249 black without an error, 0 errors
#   sequential: 975 bytes, 352 places, 0 black without an error, 0 errors
#
# A cut within a scan's data gives the blurred picture. One within the tables or the header between two scans gives a picture of the right
# size that is 0 from edge to edge, without an error or a warning, though the scans before are whole. (The more tables, the likelier: 43 %
# of this small file.) So a set of pictures that is loaded like this may train on black ones. Exits 1 where this changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0
"$folder/venv/bin/python" - <<'PYTHON'
import io
import sys
import warnings

from PIL import Image, ImageFile

warnings.simplefilter("error")
ImageFile.LOAD_TRUNCATED_IMAGES = True
picture = Image.radial_gradient("L").resize((96, 64)).convert("RGB").point(lambda level: 80 + level // 2)


def cuts(**options):
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=75, **options)
    data = out.getvalue()
    first = data.index(b"\xff\xda")
    begin = first + 2 + int.from_bytes(data[first + 2 : first + 4], "big")
    black = errors = 0
    for end in range(begin, len(data)):
        try:
            image = Image.open(io.BytesIO(data[:end]))
            image.load()
            black += not any(image.tobytes())
        except Exception:
            errors += 1
    return len(data), len(data) - begin, black, errors


progressive, sequential = cuts(progressive=True), cuts()
for name, (size, places, black, errors) in {"progressive": progressive, "sequential": sequential}.items():
    print(f"{name}: {size} bytes, {places} places, {black} black without an error, {errors} errors")
sys.exit(0 if progressive[2] > 50 and progressive[3] == 0 and sequential[2] == 0 else 1)
PYTHON
echo "as described"
