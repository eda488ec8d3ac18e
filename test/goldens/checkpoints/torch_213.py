"""Makes torch_213.json: small files of torch.save and of safetensors, and what these libraries read from them.

torch 2.13.0, safetensors 0.8.0, numpy 2.4.6: python torch_213.py
"""
import argparse, base64, collections, datetime, hashlib, io, json, os, pickle, struct, tarfile, tempfile, warnings, zipfile
import numpy as np
import torch
from safetensors.torch import load, load_file, save_file

warnings.simplefilter("ignore")


class Maker:
    def __init__(self, folder, seed):
        self.folder, self.notes = folder, {}
        self.g = torch.Generator().manual_seed(seed)

    def t(self, *shape, dtype=torch.float32):
        x = torch.randn(*shape, generator=self.g) * 2
        return x.to(dtype)

    def path(self, name):
        return os.path.join(self.folder, name)

    def save(self, name, obj, note, **options):
        torch.save(obj, self.path(name), **options)
        self.notes[name] = note

    def raw(self, name, data, note):
        open(self.path(name), "wb").write(data)
        self.notes[name] = note

    def expect(self):
        out = {n: {"note": note, **(read_safetensors if n.endswith(".safetensors") else read_torch)(self.path(n))} for n, note in sorted(self.notes.items())}
        import safetensors
        head = {"made_with": f"torch {torch.__version__}, safetensors {safetensors.__version__}, numpy {np.__version__}",
                "meaning": "weights_only / full: what torch.load(path, map_location='cpu', weights_only=True / False) did: 'ok' or the error. tensors: path in the loaded object, dtype, "
                           "shape, sha (first 16 hex digits of the SHA-256 of the contiguous little-endian bytes; bool as 0/1), first values (up to 6, null where not finite, as doubles). plain: the other leaves that JSON can hold. "
                           "safetensors: load_file and load(bytes) likewise. base64: the file."}
        for n, e in out.items():
            e["base64"] = base64.b64encode(open(self.path(n), "rb").read()).decode()
        lines = ",\n".join(json.dumps(n) + ":" + json.dumps(e, separators=(",", ":")) for n, e in out.items())
        golden = os.path.splitext(os.path.abspath(__file__))[0] + ".json"
        open(golden, "w").write(json.dumps(head)[:-1] + ',"files":{\n' + lines + "\n}}\n")
        for n in out:
            no_paths(self.path(n))
        sizes = [os.path.getsize(self.path(n)) for n in out]
        print(len(sizes), "files, largest", max(sizes), "total", sum(sizes), "json", os.path.getsize(golden))


def describe(path, x):
    c = x.detach().resolve_conj().resolve_neg().contiguous()
    raw = c.reshape(-1).view(torch.uint8).numpy().tobytes() if c.numel() else b""
    v = c.reshape(-1)[:6]
    v = torch.view_as_real(v.to(torch.complex64)).reshape(-1) if v.dtype.is_complex else v
    try:
        v = [float(a) if np.isfinite(float(a)) else None for a in v.to(torch.float64)]
    except Exception:
        v = None
    return {"path": path, "dtype": str(x.dtype).split(".")[1], "shape": list(x.shape), "sha": hashlib.sha256(raw).hexdigest()[:16], "first": v}


def walk(x, path, tensors, plain):
    if isinstance(x, torch.Tensor):
        if x.layout == torch.strided and not x.is_quantized and x.device.type == "cpu" and not x.is_nested:
            tensors.append(describe(path, x))
    elif isinstance(x, dict):
        for k, v in x.items():
            walk(v, path + [k if isinstance(k, (str, int)) else str(k)], tensors, plain)
    elif isinstance(x, (list, tuple)):
        for i, v in enumerate(x):
            walk(v, path + [i], tensors, plain)
    elif x is None or isinstance(x, (bool, str, float)) and not isinstance(x, np.generic):
        plain.append([path, x])
    elif isinstance(x, int):
        plain.append([path, x if abs(x) < 2**53 else str(x)])


def read_torch(path):
    r, obj = {}, None
    for key, flag in (("full", False), ("weights_only", True)):
        try:
            x = torch.load(path, map_location="cpu", weights_only=flag)
            r[key] = "ok"
            obj = x
        except Exception as e:
            s = str(e)
            i = s.find("GLOBAL ")
            r[key] = f"{type(e).__name__}: " + (s[i:].split(" was not")[0] + " refused" if i >= 0 else s.strip().split("\n")[0][:110])
    if obj is not None and not isinstance(obj, torch.nn.Module):
        tensors, plain = [], []
        walk(obj, [], tensors, plain)
        r["tensors"], r["plain"] = tensors, plain
    return r


