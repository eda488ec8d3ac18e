"""
Goldens for images: files of every PNG and Netpbm kind with the pixels that other programs read from them, and PIL's resizing
and torchvision's preprocessing. Writes pil-images.json and pil-resize.json beside itself.

Run with Debian's python3 (python3-pil, python3-numpy, python3-torchvision) and its libpng16.so.

PIL cannot write most kinds (interlace, 16-bit colour, small bit depths), so the files are made here from random samples, and
what the samples mean is computed here by the words of the standard. That is only believed where PIL, or libpng,
reads the same from the file; the list "agrees" says who did.
"""

import base64
import ctypes
import io
import json
import os
import struct
import zlib

import numpy
from PIL import Image
from torchvision import transforms
from torchvision.transforms import InterpolationMode

here = os.path.dirname(os.path.abspath(__file__))
random = numpy.random.RandomState(1)
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def text(data):
    return base64.b64encode(bytes(data)).decode()


# ---- PNG files ----------------------------------------------------------------------------------------------------


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def pack_row(samples, depth):
    """Samples of one row as bytes, the most significant bits first, the last byte filled with zero bits."""
    if depth == 16:
        return samples.astype(">u2").tobytes()
    if depth == 8:
        return samples.astype("u1").tobytes()
    bits = ((samples[:, None] >> numpy.arange(depth - 1, -1, -1)) & 1).astype("u1").reshape(-1)
    return numpy.packbits(bits).tobytes()


