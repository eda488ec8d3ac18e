"""Makes jpeg.json beside this script: small JPEG files, one for each thing that a reader can get wrong, and what Pillow reads from them.

Needs Pillow 13.0.0 (libjpeg-turbo 3.2.0), numpy, and cjpeg of Debian's libjpeg-turbo-progs 2.1.5. Thousands more: test/peers/jpeg.
"""
import base64
import hashlib
import io
import json
import os
import struct
import subprocess
import tempfile

import numpy as np
import PIL
from PIL import Image, ImageFile, ImageOps, features


class Maker:
    def __init__(self, seed):
        self.rng, self.files = np.random.default_rng(seed), {}

    def pixels(self, w, h, channels=3, noise=12):
        y, x = np.mgrid[0:h, 0:w]
        a = np.stack([128 + 100 * np.sin(x / (3 + c) + y / (5 + 2 * c) + c) for c in range(channels)], -1)
        a = np.clip(a + self.rng.normal(0, noise, a.shape), 0, 255).astype(np.uint8)
        return a if channels > 1 else a[..., 0]

    def pillow(self, w, h, channels=3, noise=12, **options):
        a = self.pixels(w, h, channels, noise)
        im = Image.fromarray(a, "CMYK") if channels == 4 else Image.fromarray(a)
        b = io.BytesIO()
        im.save(b, "JPEG", **options)
        return b.getvalue()

    def cjpeg(self, arguments, w, h, channels=3, noise=12, scans=None):
        ppm = b"P%d\n%d %d\n255\n" % (6 if channels == 3 else 5, w, h) + self.pixels(w, h, channels, noise).tobytes()
        with tempfile.TemporaryDirectory() as d:
            command = ["cjpeg", *arguments.split()]
            if scans:
                open(os.path.join(d, "scans"), "w").write(scans)
                command += ["-scans", os.path.join(d, "scans")]
            return subprocess.run(command, input=ppm, capture_output=True, check=True).stdout

    def put(self, name, data, note):
        self.files[name] = data, note

    def expect(self):
        cases = []
        for name, (data, note) in self.files.items():
            case = {"name": name, "note": note, "file": base64.b64encode(data).decode(), "strict": answer(data, False)}
            lenient = answer(data, True)
            if lenient != case["strict"]:
                case["lenient"] = lenient
            cases.append(case)
        made = f"Pillow {PIL.__version__}, libjpeg-turbo {features.version('libjpeg_turbo')}, x86-64"
        here = os.path.dirname(os.path.abspath(__file__))
        with open(os.path.join(here, "jpeg.json"), "w") as out:
            lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
            out.write('{"made":' + json.dumps(made) + ',"cases":[\n' + lines + "\n]}\n")
        print(len(cases), "files;", made)


def answer(data, lenient):
    """Size and digest of RGB, and of RGB turned as Exif says where it does; or the error."""
    ImageFile.LOAD_TRUNCATED_IMAGES = lenient
    try:
        im = Image.open(io.BytesIO(data), formats=["JPEG"])
        im.load()
    except Exception as error:
        return {"error": f"{type(error).__name__}: {str(error).split(' <')[0]}"}
    found = {"size": list(im.size), "sha256": hashlib.sha256(im.convert("RGB").tobytes()).hexdigest()}
    turned = ImageOps.exif_transpose(im)
    if im.getexif().get(0x112, 1) != 1:
        found["upright"] = {"size": list(turned.size), "sha256": hashlib.sha256(turned.convert("RGB").tobytes()).hexdigest()}
    return found


def segments(d):
    """[(marker, bytes)], a scan's data kept with its SOS."""
    out, p = [(0xD8, d[:2])], 2
    while p < len(d):
        m = d[p + 1]
        if m == 0xD9:
            out.append((m, d[p:]))
            break
        e = p + 2 + struct.unpack(">H", d[p + 2:p + 4])[0]
        if m == 0xDA:
            while not (d[e] == 0xFF and d[e + 1] not in (0, *range(0xD0, 0xD8))):
                e += 1
        out.append((m, d[p:e]))
        p = e
    return out


def join(parts):
    return b"".join(b for _, b in parts)


def without(parts, *markers):
    return [s for s in parts if s[0] not in markers]


def scan_places(parts):
    return [i for i, (m, _) in enumerate(parts) if m == 0xDA]