def read_safetensors(path):
    r = {}
    for key, f in (("load", lambda: load(open(path, "rb").read())), ("load_file", lambda: load_file(path))):
        try:
            x = f()
            r[key] = "ok"
            r["tensors"] = [describe([k], x[k]) for k in sorted(x)]
        except Exception as e:
            r[key] = f"{type(e).__name__}: {str(e)[:130]}"
    return r


def rezip(path, method=zipfile.ZIP_STORED, rename=lambda n: n, drop=(), change={}):
    z, b = zipfile.ZipFile(path), io.BytesIO()
    with zipfile.ZipFile(b, "w", method) as o:
        for n in z.namelist():
            if n.split("/", 1)[1] not in drop:
                i = zipfile.ZipInfo(rename(n), (1980, 1, 1, 0, 0, 0))
                i.compress_type = method
                o.writestr(i, change.get(n.split("/", 1)[1], z.read(n)))
    return b.getvalue()


def without_sources(path):
    """torch.jit and torch.export write source paths and texts into their archives: take them out (torch still loads the files)."""
    z = zipfile.ZipFile(path)
    change = {}
    for n in z.namelist():
        if n.endswith("models/model.json"):
            j = json.loads(z.read(n))
            for node in j["graph_module"]["graph"]["nodes"]:
                node["metadata"] = {k: v for k, v in node["metadata"].items() if k not in ("stack_trace", "nn_module_stack", "torch_fn", "source_fn_stack")}
            change[n.split("/", 1)[1]] = json.dumps(j, separators=(",", ":")).encode()
    methods = {i.filename: i.compress_type for i in z.infolist()}
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w") as o:
        for n in z.namelist():
            if not n.endswith(".debug_pkl"):
                i = zipfile.ZipInfo(n, (1980, 1, 1, 0, 0, 0))
                i.compress_type = methods[n]
                o.writestr(i, change.get(n.split("/", 1)[1], z.read(n)))
    open(path, "wb").write(b.getvalue())


def no_paths(path):
    """No path of the machine in any file or archive entry."""
    texts = [open(path, "rb").read()]
    if zipfile.is_zipfile(path):
        z = zipfile.ZipFile(path)
        for i in z.infolist():
            try:
                texts.append(z.read(i))
            except zipfile.BadZipFile:
                pass                                   # the file with the flipped bit, and those without checksums
    for t in texts:
        assert b"site-packages" not in t and os.path.dirname(os.path.abspath(__file__)).encode() not in t and b"lib/python" not in t, path


def safetensors_bytes(header, data=b"", pad=b""):
    h = (header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()) + pad
    return struct.pack("<Q", len(h)) + h + data


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def old_tar(tensors):
    """The format before torch 0.1.10, as torch.load still reads it: a tar of sys_info, storages, tensors, pickle."""
    s, t = io.BytesIO(), io.BytesIO()
    pickle.dump(len(tensors), s, 2)
    pickle.dump(len(tensors), t, 2)
    for k, x in enumerate(tensors.values()):
        pickle.dump((k, "cpu", torch.FloatStorage), s, 2)
        s.write(struct.pack("<q", x.numel()) + x.numpy().tobytes())
        pickle.dump((100 + k, k, torch.FloatTensor), t, 2)
        t.write(struct.pack("<ii", x.dim(), 0) + struct.pack(f"<{x.dim()}q", *x.shape) + struct.pack(f"<{x.dim()}q", *x.stride()) + struct.pack("<q", 0))
    pickle.dump([], s, 2)

    class Reference:
        def __init__(self, k): self.k = k

    class P(pickle.Pickler):
        def persistent_id(self, o): return str(100 + o.k) if isinstance(o, Reference) else None
    p = io.BytesIO()
    P(p, 2).dump(collections.OrderedDict((n, Reference(k)) for k, n in enumerate(tensors)))
    b = io.BytesIO()
    with tarfile.open(fileobj=b, mode="w", format=tarfile.PAX_FORMAT) as a:
        for n, d in (("sys_info", pickle.dumps({"protocol_version": 1000, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}, 2)),
                     ("pickle", p.getvalue()), ("tensors", t.getvalue()), ("storages", s.getvalue())):
            i = tarfile.TarInfo(n)
            i.size = len(d)
            a.addfile(i, io.BytesIO(d))
    return b.getvalue()