def filter_row(kind, row, above, step):
    out = bytearray()
    for i, x in enumerate(row):
        a = row[i - step] if i >= step else 0
        b = above[i]
        c = above[i - step] if i >= step else 0
        p = a + b - c
        nearest = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
        out.append((x - (0, a, b, (a + b) // 2, nearest)[kind]) & 255)
    return bytes(out)


def make_png(samples, depth, colour_type, interlaced=False, palette=None, transparency=None, parts=1, filters=(0, 1, 2, 3, 4)):
    """samples: [height, width, channels]. Rows take the filters in turn; the image data is cut into `parts` chunks."""
    height, width, channels = samples.shape
    step = max(1, channels * depth // 8)
    data = b""
    row_number = 0
    for x0, y0, dx, dy in ADAM7 if interlaced else ((0, 0, 1, 1),):
        part = samples[y0::dy, x0::dx]
        if part.size == 0:
            continue
        above = None
        for line in part:
            row = pack_row(line.reshape(-1), depth)
            kind = filters[row_number % len(filters)]
            data += bytes([kind]) + filter_row(kind, row, above or bytes(len(row)), step)
            above = row
            row_number += 1
    packed = zlib.compress(data, 9)
    cuts = [len(packed) * i // parts for i in range(parts + 1)]
    out = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, int(interlaced)))
    if palette is not None:
        out += chunk(b"PLTE", bytes(palette))
    if transparency is not None:
        out += chunk(b"tRNS", bytes(transparency))
    for i in range(parts):
        out += chunk(b"IDAT", packed[cuts[i] : cuts[i + 1]])
    return out + chunk(b"IEND", b"")


def meaning(samples, depth, colour_type, palette=None, transparency=None):
    """RGBA by the standard; 16 bits keep their high byte."""
    height, width, channels = samples.shape
    out = numpy.full((height, width, 4), 255, "u1")
    if colour_type == 3:
        colours = numpy.array(list(palette)).reshape(-1, 3)
        alpha = numpy.full(len(colours), 255)
        if transparency is not None:
            alpha[: len(transparency)] = list(transparency)
        out[..., :3] = colours[samples[..., 0]]
        out[..., 3] = alpha[samples[..., 0]]
        return out
    eight = samples >> 8 if depth == 16 else samples * 255 // ((1 << depth) - 1)
    out[..., :3] = eight[..., :3] if channels >= 3 else eight[..., :1]
    if channels in (2, 4):
        out[..., 3] = eight[..., -1]
    elif transparency is not None:
        clear = numpy.array(struct.unpack(">%dH" % channels, bytes(transparency)))
        out[..., 3] = numpy.where((samples == clear).all(-1), 0, 255)
    return out


def read_pil(data):
    image = Image.open(io.BytesIO(data))
    if image.mode == "I":  # 16-bit grey
        grey = (numpy.array(image) >> 8).astype("u1")
        return numpy.dstack([grey, grey, grey, numpy.full_like(grey, 255)])
    return numpy.array(image.convert("RGBA"))


def read_libpng(data):
    """By libpng itself, told to make 8-bit RGBA of everything: expand, strip 16 bits, grey to RGB, add alpha."""
    lib = ctypes.CDLL("libpng16.so.16")
    pointer = ctypes.c_void_p
    for function in (lib.png_get_libpng_ver, lib.png_create_read_struct, lib.png_create_info_struct):
        function.restype = pointer
    png = pointer(lib.png_create_read_struct(ctypes.c_char_p(lib.png_get_libpng_ver(None)), None, None, None))
    info = pointer(lib.png_create_info_struct(png))
    source = io.BytesIO(data)

    @ctypes.CFUNCTYPE(None, pointer, pointer, ctypes.c_size_t)
    def give(_png, target, size):
        ctypes.memmove(target, source.read(size), size)

    lib.png_set_read_fn(png, None, give)
    lib.png_read_info(png, info)
    lib.png_set_expand(png)
    lib.png_set_strip_16(png)
    lib.png_set_gray_to_rgb(png)
    lib.png_set_add_alpha(png, 255, 1)
    lib.png_set_interlace_handling(png)
    lib.png_read_update_info(png, info)
    width, height = struct.unpack(">II", data[16:24])
    out = numpy.zeros((height, width, 4), "u1")
    rows = (pointer * height)(*[out.ctypes.data + y * width * 4 for y in range(height)])
    lib.png_read_image(png, rows)
    return out


images = []


def add(name, data, expected=None, readers=(("PIL", read_pil), ("libpng", read_libpng))):
    agrees = []
    for reader, read in readers:
        try:
            pixels = read(data)
        except Exception:  # a kind that this reader does not know
            continue
        if expected is None:
            expected = pixels
        if numpy.array_equal(pixels, expected):
            agrees.append(reader)
    assert agrees, name + ": nobody agrees"
    height, width, _ = expected.shape
    images.append(dict(name=name, agrees=agrees, width=width, height=height, file=text(data), rgba=text(expected.tobytes())))


def add_made(name, samples, depth, colour_type, palette=None, transparency=None, **how):
    data = make_png(samples, depth, colour_type, palette=palette, transparency=transparency, **how)
    add(name, data, meaning(samples, depth, colour_type, palette, transparency))


def random_palette(count):
    return random.randint(0, 256, count * 3).astype("u1").tobytes()


for colour_type, depths in DEPTHS.items():
    for depth in depths:
        for interlaced in (False, True):
            samples = random.randint(0, 1 << depth, (11, 13, CHANNELS[colour_type]))
            palette = random_palette(1 << depth) if colour_type == 3 else None
            add_made(
                "type %d, %d bits%s" % (colour_type, depth, ", interlaced" if interlaced else ""),
                samples, depth, colour_type, palette, interlaced=interlaced,
            )
        if colour_type in (4, 6):
            continue
        # Transparency: some palette entries, or one colour that occurs.
        samples = random.randint(0, 1 << depth, (5, 6, CHANNELS[colour_type]))
        if colour_type == 3:
            palette = random_palette(1 << depth)
            transparency = random.randint(0, 256, max(1, (1 << depth) * 3 // 4)).astype("u1").tobytes()
        else:
            palette = None
            transparency = struct.pack(">%dH" % CHANNELS[colour_type], *samples[2, 3])
            if depth == 16:  # the same high bytes, yet another colour
                samples[1, 1] = samples[2, 3] ^ 1
        add_made("type %d, %d bits, transparent" % (colour_type, depth), samples, depth, colour_type, palette, transparency)

for kind in range(5):  # each filter from the first row on
    samples = random.randint(0, 256, (4, 5, 3))
    add_made("filter %d only" % kind, samples, 8, 2, filters=(kind,))
    samples = random.randint(0, 65536, (4, 5, 4))
    add_made("filter %d only, interlaced, 16 bits" % kind, samples, 16, 6, filters=(kind,), interlaced=True)
for width in range(1, 10):  # passes of Adam7 that hold nothing
    samples = random.randint(0, 16, (10 - width, width, 1))
    add_made("interlaced %dx%d" % (width, 10 - width), samples, 4, 0, interlaced=True)
add_made("three data chunks", random.randint(0, 256, (6, 7, 3)), 8, 2, parts=3)
add_made("as many data chunks as bytes", random.randint(0, 2, (5, 5, 1)), 1, 0, parts=20)
add_made("one pixel", random.randint(0, 256, (1, 1, 4)), 8, 6)
add_made("short palette", random.randint(0, 5, (5, 7, 1)), 8, 3, random_palette(5))
add_made("suggested palette in a colour image", random.randint(0, 256, (3, 3, 3)), 8, 2, random_palette(4))


def saved(image, **how):
    out = io.BytesIO()
    image.save(out, "png", **how)
    return out.getvalue()


picture = Image.fromarray(random.randint(0, 256, (9, 12, 4)).astype("u1"), "RGBA")
for mode in ("1", "L", "LA", "RGB", "RGBA"):
    add("PIL mode " + mode, saved(picture.convert(mode)))
for bits in (1, 2, 4, 8):
    few = picture.convert("RGB").quantize(1 << bits)
    add("PIL mode P, %d bits" % bits, saved(few, bits=bits))
    add("PIL mode P, %d bits, one transparent" % bits, saved(few, bits=bits, transparency=1))
    add("PIL mode P, %d bits, alpha" % bits, saved(few, bits=bits, transparency=bytes([0, 128])))
add("PIL mode L, transparent", saved(Image.fromarray((numpy.arange(30).reshape(5, 6) % 7).astype("u1"), "L"), transparency=3))
add("PIL mode RGB, transparent", saved(Image.new("RGB", (3, 2), (1, 2, 3)), transparency=(1, 2, 3)))
add("PIL mode I", saved(Image.fromarray(random.randint(0, 65536, (5, 6)).astype("i4"), "I")))
add("PIL optimised", saved(picture, optimize=True))
add("bytes after the end", saved(picture.convert("L")) + b"more")

# ---- Netpbm -------------------------------------------------------------------------------------------------------


def add_pnm(name, data, like=None):
    """`like`: another file of the same pixels, where PIL would give 16 bits."""
    expected = read_pil(like or data)
    height, width, _ = expected.shape
    images.append(dict(name=name, agrees=["PIL"], width=width, height=height, file=text(data), rgba=text(expected.tobytes())))


def pnm(kind, samples, maxval, comment=b""):
    height, width, channels = samples.shape
    head = b"P%d\n%s%d %d\n" % (kind, comment, width, height)
    if kind in (1, 4):
        if kind == 1:
            return head + b"\n".join(b"".join(b"%d" % v for v in row[:, 0]) for row in samples) + b"\n"
        return head + b"".join(pack_row(row[:, 0], 1) for row in samples)
    head += b"%d\n" % maxval
    if kind in (2, 3):
        return head + b"\n".join(b" ".join(b"%d" % v for v in row.reshape(-1)) for row in samples) + b"\n"
    return head + samples.astype("u1" if maxval < 256 else ">u2").tobytes()


for kind in (1, 4):
    for width in (5, 8, 13):
        add_pnm("P%d, width %d" % (kind, width), pnm(kind, random.randint(0, 2, (4, width, 1)), 1))
for maxval in (1, 2, 6, 15, 100, 255, 256, 1000, 65535):
    grey = random.randint(0, maxval + 1, (5, 6, 1))
    colour = random.randint(0, maxval + 1, (5, 6, 3))
    twin = pnm(6, numpy.repeat(grey, 3, 2), maxval)
    add_pnm("P2, maxval %d" % maxval, pnm(2, grey, maxval), twin)
    add_pnm("P5, maxval %d" % maxval, pnm(5, grey, maxval), twin)
    add_pnm("P3, maxval %d" % maxval, pnm(3, colour, maxval))
    add_pnm("P6, maxval %d" % maxval, pnm(6, colour, maxval))
samples = random.randint(0, 256, (3, 4, 3))
add_pnm("P3 with a comment", pnm(3, samples, 255, b"# made by hand\n"))
add_pnm("P6 with comments", pnm(6, samples, 255, b"# 1 2 3\n#\n"))
add_pnm("P2 with comments among the samples", b"P2 2 2 255 # one\n 1 2 #two 9 9\n3 #three\n4")
add_pnm("P1 with comments among the pixels", b"P1\n3 2\n1 0#1 1\n1\n 0 1 0")
for mode, kind in (("1", "P4"), ("L", "P5"), ("RGB", "P6")):
    out = io.BytesIO()
    picture.convert(mode).save(out, "ppm")
    add_pnm("PIL writes " + kind, out.getvalue())

# ---- resizing and preprocessing -----------------------------------------------------------------------------------

yy, xx = numpy.mgrid[0:30, 0:40]
base = numpy.stack([xx * 6, yy * 8, (xx + yy) * 3], -1) + random.randint(-40, 41, (30, 40, 3))
base[:6, :8] = random.choice([0, 255], (6, 8, 3))  # hard edges, so that bicubic overshoots
photo = Image.fromarray(base.clip(0, 255).astype("u1"), "RGB")
FILTERS = {"bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}
SIZES = [(17, 23), (23, 17), (28, 28), (64, 64), (40, 30), (40, 7), (7, 30), (80, 60), (20, 15), (1, 1), (1, 50), (39, 31), (224, 224), (298, 224), (3, 200)]
resized = []
for filter_name, kind in FILTERS.items():
    for mode in ("RGB", "L"):
        for size in SIZES:
            out = photo.convert(mode).resize(size, kind).tobytes()
            case = dict(filter=filter_name, channels=len(mode), width=size[0], height=size[1], crc32=zlib.crc32(out))
            if len(out) < 1600:
                case["bytes"] = text(out)
            resized.append(case)

# Too tall for one band of rows; made by a formula, so that it need not be stored.
tall_y, tall_x, tall_c = numpy.mgrid[0:60000, 0:3, 0:3]
tall = Image.fromarray(((tall_y * 7 + tall_x * 13 + tall_c * 29 + (tall_y * tall_y >> 5)) & 255).astype("u1"), "RGB")
tall_cases = []
for filter_name, kind in FILTERS.items():
    for size in ((50, 90), (90, 7)):
        tall_cases.append(dict(filter=filter_name, width=size[0], height=size[1], crc32=zlib.crc32(tall.resize(size, kind).tobytes())))

colours = random.randint(0, 256, (4096, 3)).astype("u1")
luma = Image.fromarray(colours.reshape(64, 64, 3), "RGB").convert("L").tobytes()

MODES = {"bilinear": InterpolationMode.BILINEAR, "bicubic": InterpolationMode.BICUBIC}
preprocessed = []


def add_preprocessed(source, **p):
    steps = []
    if "resize" in p:
        steps.append(transforms.Resize(p["resize"], interpolation=MODES[p["interpolation"]]))
    steps += [transforms.CenterCrop(p["size"]), transforms.ToTensor(), transforms.Normalize(p["mean"], p["std"])]
    image = photo if source == "photo" else photo.rotate(90, expand=True)
    out = transforms.Compose(steps)(image.convert("L" if p["channels"] == "gray" else "RGB")).numpy().astype("<f4").tobytes()
    case = dict(source=source, preprocessing=p, crc32=zlib.crc32(out))
    if len(out) < 1600:
        case["floats"] = text(out)
    preprocessed.append(case)


imagenet = dict(channels="rgb", mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])
half = dict(channels="rgb", mean=[0.5, 0.5, 0.5], std=[0.5, 0.5, 0.5])
grey = dict(channels="gray", mean=[0.286], std=[0.353])
for source in ("photo", "turned"):
    add_preprocessed(source, size=[224, 224], resize=256, interpolation="bilinear", **imagenet)
    add_preprocessed(source, size=[224, 224], resize=235, interpolation="bicubic", **half)
    add_preprocessed(source, size=[8, 8], resize=11, interpolation="bilinear", **imagenet)
    add_preprocessed(source, size=[9, 6], resize=12, interpolation="bicubic", **imagenet)
    add_preprocessed(source, size=[28, 28], resize=28, interpolation="bilinear", **grey)
    add_preprocessed(source, size=[10, 12], resize=[11, 15], interpolation="bicubic", **grey)
    add_preprocessed(source, size=[11, 13], resize=8, interpolation="bilinear", **imagenet)
    add_preprocessed(source, size=[17, 10], resize=12, interpolation="bilinear", **imagenet)
    for crop in ([27, 33], [28, 35], [35, 45], [36, 20], [33, 43]):
        add_preprocessed(source, size=crop, interpolation="bilinear", **grey)


def write(name, value):
    with open(os.path.join(here, name), "w") as file:
        file.write(json.dumps(value, indent=0, separators=(",", ":")).replace("\n", "") .replace("},{", "},\n{") + "\n")


write("pil-images.json", images)
write("pil-resize.json", dict(
    photo=text(photo.tobytes()), width=40, height=30, resized=resized, tall=tall_cases,
    colours=text(colours.tobytes()), luma=text(luma), preprocessed=preprocessed,
))
alone = [i["name"] + " (" + i["agrees"][0] + ")" for i in images if len(i["agrees"]) == 1 and not i["name"].startswith(("P1", "P2", "P3", "P4", "P5", "P6", "PIL writes"))]
print(len(images), "images;", len(resized) + len(tall_cases), "resized;", len(preprocessed), "preprocessed")
print("read alike by one only:", ", ".join(alone))