def keep_scans(d, n):
    parts = segments(d)
    return join(parts[:scan_places(parts)[n - 1] + 1]) + b"\xff\xd9"


def adobe(transform, length=12):
    return 0, b"\xff\xee" + struct.pack(">H", length + 2) + (b"Adobe\0\x64\0\0\0\0" + bytes([transform]))[:length]


def insert(d, *extra):
    parts = segments(d)
    return join([parts[0], *extra, *parts[1:]])


def patch(d, marker, offset, value):
    d = bytearray(d)
    d[d.index(marker) + offset] = value
    return bytes(d)


def component_ids(d, ids):
    d = bytearray(d)
    at = max(d.find(b"\xff\xc0"), d.find(b"\xff\xc2"))
    old = [d[at + 10 + 3 * k] for k in range(len(ids))]
    for k, v in enumerate(ids):
        d[at + 10 + 3 * k] = v
    p = d.find(b"\xff\xda")
    while p >= 0:
        for k in range(d[p + 4]):
            d[p + 5 + 2 * k] = ids[old.index(d[p + 5 + 2 * k])]
        p = d.find(b"\xff\xda", p + 2)
    return bytes(d)


def restarts(d):
    return [i for i in range(d.index(b"\xff\xda"), len(d) - 1) if d[i] == 0xFF and 0xD0 <= d[i + 1] <= 0xD7]


def profile(primaries, gamma):
    """A small ICC version 2 matrix profile."""
    xyz = lambda v: b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(x * 65536)) for x in v)
    tags = {b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"Test\0" + b"\0" * 79,
            b"cprt": b"text\0\0\0\0none\0", b"wtpt": xyz((0.9642, 1, 0.8249)),
            b"rXYZ": xyz(primaries[0]), b"gXYZ": xyz(primaries[1]), b"bXYZ": xyz(primaries[2])}
    for t in (b"rTRC", b"gTRC", b"bTRC"):
        tags[t] = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    offset, table, body = 132 + 12 * len(tags), b"", b""
    for k, v in tags.items():
        v += b"\0" * (-len(v) % 4)
        table += k + struct.pack(">II", offset + len(body), len(v))
        body += v
    head = struct.pack(">I", offset + len(body)) + b"none\x02\x20\0\0mntrRGB XYZ "
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28
    return head + struct.pack(">3i", 63190, 65536, 54061) + b"\0" * 48 + struct.pack(">I", len(tags)) + table + body


ADOBE_RGB = [(0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)], 2.19921875
MJPEG_APP0 = 0, b"\xff\xe0\0\x10AVI1\0" + b"\0" * 9
FINE_SCANS = """0: 0-0, 0, 3; 1: 0-0, 0, 2; 2: 0-0, 0, 0; 0: 1-5, 0, 2; 2: 1-63, 0, 1; 1: 1-63, 0, 1; 0: 6-63, 0, 2; 0: 1-63, 2, 1;
0: 0-0, 3, 2; 1: 0-0, 2, 1; 0: 0-0, 2, 1; 0: 0-0, 1, 0; 1: 0-0, 1, 0; 2: 1-63, 1, 0; 1: 1-63, 1, 0; 0: 1-63, 1, 0;"""


