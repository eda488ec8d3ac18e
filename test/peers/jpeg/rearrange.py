"""Takes a JPEG file apart into its segments and puts it together again in a way that its encoder did not mean, for make.py."""
import struct

SOF = [0xC0, 0xC1, 0xC2]


def parts_of(data):
    """[[marker, body]], a scan's data kept with its SOS; markers without a segment have no body."""
    parts, at = [], 0
    while at < len(data):
        marker = data[at + 1]
        if marker in (0xD8, 0xD9):
            parts.append([marker, b""])
            at += 2
            continue
        end = at + 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
        if marker == 0xDA:
            while not (data[end] == 0xFF and data[end + 1] not in (0, *range(0xD0, 0xD8))):
                end += 1
        parts.append([marker, bytes(data[at + 4 : end])])
        at = end
    return parts


def joined(parts, random):
    """Lengths are right but for one in 40."""
    out = bytearray()
    for marker, body in parts:
        if marker < 0:
            out += body
            continue
        out += bytes([0xFF, marker])
        if marker in (0x01, *range(0xD0, 0xDA), 0xC8, *range(0xF0, 0xFE)):
            continue
        size = 2 + (6 + 2 * (body[0] if body else 0) - 2 if marker == 0xDA else len(body))
        if random.integers(0, 40) == 0:
            size = max(0, size + int(random.choice([-2, -1, 1, 2, 100, -size])))
        out += struct.pack(">H", size & 0xFFFF) + body
    return bytes(out)


def segment(random):
    """One more: of an application, a comment, a table, a number, or none at all."""
    length = int(random.choice([0, 1, 3, 12, 200, 65000], p=[0.2, 0.2, 0.2, 0.2, 0.15, 0.05]))
    junk = random.integers(0, 256, length, dtype="u1").tobytes()
    kind = random.integers(0, 16)
    if kind < 2:
        return [0xE0, b"JFIF\0\1\2\0\0\1\0\1\0\0"[: random.integers(4, 15)] + junk * int(random.integers(0, 2))]
    if kind < 5:
        adobe = b"Adobe\0\x64\0\0\0\0" + bytes([random.integers(0, 4)])
        return [0xEE, adobe[: random.integers(5, 13)] + junk * int(random.integers(0, 2))]
    if kind == 5:
        return [0xE0, b"JFXX\0\x10" + bytes.fromhex("ffd8ffdb00430008") + junk]
    if kind == 6:
        return [0xE1, b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0" + junk]
    if kind == 7:
        return [0xE2, b"ICC_PROFILE\0\1\1" + junk]
    if kind == 8:
        return [0xFE, junk]
    if kind == 9:
        return [0xDC, struct.pack(">H", random.integers(0, 100))]
    if kind == 10:
        return [0xDD, struct.pack(">H", random.integers(0, 12))]
    if kind == 11:
        return [0xDB, bytes([random.integers(0, 4)]) + random.integers(0, 60, 64, dtype="u1").tobytes()]
    if kind == 12:
        return [0xDB, bytes([16 + random.integers(0, 5)]) + random.integers(0, 3000, 64).astype(">u2").tobytes()]
    if kind == 13:
        return [0xCC, random.integers(0, 34, 2 * random.integers(1, 3), dtype="u1").tobytes()]
    if kind == 14:
        return [int(random.choice([0x01, 0xD0, 0xD3, 0xD7, 0xD8, 0xC8, 0xF0, 0xFD, 0xDE, 0xDF, 0xD9, 0xBF, 0x02])), b""]
    return [-1, bytes(random.choice([0xFF, 0xFF, 0, 0x12], random.integers(1, 6)).astype("u1"))]


def rearranged(data, random):
    parts = parts_of(data)
    for _ in range(random.integers(1, 4)):
        scans = [i for i, (marker, _) in enumerate(parts) if marker == 0xDA]
        frames = [i for i, (marker, _) in enumerate(parts) if marker in SOF]
        kind = random.integers(0, 14)
        at = int(random.integers(1, len(parts) + 1))
        if kind < 3:
            parts.insert(at, segment(random))
        elif kind == 3:
            del parts[min(at, len(parts) - 1)]
        elif kind == 4:
            parts.insert(at, list(parts[random.integers(1, len(parts))]))
        elif kind == 5 and len(parts) > 3:
            other = int(random.integers(1, len(parts)))
            at = min(at, len(parts) - 1)
            parts[at], parts[other] = parts[other], parts[at]
        elif kind == 6 and frames:
            parts[frames[0]][0] = int(random.choice([0xC0, 0xC1, 0xC2, 0xC5, 0xC3, 0xC9, 0xCA, 0xCD, 0xDE]))
        elif kind in (7, 8) and frames:
            body = bytearray(parts[frames[0]][1])
            where = int(random.integers(0, len(body)))
            field = (where - 6) % 3 if where > 5 else -1
            small = random.integers(1, 5)
            body[where] = (
                16 * small + random.integers(1, 5) if field == 1 else random.integers(0, 5) if field == 2
                else int(random.choice([82, 71, 66, 1, 2, 3, 4, 0])) if field == 0
                else random.choice([8, 12]) if where == 0 else random.integers(0, 2) if where in (1, 3) else random.integers(0, 71)
            )
            parts[frames[0]][1] = bytes(body)
        elif kind in (9, 10) and scans:
            which = int(random.choice(scans))
            body = bytearray(parts[which][1])
            head = 4 + 2 * body[0]
            where = int(random.integers(0, min(head, len(body))))
            if random.integers(0, 2) and body[0] > 1:
                body[1:5] = body[3:5] + body[1:3]
            else:
                body[where] = random.choice([0, 1, 2, 3, 4, 5, 0x10, 0x11, 0x21, 0x3F, 63, 64])
            parts[which][1] = bytes(body)
        elif kind == 11 and len(scans) > 1:
            first, second = random.choice(scans, 2)
            parts[first], parts[second] = parts[second], parts[first]
        elif kind == 12 and scans:
            which = int(random.choice(scans))
            body = bytearray(parts[which][1])
            marks = [i for i in range(8, len(body) - 1) if body[i] == 0xFF and 0xD0 <= body[i + 1] < 0xD8]
            if marks:
                body[random.choice(marks) + 1] = int(random.choice([*range(0xD0, 0xD8), 0x01, 0xFE, 0xBF]))
                parts[which][1] = bytes(body)
            else:
                parts[which][1] += bytes([0xFF, int(random.integers(0xD0, 0xD8)), 0x55])
        elif kind == 13:
            parts.append([-1, bytes([0xFF, 0xD8, 0xFF]) + data[3:]] if random.integers(0, 2) else [-1, b"x" * int(random.integers(1, 20))])
    return joined(parts, random)