class SE(torch.nn.Module):
    def __init__(self, c, r):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, c, 3, bias=False)
        self.bn = torch.nn.BatchNorm2d(c)
        self.fc1 = torch.nn.Conv2d(c, r, 1)
        self.fc2 = torch.nn.Conv2d(r, c, 1)

    def forward(self, x):
        x = self.bn(self.conv(x))
        return x * torch.sigmoid(self.fc2(torch.relu(self.fc1(x.mean((2, 3), keepdim=True)))))


def main():
    torch.manual_seed(5)
    m = Maker(tempfile.mkdtemp(), 5)
    t, save, raw = m.t, m.save, m.raw
    od = collections.OrderedDict
    net = SE(4, 2).eval()
    sd = net.state_dict()
    save("state-dict.pth", sd, "a module's state_dict: OrderedDict with _metadata, int64 num_batches_tracked")
    save("dtypes.pth", od((str(d).split(".")[1], t(2, 3, dtype=d)) for d in (torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8, torch.bool,
         torch.complex64)) | {"uint8": torch.arange(6, dtype=torch.uint8)}, "the dtypes that have a storage class")
    save("dtypes-v3.pth", {"u16": torch.arange(5).to(torch.uint16)[1:], "u32": torch.arange(3).to(torch.uint32), "e4m3": t(6).to(torch.float8_e4m3fn), "e5m2": t(6).to(torch.float8_e5m2)[2:]},
         "dtypes without a storage class: UntypedStorage (size in BYTES) and _rebuild_tensor_v3 (offset in elements)")
    big = t(200)
    w = t(4, 6)
    save("views.pth", {"a": w, "row": w[2], "column": w[:, 1], "turned": w.t(), "strided": w[::2, 1::3], "expanded": t(3, 1).expand(3, 4), "slice": big[150:153], "scalar": w[1, 1]},
         "views of one storage, strides 0 and not contiguous, a slice that drags its whole storage along")
    a = torch.nn.Linear(3, 3)
    save("tied.pth", torch.nn.Sequential(a, a).state_dict(), "tied weights: two names, one storage")
    save("empty.pth", {"none": torch.zeros(0), "none2": torch.zeros(0, 3), "scalar": torch.tensor(3.5), "long": torch.tensor([2**40 + 1])}, "no elements, no dimensions")
    p = torch.nn.Parameter(t(2, 2))
    q = torch.nn.Parameter(t(2))
    q.tag = "decay"
    r = t(2)
    r.note = "x"
    save("parameters.pth", {"p": p, "q": q, "frozen": torch.nn.Parameter(t(1), requires_grad=False), "buffer": torch.nn.Buffer(t(2)), "noted": r, "grad": t(1).requires_grad_()},
         "Parameter, Parameter and Tensor with attributes, Buffer, requires_grad")
    save("conj.pth", {"c": t(3, dtype=torch.complex64).conj(), "n": torch.ones(3, dtype=torch.complex64).conj().imag}, "conjugated and negated views: the storage holds the other sign, a 7th argument says so")
    opt = torch.optim.AdamW(net.parameters(), lr=1e-3)
    net(t(1, 3, 5, 5)).sum().backward()
    opt.step()
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 10)
    trainer = {"epoch": 12, "arch": "se_tiny", "state_dict": od(("module." + k, v) for k, v in sd.items()), "best_acc1": 71.25, "optimizer": opt.state_dict(), "scheduler": sched.state_dict(),
               "args": {"lr": 0.1, "layers": [1, 2, [3]], "name": "é" * 200, "seed": 2**40, "huge": 2**70, "none": None, "flag": True, "tuple": (1, 2, 3, 4)}, "rng": torch.get_rng_state()[:16].clone()}
    save("trainer.pth", trainer, "what a training script leaves: the weights under state_dict with the prefix module.")
    save("ema.pth", {"model": sd, "model_ema": {k: v.clone() * 2 if v.is_floating_point() else v for k, v in sd.items()}, "ema": {"decay": 0.999}}, "two sets of weights under model and model_ema")
    save("namespace.pth", {"state_dict": sd, "args": argparse.Namespace(lr=0.1, opt="sgd"), "acc": np.float64(0.5), "when": datetime.datetime(2026, 1, 2), "hist": np.arange(3.0)},
         "argparse.Namespace, numpy scalar and array, datetime beside the weights: refused by weights_only")
    save("module.pth", torch.nn.Sequential(torch.nn.Conv2d(1, 2, 1), torch.nn.ReLU()), "a whole module, not a state_dict: classes by name")
    save("tensor.pth", t(2, 3), "a bare tensor")
    save("list.pth", [t(1), (t(2), {"a": t(3)})], "tensors in lists and tuples")
    for k in (4, 5):
        save(f"protocol{k}.pth", sd, f"pickle_protocol={k}: torch.load refuses it by default", pickle_protocol=k)
    old = dict(_use_new_zipfile_serialization=False)
    save("legacy.pth", od(w=t(2, 3), i=torch.tensor([1, -2]), h=t(2, dtype=torch.bfloat16), e=torch.zeros(0)), "the format before torch 1.6", **old)
    save("legacy-views.pth", {"a": w, "turned": w.t(), "row": w[1]}, "the same with views of one storage", **old)
    save("legacy-u16.pth", {"u16": torch.arange(4).to(torch.uint16)}, "the same with a dtype that has no storage class: torch 2.13 writes it and cannot read it", **old)
    torch.serialization.get_source_lines_and_file = lambda cls: (["class Tiny:\n", "    ...\n"], 1, "tiny.py")     # it would store the class's source text and path
    save("legacy-module.pth", torch.nn.Linear(2, 1), "a whole module in the format before 1.6: persistent ids (module, class, source file, source text)", **old)
    raw("old-tar.pth", old_tar({"w": t(2, 3), "b": t(2)}), "the tar format before 0.1.10, made by hand")
    save("sparse.pth", {"s": torch.eye(3).to_sparse()}, "a sparse tensor")
    save("quantized.pth", {"q": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.quint8)}, "a quantized tensor")
    save("meta.pth", {"m": torch.empty(2, device="meta"), "w": t(1)}, "a tensor without data")
    sm = torch.jit.script(torch.nn.Linear(2, 1))
    torch.jit.save(sm, m.path("script.pt"))
    without_sources(m.path("script.pt"))
    m.notes["script.pt"] = "TorchScript: data.pkl is there, but with __torch__ classes, constants.pkl and code/ (deflated)"
    torch.export.save(torch.export.export(torch.nn.Linear(2, 1), (torch.zeros(1, 2),)), m.path("exported.pt2"))
    without_sources(m.path("exported.pt2"))
    m.notes["exported.pt2"] = "torch.export: no data.pkl"
    raw("lfs-pointer.pth", b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"ab" * 32 + b"\nsize 102530333\n", "a Git LFS pointer instead of the file")
    raw("page.pth", b"<!DOCTYPE html>\n<html><head><title>404</title></head></html>\n", "a web page instead of the file")
    src = m.path("dtypes.pth")
    raw("deflated.pth", rezip(src, zipfile.ZIP_DEFLATED), "zipped again, with compression: torch reads it")
    small = m.path("tied.pth")
    raw("renamed.pth", rezip(small, rename=lambda n: "some folder/" + n.split("/", 1)[1]), "another top folder in the archive")
    raw("first-zip.pth", rezip(small, drop=("byteorder", ".format_version", ".storage_alignment", ".data/serialization_id")), "the entries of torch 1.6 to 2.0 only: data.pkl, data/*, version")
    raw("big-endian.pth", rezip(src, change={"byteorder": b"big"}), "byteorder says big: torch swaps the bytes")
    raw("no-folder.pth", rezip(small, rename=lambda n: n.split("/", 1)[1]), "entries without a top folder: refused by torch")
    d = open(m.path("tied.pth"), "rb").read()
    raw("cut.pth", d[:-300], "cut at the end")
    torch.serialization.set_crc32_options(False)
    save("no-checksums.pth", torch.nn.Linear(2, 2).state_dict(), "torch.serialization.set_crc32_options(False): every CRC field is 0, no entry may be refused for it")
    torch.serialization.set_crc32_options(True)
    z = zipfile.ZipFile(m.path("tied.pth"))
    i = next(x for x in z.infolist() if x.filename.endswith("data/0"))
    d = bytearray(d)
    at = i.header_offset + 30 + sum(struct.unpack("<HH", d[i.header_offset + 26:i.header_offset + 30]))
    d[at + 3] ^= 0x40
    raw("flipped-bit.pth", bytes(d), "one bit of a weight flipped, its CRC-32 is wrong: torch does not look")

    save_file({"b": t(1), "a": t(2, dtype=torch.float64), "h": t(3, dtype=torch.float16), "u": torch.arange(3, dtype=torch.uint8), "none": torch.zeros(0, 2), "i": torch.tensor([-1, 2**40]), "s": torch.tensor(1.5),
               "bf": t(2, dtype=torch.bfloat16), "c": t(2, dtype=torch.complex64), "f8": t(3).to(torch.float8_e4m3fn), "z8": t(3).to(torch.float8_e5m2fnuz), "bool": torch.tensor([True, False])}, m.path("plain.safetensors"), {"format": "pt"})
    m.notes["plain.safetensors"] = "as the library writes it"
    save_file({"e8": torch.arange(3, dtype=torch.uint8).view(torch.float8_e8m0fnu), "f4": torch.arange(2, dtype=torch.uint8).view(torch.float4_e2m1fn_x2)}, m.path("small-floats.safetensors"))
    m.notes["small-floats.safetensors"] = "F8_E8M0 and F4 (shape in 4-bit elements): load_file reads, load(bytes) does not"
    D = bytes(range(64))
    one = entry("F32", [1], 0, 4)
    good = {"padded": (safetensors_bytes({"a": one}, D[:4], b"\n\t "), "white space after the JSON"), "leading-space": (safetensors_bytes(b" " + json.dumps({"a": one}).encode(), D[:4]), "white space before"),
            "metadata-last": (safetensors_bytes({"a": one, "__metadata__": {"k": "v"}}, D[:4]), ""), "metadata-null": (safetensors_bytes({"__metadata__": None, "a": one}, D[:4]), ""),
            "extra-field": (safetensors_bytes({"a": {**one, "more": [1]}}, D[:4]), "unknown fields are ignored"), "unordered": (safetensors_bytes({"z": entry("F32", [1], 4, 8), "a": one}, D[:8]), "order in the header is free"),
            "misaligned": (safetensors_bytes({"a": entry("U8", [1], 0, 1), "b": entry("F64", [1], 1, 9)}, D[:9]), "data need not be aligned"), "empty-between": (safetensors_bytes({"a": one, "e": entry("F32", [0, 3], 4, 4), "b": entry("F32", [1], 4, 8)}, D[:8]), ""),
            "no-tensors": (safetensors_bytes({}), ""), "same-twice": (safetensors_bytes(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', D[:4]), "a name twice with the same entry"),
            "escaped": (safetensors_bytes(b'{"\\u0061\\n":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', D[:4]), "")}
    bad = {"gap": safetensors_bytes({"a": one, "b": entry("F32", [1], 8, 12)}, D[:12]), "gap-start": safetensors_bytes({"a": entry("F32", [1], 4, 8)}, D[:8]), "overlap": safetensors_bytes({"a": entry("F32", [2], 0, 8), "b": entry("F32", [1], 4, 8)}, D[:8]),
           "shared": safetensors_bytes({"a": one, "b": one}, D[:4]), "trailing": safetensors_bytes({"a": one}, D[:8]), "short": safetensors_bytes({"a": entry("F32", [2], 0, 8)}, D[:4]),
           "name-twice": safetensors_bytes(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', D[:8]), "metadata-number": safetensors_bytes({"__metadata__": {"a": 1}}),
           "nul-padding": safetensors_bytes({"a": one}, D[:4], b"\0\0"), "size": safetensors_bytes({"a": entry("F32", [3], 0, 8)}, D[:8]), "dtype": safetensors_bytes({"a": entry("C128", [1], 0, 16)}, D[:16]),
           "negative": safetensors_bytes({"a": entry("F32", [-1], 0, 4)}, D[:4]), "empty-inside": safetensors_bytes({"a": one, "e": entry("F32", [0], 2, 2)}, D[:4]), "long-header": struct.pack("<Q", 1000) + b"{}", "huge-header": struct.pack("<Q", 100000001) + b"{}",
           "two-values": safetensors_bytes(b"{}{}"), "comma": safetensors_bytes(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},}', D[:4]), "tiny": b"\x02\0\0\0\0\0\0"}
    for n, (b, note) in good.items():
        raw(f"good-{n}.safetensors", b, note or "read")
    for n, b in bad.items():
        raw(f"bad-{n}.safetensors", b, "refused")
    m.expect()


if __name__ == "__main__":
    main()
