"""Makes PNG files with faults of many kinds, and what Pillow and libpng read from them, for compare.ts: see there.

    python make.py FOLDER [--seed S]

For every kind of image (colour types, depths, interlaced or not) each fault of FAULTS, a few hundred files. All in FOLDER/files.bin,
one after another, and FOLDER/answers.json. Made with Pillow 13.0.0 and Debian's libpng 1.6.39.
"""
import argparse
import ctypes
import hashlib
import io
import json
import os
import struct
import warnings
import zlib

import numpy as np
import PIL
from PIL import Image

warnings.simplefilter("ignore")
arguments = argparse.ArgumentParser()
arguments.add_argument("folder")
arguments.add_argument("--seed", type=int, default=1)
options = arguments.parse_args()
random = np.random.default_rng(options.seed)
SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(name, data=b"", crc=None, length=None):
    check = zlib.crc32(name + data) if crc is None else crc
    return struct.pack(">I", len(data) if length is None else length) + name + data + struct.pack(">I", check)


class Picture:
    """Parts of a good file; faults change them before `file` joins them."""

    def __init__(self, colour_type, depth, interlaced):
        self.colour_type, self.depth = colour_type, depth
        self.width, self.height = 7, 5
        channels = CHANNELS[colour_type]
        rows = b""
        for x0, y0, dx, dy in ADAM7 if interlaced else [(0, 0, 1, 1)]:
            w, h = -(-(self.width - x0) // dx), -(-(self.height - y0) // dy)
            if w > 0 and h > 0:
                row = -(-w * channels * depth // 8)
                for _ in range(h):
                    rows += b"\0" + random.integers(0, 256, row).astype("u1").tobytes()
        self.rows = rows
        self.header = struct.pack(">IIBBBBB", self.width, self.height, depth, colour_type, 0, 0, int(interlaced))
        self.before = []
        if colour_type == 3:
            self.palette = random.integers(0, 256, 3 << depth).astype("u1").tobytes()
            self.before.append(chunk(b"PLTE", self.palette))
        self.stream = zlib.compress(rows, 9)
        self.data = None
        self.after = [chunk(b"IEND")]

    def transparent(self, pixel=0, high=0, more=0):
        """tRNS for the colour of a pixel of the first row, so that it occurs; for palettes, of its first colours."""
        if self.colour_type == 3:
            return bytes([pixel * 60 + 7] * max(1, 1 << self.depth >> 1)) + bytes(more)
        samples = []
        for i in range(CHANNELS[self.colour_type]):
            bit = (pixel * CHANNELS[self.colour_type] + i) * self.depth
            row = int.from_bytes(self.rows[1:64], "big")
            samples.append(row >> (63 * 8 - bit - self.depth) & ((1 << self.depth) - 1) | high)
        return struct.pack(f">{len(samples)}H", *samples) + bytes(more)

    def file(self):
        data = [chunk(b"IDAT", self.stream)] if self.data is None else self.data
        return SIGNATURE + chunk(b"IHDR", self.header) + b"".join(self.before) + b"".join(data) + b"".join(self.after)


def fault(types=(0, 2, 3, 4, 6)):
    def add(make):
        FAULTS.append((make.__name__.replace("_", " "), types, make))
        return make
    return add


FAULTS = []


@fault()
def none(p):
    pass


@fault((4, 6))
def transparency_beside_alpha(p):
    p.before.append(chunk(b"tRNS", b"\0\1" * (1 if p.colour_type == 4 else 3)))


@fault((4, 6))
def transparency_beside_alpha_of_wrong_length(p):
    p.before.append(chunk(b"tRNS", b"\0"))


@fault((0, 4))
def palette_in_grey(p):
    p.before.append(chunk(b"PLTE", bytes(range(30))))


@fault((0, 4))
def palette_in_grey_of_wrong_length(p):
    p.before.append(chunk(b"PLTE", bytes(range(31))))


@fault((2, 6))
def suggested_palette_of_wrong_length(p):
    p.before.append(chunk(b"PLTE", bytes(range(31))))


@fault((2, 6))
def empty_suggested_palette(p):
    p.before.append(chunk(b"PLTE"))


@fault((0, 2, 4, 6))
def suggested_palette_twice(p):
    p.before += [chunk(b"PLTE", bytes(range(30)))] * 2


@fault((0, 2, 4, 6))
def suggested_palette_too_long(p):
    p.before.append(chunk(b"PLTE", bytes(257 * 3)))


@fault((0, 2, 4, 6))
def palette_after_data(p):
    p.after.insert(0, chunk(b"PLTE", bytes(range(30))))


@fault((3,))
def palette_after_data_of_palette_image(p):
    p.after.insert(0, chunk(b"PLTE", bytes(range(30))))


@fault((3,))
def no_palette(p):
    p.before = []


@fault((3,))
def empty_palette(p):
    p.before = [chunk(b"PLTE")]


@fault((3,))
def palette_of_wrong_length(p):
    p.before = [chunk(b"PLTE", p.palette + b"\1")]


@fault((3,))
def palette_longer_than_depth(p):
    p.before = [chunk(b"PLTE", p.palette + bytes(30))]


@fault((3,))
def palette_of_257(p):
    p.before = [chunk(b"PLTE", bytes(257 * 3))]


@fault((3,))
def palette_too_short(p):
    p.before = [chunk(b"PLTE", p.palette[:3])]


@fault((3,))
def two_palettes(p):
    p.before = [chunk(b"PLTE", p.palette), chunk(b"PLTE", p.palette[::-1])]


@fault((3,))
def transparency_before_palette(p):
    p.before.insert(0, chunk(b"tRNS", p.transparent()))


@fault((3,))
def transparency_longer_than_palette(p):
    p.before.append(chunk(b"tRNS", bytes(range(3)) * (1 << p.depth)))


@fault((0, 2, 3))
def empty_transparency(p):
    p.before.append(chunk(b"tRNS"))


@fault((0, 2))
def transparency_too_short(p):
    p.before.append(chunk(b"tRNS", p.transparent()[:-1]))


@fault((0, 2))
def transparency_too_long(p):
    p.before.append(chunk(b"tRNS", p.transparent(more=2)))


@fault((0, 2, 3))
def transparency(p):
    p.before.append(chunk(b"tRNS", p.transparent()))


@fault((0, 2, 3))
def transparency_twice(p):
    p.before += [chunk(b"tRNS", p.transparent()), chunk(b"tRNS", p.transparent(1))]


@fault((0, 2, 3))
def transparency_after_data(p):
    p.after.insert(0, chunk(b"tRNS", p.transparent()))


@fault((0, 2))
def transparency_with_bits_above_the_depth(p):
    p.before.append(chunk(b"tRNS", p.transparent(high=0xffff << p.depth & 0xffff)))


@fault((0, 2))
def transparency_with_one_bit_above_the_depth(p):
    p.before.append(chunk(b"tRNS", p.transparent(high=1 << p.depth & 0xffff)))


@fault()
def bytes_after_stream(p):
    p.stream += bytes(random.integers(0, 256, random.integers(1, 20)).astype("u1"))


@fault()
def chunk_after_stream(p):
    p.data = [chunk(b"IDAT", p.stream), chunk(b"IDAT", b"more")]


@fault()
def empty_data_chunks(p):
    half = len(p.stream) // 2
    p.data = [chunk(b"IDAT"), chunk(b"IDAT", p.stream[:half]), chunk(b"IDAT"), chunk(b"IDAT", p.stream[half:]), chunk(b"IDAT")]


@fault()
def rows_after_the_last(p):
    p.stream = zlib.compress(p.rows + bytes(40), 9)


@fault()
def rows_after_the_last_and_a_wrong_adler(p):
    p.stream = zlib.compress(p.rows + bytes(40), 9)[:-1] + b"\7"


@fault()
def rows_after_the_last_and_no_adler(p):
    p.stream = zlib.compress(p.rows + bytes(40), 9)[:-4]


@fault()
def rows_after_the_last_and_then_damage(p):
    z = zlib.compressobj(9)
    p.stream = z.compress(p.rows) + z.flush(zlib.Z_SYNC_FLUSH) + z.compress(bytes(40)) + z.flush(zlib.Z_SYNC_FLUSH) + b"\7" * 20


@fault()
def damage_after_the_last_row(p):
    z = zlib.compressobj(9)
    p.stream = z.compress(p.rows) + z.flush(zlib.Z_SYNC_FLUSH) + b"\7" * 20


@fault()
def a_megabyte_after_the_last_row(p):
    p.stream = zlib.compress(p.rows + bytes(1 << 20), 9)


@fault()
def a_megabyte_after_the_last_row_and_a_wrong_adler(p):
    p.stream = zlib.compress(p.rows + bytes(1 << 20), 9)[:-1] + b"\7"


@fault()
def one_byte_after_the_last_row(p):
    p.stream = zlib.compress(p.rows + b"\0", 9)


@fault()
def rows_missing(p):
    p.stream = zlib.compress(p.rows[:-3], 9)


@fault()
def wrong_adler(p):
    p.stream = p.stream[:-1] + bytes([p.stream[-1] ^ 1])


@fault()
def no_adler(p):
    p.stream = p.stream[:-4]


@fault()
def half_an_adler(p):
    p.stream = p.stream[:-2]


@fault()
def end_of_stream_cut(p):
    p.stream = p.stream[:-6]


@fault()
def stream_without_last_block(p):
    z = zlib.compressobj(9)
    p.stream = z.compress(p.rows) + z.flush(zlib.Z_SYNC_FLUSH)


@fault()
def window_larger_than_stated(p):
    p.stream = b"\x08\x1d" + p.stream[2:]


@fault()
def window_beyond_32k(p):
    p.stream = b"\x88\x1c" + p.stream[2:]


@fault()
def wrong_zlib_check(p):
    p.stream = b"\x78\x9d" + p.stream[2:]


@fault()
def zlib_dictionary(p):
    p.stream = b"\x78\xbb" + p.stream[2:]


@fault()
def unknown_filter(p):
    p.stream = zlib.compress(b"\5" + p.rows[1:], 9)


@fault()
def wrong_crc_of_data(p):
    p.data = [chunk(b"IDAT", p.stream, crc=1)]


@fault()
def wrong_crc_of_header(p):
    file = Picture.file(p)
    p.file = lambda: file[:29] + b"\0\0\0\1" + file[33:]


@fault()
def wrong_crc_of_text_before_data(p):
    p.before.append(chunk(b"tEXt", b"a\0b", crc=1))


@fault()
def wrong_crc_of_text_after_data(p):
    p.after.insert(0, chunk(b"tEXt", b"a\0b", crc=1))


@fault((3,))
def wrong_crc_of_palette(p):
    p.before = [chunk(b"PLTE", p.palette, crc=1)]


@fault()
def wrong_crc_of_end(p):
    p.after = [chunk(b"IEND", crc=1)]


@fault()
def end_with_data(p):
    p.after = [chunk(b"IEND", b"abc")]


@fault()
def no_end(p):
    p.after = []


@fault()
def end_cut(p):
    p.after = [chunk(b"IEND")[: random.integers(1, 12)]]


@fault()
def cut_in_crc_of_data(p):
    p.after = []
    p.data = [chunk(b"IDAT", p.stream)[: -random.integers(1, 5)]]


@fault()
def cut_in_data(p):
    p.after = []
    p.data = [chunk(b"IDAT", p.stream)[: -random.integers(9, 30)]]


@fault()
def bytes_after_end(p):
    p.after.append(b"junk")


@fault()
def data_apart(p):
    half = len(p.stream) // 2
    p.data = [chunk(b"IDAT", p.stream[:half]), chunk(b"tEXt", b"a\0b"), chunk(b"IDAT", p.stream[half:])]


@fault()
def data_chunks_of_one_byte(p):
    p.data = [chunk(b"IDAT", p.stream[i : i + 1]) for i in range(len(p.stream))]


@fault()
def data_after_text_at_the_end(p):
    p.after = [chunk(b"tEXt", b"a\0b"), chunk(b"IDAT", b"abc"), chunk(b"IEND")]


@fault()
def unknown_critical_chunk(p):
    p.before.append(chunk(b"ABCD", b"x"))


@fault()
def unknown_critical_chunk_after_data(p):
    p.after.insert(0, chunk(b"ABCD", b"x"))


@fault()
def unknown_private_chunk(p):
    p.before.append(chunk(b"abCd", b"x"))


@fault()
def reserved_bit_in_a_name(p):
    p.before.append(chunk(b"abcd", b"x"))


@fault()
def name_that_is_no_letters(p):
    p.before.append(chunk(b"a1Cd", b"x"))


@fault()
def header_twice(p):
    p.before.insert(0, chunk(b"IHDR", p.header))


@fault()
def header_too_long(p):
    p.header += b"\0"


@fault()
def header_too_short(p):
    p.header = p.header[:12]


@fault()
def text_before_header(p):
    file = Picture.file(p)
    p.file = lambda: file[:8] + chunk(b"tEXt", b"a\0b") + file[8:]


@fault()
def unknown_compression(p):
    p.header = p.header[:10] + b"\1" + p.header[11:]


@fault()
def unknown_filter_method(p):
    p.header = p.header[:11] + b"\1" + p.header[12:]


@fault()
def unknown_interlace(p):
    p.header = p.header[:12] + b"\2"


@fault()
def unknown_depth(p):
    p.header = p.header[:8] + b"\3" + p.header[9:]


@fault()
def unknown_colour_type(p):
    p.header = p.header[:9] + b"\5" + p.header[10:]


@fault()
def width_zero(p):
    p.header = bytes(4) + p.header[4:]


@fault()
def wrong_ancillary_chunks(p):
    p.before = [chunk(b"gAMA", b"\0"), chunk(b"cHRM", bytes(31)), chunk(b"sBIT", b"\xff" * 9), *p.before]
    p.before += [chunk(b"pHYs", b"\0"), chunk(b"tIME", b"x"), chunk(b"bKGD", bytes(9)), chunk(b"hIST", b"abc")]


@fault()
def ancillary_chunks_twice(p):
    p.before = [chunk(b"gAMA", struct.pack(">I", 45455))] * 2 + [chunk(b"sRGB", b"\0")] * 2 + p.before


@fault()
def length_beyond_2_31(p):
    p.before.append(chunk(b"tEXt", b"a\0b", length=0x80000003))


@fault()
def text_longer_than_file(p):
    p.after = [chunk(b"tEXt", b"a\0b", length=100)]


@fault()
def exif_that_is_none(p):
    p.before.append(chunk(b"eXIf", b"nothing"))


@fault()
def profile_that_is_none(p):
    p.before.insert(0, chunk(b"iCCP", b"name\0\0broken"))


@fault()
def animation_of_no_frames(p):
    p.before.append(chunk(b"acTL", struct.pack(">II", 0, 0)))


def by_pillow(data):
    image = Image.open(io.BytesIO(data), formats=["PNG"])
    image.load()
    if image.mode.startswith("I"):  # 16 bits grey
        grey = np.array(image).astype("u2")
        eight = (grey >> 8).astype("u1")
        alpha = np.full_like(eight, 255)
        if "transparency" in image.info:
            alpha = np.where(grey == image.info["transparency"], 0, 255).astype("u1")
        return np.dstack([eight, eight, eight, alpha])
    return np.array(image.convert("RGBA"))


def by_libpng(data):
    """By libpng itself, told to make 8-bit RGBA of everything; the end of the file is read too, as most programs do."""
    lib = ctypes.CDLL("libpng16.so.16")
    libc = ctypes.CDLL(None)
    pid = os.fork()
    if pid == 0:
        # Its errors end the process (longjmp is out of reach here).
        try:
            pointer = ctypes.c_void_p
            for function in (lib.png_get_libpng_ver, lib.png_create_read_struct, lib.png_create_info_struct):
                function.restype = pointer
            handler = ctypes.CFUNCTYPE(None, pointer, ctypes.c_char_p)
            fail = handler(lambda _png, _message: os._exit(3))
            quiet = handler(lambda _png, _message: None)
            png = pointer(lib.png_create_read_struct(ctypes.c_char_p(lib.png_get_libpng_ver(None)), None, fail, quiet))
            info = pointer(lib.png_create_info_struct(png))
            source = io.BytesIO(data)

            @ctypes.CFUNCTYPE(None, pointer, pointer, ctypes.c_size_t)
            def give(_png, target, size):
                part = source.read(size)
                if len(part) < size:
                    os._exit(4)
                ctypes.memmove(target, part, size)

            lib.png_set_read_fn(png, None, give)
            lib.png_read_info(png, info)
            lib.png_set_expand(png)
            lib.png_set_strip_16(png)
            lib.png_set_gray_to_rgb(png)
            lib.png_set_add_alpha(png, 255, 1)
            lib.png_set_interlace_handling(png)
            lib.png_read_update_info(png, info)
            width, height = struct.unpack(">II", data[16:24])
            out = np.zeros((height, width, 4), "u1")
            rows = (pointer * height)(*[out.ctypes.data + y * width * 4 for y in range(height)])
            lib.png_read_image(png, rows)
            with open(os.path.join(options.folder, "rows"), "wb") as file:
                file.write(out.tobytes())
        except BaseException:
            os._exit(5)
        os._exit(0)
    del libc
    _, status = os.waitpid(pid, 0)
    if status != 0:
        raise ValueError("libpng refuses")
    with open(os.path.join(options.folder, "rows"), "rb") as file:
        return np.frombuffer(file.read(), "u1")


def answer(read, data):
    try:
        return hashlib.sha256(read(data).tobytes()).hexdigest()
    except Exception as error:
        return f"{type(error).__name__}: {str(error).split(' <')[0]}"


os.makedirs(options.folder, exist_ok=True)
cases = []
with open(os.path.join(options.folder, "files.bin"), "wb") as out:
    for colour_type, depth in [(0, 1), (0, 8), (0, 16), (2, 8), (2, 16), (3, 2), (3, 8), (4, 8), (6, 8), (6, 16)]:
        for interlaced in (False, True):
            for name, types, make in FAULTS:
                if colour_type in types:
                    picture = Picture(colour_type, depth, interlaced)
                    make(picture)
                    data = picture.file()
                    kind = f"type {colour_type}, {depth} bits" + (", interlaced" if interlaced else "")
                    answers = {"pillow": answer(by_pillow, data), "libpng": answer(by_libpng, data)}
                    cases.append({"fault": name, "kind": kind, "bytes": len(data)} | answers)
                    out.write(data)
with open(os.path.join(options.folder, "answers.json"), "w") as out:
    json.dump({"made": f"Pillow {PIL.__version__}", "cases": cases}, out)
print(len(cases), "files of", len(FAULTS), "faults; Pillow", PIL.__version__)