def main():
    m = Maker(20)
    P, C, put = m.pillow, m.cjpeg, m.put
    put("444", P(19, 13, quality=80, subsampling=0), "baseline 4:4:4, sides not multiples of 8")
    put("422", P(33, 17, quality=70, subsampling=1), "baseline 4:2:2")
    put("420", P(35, 21, quality=70, subsampling=2), "baseline 4:2:0")
    put("440", C("-quality 70 -sample 1x2", 21, 35), "4:4:0: vertical triangle filter only")
    put("411", C("-quality 70 -sample 4x1", 37, 11), "4:1:1: chroma repeated, no filter")
    put("410", C("-quality 70 -sample 4x2", 37, 19), "4:1:0: chroma repeated, no filter")
    put("mixed", C("-quality 70 -sample 2x2,1x2,2x1", 29, 27), "factors 2x2,1x2,2x1: one chroma h2v1, the other h1v2")
    put("luma-half", C("-quality 70 -sample 1x1,2x2,2x2", 27, 19), "luma is the subsampled one")
    put("grey", P(17, 23, 1, quality=75), "grey")
    put("grey-2x2", patch(P(17, 23, 1, quality=75), b"\xff\xc0", 11, 0x22), "grey with factors 2x2: they mean nothing")
    put("1x1", P(1, 1, quality=75, subsampling=2), "one pixel, 4:2:0")
    put("4x4-420", P(4, 4, quality=90, subsampling=2), "chroma only 2 wide: repeated, no filter, in both directions")
    put("5x3-420", P(5, 3, quality=90, subsampling=2), "chroma 3 wide: triangle filter")
    put("3x40-422", P(3, 40, quality=90, subsampling=1), "chroma 2 wide: repeated")
    put("q1", P(24, 24, quality=1, subsampling=2, noise=50), "quality 1: strong over- and undershoot")
    put("q100", P(16, 16, quality=100, subsampling=0, optimize=True), "quality 100, optimised Huffman tables")
    q = [int(v) for v in m.rng.integers(20, 900, 64)]
    put("q16", P(24, 17, quality=50, qtables=[q, q[::-1]], subsampling=0), "16-bit quantization tables (SOF1)")
    put("cmyk", P(19, 13, 4, quality=80), "CMYK as Pillow writes it (Adobe marker, transform 0, stored inverted)")
    parts = without(segments(P(19, 13, 4, quality=80, subsampling=2, progressive=True)), 0xE0, 0xEE)
    put("ycck", join([parts[0], adobe(2), *parts[1:]]), "Adobe transform 2: YCCK, progressive, 4:2:0:4")
    put("cmyk-no-adobe", join(without(segments(P(19, 13, 4, quality=80)), 0xE0, 0xEE)), "four components, no Adobe marker: inverted too")
    put("rgb", P(19, 13, quality=80, keep_rgb=True), "RGB (Adobe transform 0)")
    base = P(21, 15, quality=75, subsampling=0)
    bare = join(without(segments(base), 0xE0))
    put("ids-rgb", component_ids(bare, b"RGB"), "no JFIF, component ids R G B: taken as RGB")
    put("ids-rgb-jfif", component_ids(base, b"RGB"), "the same with JFIF: YCbCr")
    put("adobe0-jfif", insert(base, adobe(0)), "JFIF and Adobe transform 0: JFIF wins, YCbCr")
    put("progressive", P(35, 21, quality=70, subsampling=2, progressive=True), "progressive 4:2:0, finished")
    put("fine-scans", C("-quality 70 -sample 2x1", 30, 22, scans=FINE_SCANS), "progressive, 16 scans, successive approximation from 3 bits")
    long = C("-quality 60 -progressive", 44, 36)
    put("dc-only", keep_scans(long, 1), "only the first (DC) scan: block smoothing estimates AC and changes DC")
    put("five-scans", keep_scans(long, 5), "five of ten scans: block smoothing of what is not exact")
    put("cut-progressive", long[:len(long) * 3 // 5], "progressive, cut inside a scan")
    put("scans-apart", C("-quality 70 -sample 2x1", 27, 21, scans="0;\n1;\n2;\n"), "baseline, one scan per component (no padding blocks)")
    r = C("-quality 75 -restart 1B", 45, 21)
    put("restart", r, "a restart marker after every unit")
    at = restarts(r)
    put("restart-lost", r[:at[1]] + r[at[2]:], "one restart interval lost: resynchronised")
    parts = segments(base)
    put("fill-bytes", join([(0, b if k == 0xD8 else b"\xff\xff" + b) for k, b in parts]), "fill bytes FF before each marker")
    put("junk-between", join([parts[0], (0, b"\xff\xe5\0\x04ab"), (0, b"\0\x11\x22"), *parts[1:]]), "bytes between segments")
    put("no-tables", join([parts[0], MJPEG_APP0, *without(parts[1:], 0xC4, 0xE0)]), "Motion JPEG without Huffman tables: the standard's")
    put("no-end", base[:-2], "end marker missing: refused, whole with LOAD_TRUNCATED_IMAGES")
    put("cut", base[:len(base) - 70], "cut inside the scan: refused; with LOAD_TRUNCATED_IMAGES the rest is grey 128")
    put("trailing", base + b"more bytes", "bytes after the end marker: ignored")
    ex = Image.Exif()
    ex[0x112] = 6
    put("orientation-6", P(18, 11, quality=80, exif=ex), "EXIF orientation 6: not applied by Image.open")
    put("icc", P(18, 11, quality=80, icc_profile=profile(*ADOBE_RGB)), "Adobe RGB-like profile: not applied by Image.open")
    put("odd-scan-header", patch(base, b"\xff\xda", 12, 5), "baseline with Se = 5 in the scan header: ignored, all coefficients decoded")
    put("second-scan", join(parts[:-1]) + parts[-2][1] + b"\xff\xd9", "baseline, scan repeated after a complete one: refused")
    put("12-bit", patch(base, b"\xff\xc0", 4, 12), "12 bits per sample: refused")
    put("arithmetic", C("-quality 75 -arithmetic", 19, 13), "arithmetic coding: Pillow reads it")
    plain = P(18, 11, quality=80)
    for turn in range(1, 9):
        exif = Image.Exif()
        exif[0x112] = turn
        exif.endian = "<" if turn % 2 else ">"
        put(f"exif-{turn}", P(7, 5, quality=90, subsampling=0, exif=exif), f"EXIF orientation {turn}")
    xmp = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta><rdf:Description tiff:Orientation=\"8\"/></x:xmpmeta>"
    put("orientation-xmp", insert(plain, (0, b"\xff\xe1" + struct.pack(">H", len(xmp) + 2) + xmp)), "no Exif, XMP says 8")
    parts = segments(plain)
    tables = join([s for s in parts if s[0] in (0xD8, 0xDB, 0xC4)]) + b"\xff\xd9"
    put("tables-first", tables + join(without(parts, 0xDB, 0xC4)), "an abbreviated stream of tables, then the image")
    put("tables-only", tables, "tables and no image")
    put("empty-scan", join(parts[:-2]) + parts[-2][1][:14] + b"\xff\xd9", "no data at all: all blocks stay zero")
    grey = C("-quality 70 -progressive", 20, 45, 1)
    put("grey-cut-tall", patch(keep_scans(grey, 1), b"\xff\xc2", 11, 0x22), "progressive grey, 2x2, DC alone: rows of smoothing")
    put("never-sent", keep_scans(C("-quality 70 -sample 2x2", 21, 19, scans="0;\n1;\n2;\n"), 2), "the last component has no scan: grey 128")
    put("never-sent-progressive", keep_scans(C("-quality 70", 21, 19, scans="0: 0-0, 0, 0;\n0: 1-63, 0, 0;\n1 2: 0-0, 0, 0;\n"), 2),
        "the same, progressive: no quantisation is known either")
    parts = segments(long)
    scan = [i for i, part in enumerate(parts) if part[0] == 0xDA]
    bad = (0, b"\xff\x02")
    late = join([*parts[: scan[3]], bad, *parts[scan[3] :]])
    put("late-marker", late, "a wrong marker between scans: refused, black with LOAD_TRUNCATED_IMAGES")
    parts = segments(m.files["ycck"][0])
    scan = [i for i, part in enumerate(parts) if part[0] == 0xDA]
    put("late-cmyk", join([*parts[: scan[2]], bad, *parts[scan[2] :]]), "the same with four components: no ink")
    parts = segments(base)
    put("no-steps", join(without(parts, 0xDB)), "no quantisation table: refused, black with LOAD_TRUNCATED_IMAGES")
    put("slot-9", insert(base, (0, b"\xff\xc4\0\x14\x09" + bytes([1] + 15 * [0]) + b"\0")), "Huffman table 9: the same")
    late = join([*parts[:-1], (0, b"\xff\xdb\0\x43\x09" + bytes(64)), parts[-1]])
    put("late-table", late, "a wrong table behind a whole image: refused, or whole")
    put("sizeless", patch(patch(base, b"\xff\xc0", 5, 0), b"\xff\xc0", 6, 0), "height 0, which DNL would tell: refused")
    put("sampling-3", patch(base, b"\xff\xc0", 11, 0x32), "factors 3x2 of the first, 1x1 of the others: repeated")
    put("sampling-3-2", patch(patch(base, b"\xff\xc0", 11, 0x31), b"\xff\xc0", 14, 0x21), "factor 2 of 3: refused, black")
    put("lossless", patch(base, b"\xff\xc0", 1, 0xC3), "named lossless, but with JFIF")
    m.expect()


if __name__ == "__main__":
    main()
