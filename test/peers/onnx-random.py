"""Writes ONNX graphs at random, with ONNX Runtime's answers, for test/peers/onnx-random.ts: operators by attributes by opset, integer
arithmetic of shapes, SE blocks in every spelling, and what rewriters make of them.

  python test/peers/onnx-random.py FOLDER CASES SEED [KIND...]

onnx 1.23.2, onnxruntime 1.32.0, numpy. Graphs that ONNX Runtime refuses are left out.
"""
import json, os, random, sys
import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

ort.set_default_logger_severity(4)
F, I = TensorProto.FLOAT, TensorProto.INT64


class Graph:
    """One graph in the making; weights are spelled as initialisers, Constant nodes, or either behind Identity."""

    def __init__(self, r, opset):
        self.r, self.opset, self.nodes, self.weights, self.inputs, self.count = r, opset, [], [], [], 0
        self.gates, self.uses = 0, {''}
        self.np = np.random.default_rng(r.getrandbits(32))

    def name(self, base='v'):
        self.count += 1
        return f'{base}{self.count}'

    def input(self, shape, free=True, name=None):
        name = name or self.name('x')
        dims = [(f'{name}_{i}' if free and self.r.random() < .5 else n) for i, n in enumerate(shape)]
        self.inputs.append((name, shape, dims))
        return name

    def const(self, value, dtype=np.float32):
        value = np.asarray(value, dtype=dtype)
        name = self.name('w')
        way = self.r.random()
        tensor = numpy_helper.from_array(value, name)
        if way < .6: self.weights.append(tensor)
        else:
            kind = {'value': tensor}
            if self.opset >= 12 and way > .9 and value.ndim < 2 and dtype in (np.float32, np.int64):
                key = 'value_' + ('float' if dtype == np.float32 else 'int') + ('s' if value.ndim else '')
                kind = {key: value.tolist()}
                if value.ndim and value.size == 0: kind = {'value': tensor}
            self.nodes.append(helper.make_node('Constant', [], [name], **kind))
        if self.r.random() < .1:
            out = self.name('id')
            self.nodes.append(helper.make_node('Identity', [name], [out]))
            return out
        return name

    def ints(self, values): return self.const(np.asarray(values, dtype=np.int64), np.int64)

    def floats(self, *shape, low=-1., high=1.): return self.const(self.np.uniform(low, high, shape).astype(np.float32))

    def op(self, kind, *inputs, outputs=1, domain='', **attributes):
        names = [self.name(kind[:3].lower()) for _ in range(outputs)]
        attributes = {k: v for k, v in attributes.items() if v is not None}
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=self.name('n_') if self.r.random() < .7 else '', domain=domain, **attributes))
        self.uses.add(domain)
        return names[0] if outputs == 1 else names

    def model(self, outputs):
        graph = helper.make_graph(self.nodes, 'random', [helper.make_tensor_value_info(n, F, d) for n, _, d in self.inputs],
                                  [helper.make_tensor_value_info(n, t, None) for n, t in outputs], self.weights)
        sets = [helper.make_opsetid('', self.opset)] + [helper.make_opsetid(d, 1) for d in self.uses if d]
        if self.r.random() < .3: sets += [helper.make_opsetid('ai.onnx.ml', 1), helper.make_opsetid('com.microsoft.nchwc', 1)]
        # ONNX Runtime measures align_corners by whole sizes, and so does senet for PyTorch's files.
        return helper.make_model(graph, producer_name='pytorch', opset_imports=sets, ir_version=max(4, min(10, self.opset - 10 + 3)))


def axes_op(g, kind, x, axes, since=13, **more):
    """Squeeze and its kin: axes as attribute or input."""
    if g.opset < since: return g.op(kind, x, axes=axes, **more) if axes is not None else g.op(kind, x, **more)
    return g.op(kind, x, g.ints(axes), **more) if axes is not None else g.op(kind, x, **more)


def pick_opset(r, low=7, high=22): return r.randint(low, high)


def conv(r):
    g = Graph(r, pick_opset(r)); n = r.choice([1, 2, 2, 2])
    groups = r.choice([1, 1, 2, 3]); cin, cout = groups * r.randint(1, 4), groups * r.randint(1, 4)
    kernel = [r.randint(1, 4) for _ in range(n)]; size = [r.randint(5, 12) for _ in range(n)]
    x = g.input([r.randint(1, 3), cin] + size)
    at = dict(group=groups if groups > 1 or r.random() < .5 else None, strides=[r.randint(1, 3) for _ in range(n)] if r.random() < .7 else None,
              dilations=[r.choice([1, 1, 2]) for _ in range(n)] if r.random() < .4 else None, kernel_shape=kernel if r.random() < .7 else None)
    way = r.random()
    if way < .4: at['pads'] = [r.randint(0, 3) for _ in range(2 * n)]
    elif way < .8: at['auto_pad'] = r.choice(['SAME_UPPER', 'SAME_LOWER', 'VALID', 'NOTSET'])
    if at.get('auto_pad', '').startswith('SAME'): at['dilations'] = None
    w = g.floats(cout, cin // groups, *kernel)
    y = g.op('Conv', x, w, *([g.floats(cout)] if r.random() < .6 else []), **at)
    if r.random() < .5: y = activate(g, y)
    if r.random() < .4: y = g.op(r.choice(['Add', 'Mul', 'Sub', 'Div']), y, g.floats(cout, *[1] * n, low=.5))
    return g, [(y, F)]


def conv_transpose(r):
    g = Graph(r, pick_opset(r, 7, 22)); n = r.choice([1, 2, 2])
    groups = r.choice([1, 1, 2]); cin, cout = groups * r.randint(1, 3), groups * r.randint(1, 3)
    kernel = [r.randint(1, 4) for _ in range(n)]; size = [r.randint(2, 6) for _ in range(n)]
    strides = [r.randint(1, 3) for _ in range(n)]
    at = dict(group=groups, strides=strides, kernel_shape=kernel if r.random() < .5 else None, dilations=[r.choice([1, 1, 2]) for _ in range(n)] if r.random() < .3 else None)
    way = r.random()
    if way < .5: at['pads'] = [r.randint(0, 1) for _ in range(2 * n)]
    elif way < .7: at['auto_pad'] = r.choice(['SAME_UPPER', 'SAME_LOWER', 'VALID'])
    if r.random() < .4: at['output_padding'] = [r.randint(0, s - 1) for s in strides]
    elif r.random() < .2 and 'auto_pad' not in at:
        at.pop('pads', None); at['output_shape'] = [s * t for s, t in zip(size, strides)]
    y = g.op('ConvTranspose', g.input([r.randint(1, 2), cin] + size), g.floats(cin, cout // groups, *kernel), *([g.floats(cout)] if r.random() < .6 else []), **at)
    return g, [(y, F)]


def pool(r):
    g = Graph(r, pick_opset(r)); n = r.choice([1, 2, 2, 2, 3]); kind = r.choice(['MaxPool', 'AveragePool', 'AveragePool'])
    kernel = [r.randint(1, 4) for _ in range(n)]; size = [r.randint(5, 11) for _ in range(n)]
    at = dict(kernel_shape=kernel, strides=[r.randint(1, 3) for _ in range(n)] if r.random() < .7 else None)
    way = r.random()
    if way < .5: at['pads'] = [r.randint(0, k - 1) for k in kernel] + [r.randint(0, k - 1) for k in kernel]
    elif way < .8: at['auto_pad'] = r.choice(['SAME_UPPER', 'SAME_LOWER', 'VALID'])
    if kind == 'AveragePool': at['count_include_pad'] = r.choice([None, 0, 1])
    if g.opset >= 10 and 'auto_pad' not in at: at['ceil_mode'] = r.choice([None, 0, 1, 1])
    if (g.opset >= 10 if kind == 'MaxPool' else g.opset >= 19) and r.random() < .4 and 'auto_pad' not in at: at['dilations'] = [r.choice([1, 2]) for _ in range(n)]
    y = g.op(kind, g.input([r.randint(1, 2), r.randint(1, 4)] + size), **at)
    return g, [(y, F)]


def activate(g, x, kinds=None):
    r = g.r
    kinds = kinds or [k for k, since in dict(Relu=7, LeakyRelu=7, Elu=7, Selu=7, Sigmoid=7, Tanh=7, HardSigmoid=7, HardSwish=14, Softplus=7, Softsign=7, Gelu=20, Mish=18, Clip=7, Erf=9, silu=7, hswish=7, relu6=7, gelu=9, gelu_tanh=7, mish=7, hsig=7, Exp=7, Abs=7, Neg=7, Sqrt=7, Log=7, Reciprocal=7, Floor=7, Ceil=7, Pow=7, quick=7).items() if g.opset >= since]
    k = r.choice(kinds)
    swap = lambda *ab: ab if r.random() < .5 else ab[::-1]
    if k == 'LeakyRelu': return g.op(k, x, alpha=r.choice([None, .1, .25]))
    if k == 'Elu': return g.op(k, x, alpha=r.choice([None, .5]))
    if k == 'Selu': return g.op(k, x, alpha=r.choice([None, 1.5]), gamma=r.choice([None, 1.1]))
    if k == 'HardSigmoid': return g.op(k, x, alpha=r.choice([None, 1 / 6, .3]), beta=r.choice([None, .4]))
    if k == 'Gelu': return g.op(k, x, approximate=r.choice([None, 'none', 'tanh']))
    if k == 'Clip': return clip(g, x, r.choice([None, -.5, 0.]), r.choice([None, .75, 6.]))
    if k == 'relu6': return clip(g, x, 0., 6.)
    if k == 'silu': return g.op('Mul', *swap(x, g.op('Sigmoid', x)))
    if k == 'quick': return g.op('Mul', *swap(x, g.op('Sigmoid', g.op('Mul', *swap(x, g.const(1.702))))))
    if k == 'hsig': return r.choice([lambda: g.op('Div', clip(g, g.op('Add', *swap(x, g.const(3.))), 0., 6.), g.const(6.)),
                                     lambda: clip(g, g.op('Add', *swap(g.op('Mul', *swap(x, g.const(.2))), g.const(.5))), 0., 1.)])()
    if k == 'hswish':
        c = clip(g, g.op('Add', *swap(x, g.const(3.))), 0., 6.)
        return r.choice([lambda: g.op('Div', g.op('Mul', *swap(x, c)), g.const(6.)), lambda: g.op('Mul', *swap(x, g.op('Div', c, g.const(6.)))),
                         lambda: g.op('Mul', g.op('Mul', *swap(x, c)), g.const(1 / 6))])()
    if k == 'gelu':
        e = g.op('Add', g.op('Erf', g.op('Div', x, g.const(1.4142135))), g.const(1.))
        return r.choice([lambda: g.op('Mul', g.op('Mul', x, e), g.const(.5)), lambda: g.op('Mul', g.op('Mul', x, g.const(.5)), e), lambda: g.op('Mul', x, g.op('Mul', *swap(e, g.const(.5))))])()
    if k == 'gelu_tanh':
        cube = r.choice([lambda: g.op('Pow', x, g.const(3.)), lambda: g.op('Mul', x, g.op('Mul', x, x))])()
        t = g.op('Tanh', g.op('Mul', g.const(.7978845608), g.op('Add', x, g.op('Mul', g.const(.044715), cube))))
        return g.op('Mul', g.op('Mul', g.const(.5), x), g.op('Add', g.const(1.), t))
    if k == 'mish': return g.op('Mul', x, g.op('Tanh', g.op('Softplus', x)))
    if k in ('Sqrt', 'Log', 'Reciprocal'): return g.op(k, g.op('Add', g.op('Abs', x), g.const(.5)))
    if k == 'Pow': return g.op(k, g.op('Add', g.op('Abs', x), g.const(.5)), g.const(r.choice([2., .5, 3., -1.])))
    return g.op(k, x)


def clip(g, x, low, high):
    if g.opset < 11: return g.op('Clip', x, min=low, max=high)
    ins = [x, g.const(low) if low is not None else '', g.const(high) if high is not None else '']
    while ins[-1] == '': ins.pop()
    return g.op('Clip', *ins)


def activation(r):
    g = Graph(r, pick_opset(r, 7, 22))
    x = g.input(r.choice([[2, 3, 5, 4], [2, 6], [1, 4, 7], [5]]))
    for _ in range(r.randint(1, 3)): x = activate(g, x)
    return g, [(x, F)]


def prelu(r):
    g = Graph(r, pick_opset(r, 7)); s = r.choice([[2, 3, 5, 4], [2, 3, 7], [2, 3]])
    slope = r.choice([[1], [s[1]] + [1] * (len(s) - 2), [1, s[1]] + [1] * (len(s) - 2), s[1:], [s[-1]], []])
    return g, [(g.op('PRelu', g.input(s), g.floats(*slope)), F)]


def arithmetic(r):
    g = Graph(r, pick_opset(r, 8)); s = [2, 3, 4, 5]
    def operand():
        if r.random() < .5:
            t = [n if r.random() < .6 else 1 for n in s][r.randint(0, 3):]
            return g.floats(*t, low=.5, high=2.) if r.random() < .5 else g.op('Abs', g.input(t))
        return g.input(s)
    x = g.input(s)
    for _ in range(r.randint(1, 3)):
        k = r.choice(['Add', 'Sub', 'Mul', 'Div', 'Min', 'Max', 'Sum', 'Mean', 'Pow', 'Where', 'Greater', 'Mod'])
        a, b = (x, operand()) if r.random() < .6 else (operand(), x)
        if k == 'Pow': a, b = g.op('Add', g.op('Abs', a), g.const(.5)), g.const(r.choice([2., .5, -1., 3.]))
        if k == 'Div': b = g.op('Add', g.op('Abs', b), g.const(.5))
        if k in ('Min', 'Max', 'Sum', 'Mean'): x = g.op(k, *[a, b, operand()][:r.randint(1, 3)])
        elif k == 'Where' and g.opset >= 9: x = g.op('Where', g.op('Less', a, b), a, b)
        elif k == 'Greater' and g.opset >= 9: x = g.op('Cast', g.op('Greater', a, b), to=F)
        elif k == 'Mod' and g.opset >= 10: x = g.op('Mod', a, g.op('Add', g.op('Abs', b), g.const(.5)), fmod=1)
        elif k in ('Where', 'Greater', 'Mod'): continue
        else: x = g.op(k, a, b)
    return g, [(x, F)]


def gemm(r):
    g = Graph(r, pick_opset(r, 7)); m, k, n = r.randint(1, 4), r.randint(1, 6), r.randint(1, 6)
    ta, tb = r.choice([None, 0, 1]), r.choice([None, 0, 1])
    a = g.input([k, m] if ta else [m, k]); shape = [n, k] if tb else [k, n]
    b = g.floats(*shape) if r.random() < .8 else g.input(shape)
    c = [g.floats(*r.choice([[n], [1, n], [m, n], [1], [], [m, 1]]))] if r.random() < .7 or g.opset < 11 else []
    return g, [(g.op('Gemm', a, b, *c, transA=ta, transB=tb, alpha=r.choice([None, .5]), beta=r.choice([None, .25, 0.])), F)]


def matmul(r):
    g = Graph(r, pick_opset(r, 7)); m, k, n = r.randint(1, 4), r.randint(1, 6), r.randint(1, 6)
    a = r.choice([[m, k], [2, m, k], [2, 3, m, k], [k], [1, 3, m, k]]); b = r.choice([[k, n], [2, k, n], [3, k, n], [2, 1, k, n], [k]])
    y = g.op('MatMul', g.input(a) if r.random() < .8 else g.floats(*a), g.floats(*b) if r.random() < .6 else g.input(b))
    if r.random() < .4: y = g.op('Add', y, g.floats(1))
    return g, [(y, F)]


def reduce(r):
    g = Graph(r, pick_opset(r, 7)); s = r.choice([[2, 3, 4, 5], [2, 3, 4], [3, 5], [2, 1, 3, 1, 2]])
    kind = r.choice(['ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceSum', 'ReduceProd', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare', 'ArgMax', 'ArgMin'])
    keep = r.choice([None, 0, 1]); x = g.input(s)
    if r.random() < .3: x = g.op('Transpose', x, perm=r.sample(range(len(s)), len(s)))
    if kind.startswith('Arg'):
        y = g.op(kind, g.op('Floor', g.op('Mul', x, g.const(3.))) if r.random() < .5 else x, axis=r.choice([None] + list(range(len(s)))), keepdims=keep, select_last_index=r.choice([None, 1]) if g.opset >= 12 else None)
        return g, [(y, I)]
    axes = r.choice([None, r.sample(range(len(s)), r.randint(1, len(s)))])
    if axes and g.opset >= 11 and r.random() < .4: axes = [a - len(s) for a in axes]
    since = 13 if kind == 'ReduceSum' else 18
    noop = r.choice([None, 1]) if g.opset >= since and kind in ('ReduceMean', 'ReduceSum', 'ReduceMax', 'ReduceL2') else None
    return g, [(axes_op(g, kind, x, axes, since, keepdims=keep, noop_with_empty_axes=noop), F)]


def moves(r):
    g = Graph(r, pick_opset(r, 10)); shape = r.choice([[2, 6, 4, 6], [1, 4, 6, 6], [2, 4, 6], [4, 6]]); x = g.input(shape); s = list(shape)
    for _ in range(r.randint(1, 4)):
        k = r.choice(['Transpose', 'Reshape', 'Flatten', 'Slice', 'Split', 'Concat', 'Gather', 'Pad', 'Expand', 'Tile', 'Unsqueeze', 'Squeeze', 'D2S', 'S2D', 'Relu', 'GatherND', 'ReduceMean'])
        n = len(s)
        if k == 'Transpose': p = r.sample(range(n), n); x = g.op(k, x, perm=p if p != list(range(n))[::-1] or r.random() < .5 else None); s = [s[i] for i in p]
        elif k == 'Reshape':
            flat = int(np.prod(s)); i = r.randint(0, n)
            to = r.choice([[0, -1] if n > 1 else [-1], [-1], s[:i] + [1] + s[i:], [2, -1] if flat % 2 == 0 else [-1], [0] * n])
            x = g.op(k, x, g.ints(to)); t = [s[j] if v == 0 else v for j, v in enumerate(to)]
            if -1 in t: rest = int(np.prod([v for v in t if v != -1])); t = [flat // rest if v == -1 else v for v in t]
            s = t
        elif k == 'Flatten': a = r.randint(0, n); x = g.op(k, x, axis=a); s = [int(np.prod(s[:a])), int(np.prod(s[a:]))]
        elif k == 'Slice':
            ax = r.sample(range(n), r.randint(1, n)); step = [r.choice([1, 1, 2, -1, -2]) for _ in ax]
            st = [r.choice([0, 1, -1, 2, 100, -100]) if v > 0 else r.choice([-1, 100, -2]) for v in step]
            en = [r.choice([100, -1, 3, 2 ** 63 - 1]) if v > 0 else r.choice([-100, -2 ** 63 + 1, 0]) for v in step]
            ranges = [range(s[a])[slice(b, e if abs(e) < 1000 or v > 0 else None, v)] for a, b, e, v in zip(ax, st, en, step)]
            if any(len(q) == 0 for q in ranges): continue
            x = g.op(k, x, g.ints(st), g.ints(en), g.ints([a - n if r.random() < .3 else a for a in ax]), g.ints(step))
            for a, q in zip(ax, ranges): s[a] = len(q)
        elif k == 'Split':
            a = r.randrange(n)
            if s[a] < 2: continue
            first = r.randint(1, s[a] - 1); parts = [first, s[a] - first]
            if g.opset >= 18 and r.random() < .5:
                if s[a] < 3: continue
                parts = [-(-s[a] // 2), s[a] // 2]; y = g.op(k, x, outputs=2, axis=a, num_outputs=2)
            elif g.opset >= 13: y = g.op(k, x, g.ints(parts), outputs=2, axis=a)
            else: y = g.op(k, x, outputs=2, axis=a, split=parts)
            j = r.randrange(2); x = y[j]; s[a] = parts[j]
        elif k == 'Concat':
            a = r.randrange(n); other = s[:]; other[a] = r.randint(1, 3)
            ys = [x, g.floats(*other) if r.random() < .5 else g.op('Slice', x, g.ints([0]), g.ints([min(other[a], s[a])]), g.ints([a]))]
            if ys[1].startswith('sli'): other[a] = min(other[a], s[a])
            if r.random() < .5: ys.reverse()
            x = g.op(k, *ys, axis=a - n if g.opset >= 11 and r.random() < .4 else a); s[a] += other[a]
        elif k == 'Gather':
            a = r.randrange(n); ix = r.choice([[0], [s[a] - 1, 0], [[0, 0], [s[a] - 1, 0]], 0, list(range(s[a]))] + ([[-1, 0], -1] if g.opset >= 11 else []))
            x = g.op(k, x, g.ints(ix), axis=a); s = s[:a] + list(np.shape(ix)) + s[a + 1:]
        elif k == 'GatherND':
            if g.opset < 11 or n < 2: continue
            ix = [[r.randrange(s[0]), r.randrange(-s[1], s[1])] for _ in range(3)]; x = g.op(k, x, g.ints(ix)); s = [3] + s[2:]
        elif k == 'Pad':
            mode = r.choice(['constant', 'constant', 'reflect', 'edge'] + (['wrap'] if g.opset >= 19 else []))
            p = [r.choice([0, 0, 1, 2] + ([-1] if mode == 'constant' else [])) for _ in range(2 * n)]
            if any(v + p[i] + p[i + n] < 1 or (mode == 'reflect' and max(p[i], p[i + n]) >= v) or max(p[i], p[i + n]) > v for i, v in enumerate(s)): continue
            if g.opset < 11: x = g.op(k, x, mode=mode, pads=p, value=.5 if mode == 'constant' else None)
            else: x = g.op(k, x, g.ints(p), *([g.const(.5)] if mode == 'constant' and r.random() < .5 else []), mode=mode)
            s = [v + p[i] + p[i + n] for i, v in enumerate(s)]
        elif k == 'Expand':
            if n > 4: continue
            t = [r.choice([1, 2])] * (r.random() < .3) + [v if v != 1 or r.random() < .5 else 2 for v in s]
            x = g.op(k, x, g.ints([1 if r.random() < .3 else v for v in t])) if False else g.op(k, x, g.ints(t)); s = t
        elif k == 'Tile': t = [r.choice([1, 1, 2]) for _ in s]; x = g.op(k, x, g.ints(t)); s = [a * b for a, b in zip(s, t)]
        elif k == 'Unsqueeze':
            if n > 4: continue
            a = r.randint(0, n); x = axes_op(g, k, x, [a]); s.insert(a, 1)
        elif k == 'Squeeze':
            a = [i for i, v in enumerate(s) if v == 1]
            if not a: continue
            x = axes_op(g, k, x, a if r.random() < .5 else None); s = [v for v in s if v != 1]
            if not s: s = []; break
        elif k == 'D2S':
            if n != 4 or s[1] % 4: continue
            x = g.op('DepthToSpace', x, blocksize=2, mode=r.choice([None, 'DCR', 'CRD']) if g.opset >= 11 else None); s = [s[0], s[1] // 4, s[2] * 2, s[3] * 2]
        elif k == 'S2D':
            if n != 4 or s[2] % 2 or s[3] % 2: continue
            x = g.op('SpaceToDepth', x, blocksize=2); s = [s[0], s[1] * 4, s[2] // 2, s[3] // 2]
        elif k == 'ReduceMean':
            a = r.randrange(n); x = axes_op(g, k, x, [a], 18); s[a] = 1
        else: x = g.op('Relu', x)
        if int(np.prod(s)) > 20000: break
    return g, [(x, F)]


def resize(r):
    g = Graph(r, r.choice([10, 11, 12, 13, 17, 18, 19, 20])); s = [r.randint(1, 2), r.randint(1, 3), r.randint(2, 6), r.randint(2, 6)]
    if r.random() < .15: s = s[:3]
    x = g.input(s, free=False); n = len(s); mode = r.choice(['nearest', 'linear', 'cubic'])
    if g.opset == 10:
        return g, [(g.op('Resize', x, g.const([1., 1.] + [r.choice([.5, 2., 1.5, 3.]) for _ in s[2:]]), mode=r.choice(['nearest', 'linear'])), F)]
    coord = r.choice(['half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric', 'tf_half_pixel_for_nn', 'tf_crop_and_resize', None] + (['half_pixel_symmetric'] if g.opset >= 19 else []))
    at = dict(mode=mode, coordinate_transformation_mode=coord, nearest_mode=r.choice([None, 'floor', 'ceil', 'round_prefer_floor', 'round_prefer_ceil']) if mode == 'nearest' else None)
    if coord == 'tf_half_pixel_for_nn' and g.opset >= 13: at['coordinate_transformation_mode'] = 'half_pixel'
    if mode == 'cubic': at['cubic_coeff_a'] = r.choice([None, -.5]); at['exclude_outside'] = r.choice([None, 1])
    if coord == 'tf_crop_and_resize' and mode == 'cubic': coord = at['coordinate_transformation_mode'] = 'half_pixel'  # ONNX Runtime leaves the specification
    if coord == 'tf_crop_and_resize': at['extrapolation_value'] = r.choice([None, 3.])
    roi = g.const(np.array([0., 0.] + [.1] * (n - 2) + [1., 1.] + [r.choice([.8, 1.2])] * (n - 2), np.float32)) if coord == 'tf_crop_and_resize' else (g.const(np.zeros(0, np.float32)) if g.opset < 13 or r.random() < .5 else '')
    if g.opset >= 18 and r.random() < .3 and mode != 'nearest': at['antialias'] = 1; at['exclude_outside'] = None
    # Of scales that give no whole size ONNX Runtime crops otherwise than the specification.
    if r.random() < .5 and coord != 'tf_crop_and_resize':
        x = g.op('Resize', x, roi, g.const(np.array([1., 1.] + [r.choice([.5, 2., 1.5, .75, 3., 1., 2.3]) for _ in s[2:]], np.float32)), **at)
    else:
        sizes = s[:2] + [r.randint(1, 9) for _ in s[2:]]
        empty = g.const(np.zeros(0, np.float32)) if g.opset < 13 or r.random() < .5 else ''
        if g.opset >= 18 and r.random() < .4 and coord != 'tf_crop_and_resize':
            at['axes'] = list(range(2, n)); sizes = sizes[2:]
            at['keep_aspect_ratio_policy'] = r.choice([None, 'not_larger', 'not_smaller'])
        x = g.op('Resize', x, roi, empty, g.ints(sizes), **at)
    return g, [(x, F)]


def upsample(r):
    g = Graph(r, r.choice([7, 8, 9])); s = [1, 2, r.randint(2, 5), r.randint(2, 5)]; scales = [1., 1., r.choice([2., 3., 1.5]), r.choice([2., 1.])]
    x = g.input(s); mode = r.choice(['nearest', 'linear'])
    return g, [(g.op('Upsample', x, mode=mode, scales=scales) if g.opset < 9 else g.op('Upsample', x, g.const(scales), mode=mode), F)]


def norm(r):
    kind = r.choice(['BN', 'IN', 'LN', 'GN', 'LRN'])
    g = Graph(r, pick_opset(r, 17 if kind == 'LN' else 18 if kind == 'GN' else 9)); s = r.choice([[2, 6, 4, 5], [2, 6, 5], [2, 6, 3, 4, 2]])
    if kind == 'LRN': s = [2, 6, 4, 5]
    x = g.input(s); eps = r.choice([None, 1e-3])
    if r.random() < .3: x = g.op('Relu', g.op('Conv', x, g.floats(6, 6, *[1] * (len(s) - 2))))
    if kind == 'BN':
        if r.random() < .2: x, s = g.input([3, 6]), [3, 6]
        y = g.op('BatchNormalization', x, g.floats(6), g.floats(6), g.floats(6), g.floats(6, low=.5), epsilon=eps, momentum=r.choice([None, .8]))
    elif kind == 'IN': y = g.op('InstanceNormalization', x, g.floats(6), g.floats(6), epsilon=eps)
    elif kind == 'LN':
        axis = r.choice([-1, 1, len(s) - 1, -2]); shape = s[axis:]
        y = g.op('LayerNormalization', x, g.floats(*shape), *([g.floats(*shape)] if r.random() < .5 else []), axis=axis, epsilon=eps)
    elif kind == 'GN':
        n = r.choice([1, 2, 3, 6]); c = 6 if g.opset >= 21 else n
        y = g.op('GroupNormalization', x, g.floats(c), g.floats(c), num_groups=n, epsilon=eps)
    elif kind == 'LRN': y = g.op('LRN', x, size=r.choice([1, 3, 5, 4]), alpha=r.choice([None, .01]), beta=r.choice([None, .5]), bias=r.choice([None, 2.]))
    return g, [(y, F)]


def softmax(r):
    g = Graph(r, pick_opset(r, 7)); s = r.choice([[2, 3, 4], [2, 5], [2, 3, 4, 2]])
    axis = r.choice([None] + list(range(len(s))) + ([-1] if g.opset >= 11 else []))
    return g, [(g.op(r.choice(['Softmax', 'LogSoftmax']), g.input(s), axis=axis), F)]


def integers(r):
    """Whole numbers computed from shapes, as exporters compute sizes."""
    g = Graph(r, pick_opset(r, 11, 20)); s = [r.randint(1, 3), r.randint(1, 5), r.randint(3, 17), r.randint(3, 17)]; x = g.input(s)
    shape = g.op('Shape', x, **(dict(start=r.choice([0, 1, -2]), end=None) if g.opset >= 15 and r.random() < .2 else {}))
    whole = lambda: g.op('Gather', g.op('Shape', x), g.ints(r.randint(-4, 3)), axis=0)
    type_ = r.choice([np.int64, np.int64, np.int32])
    cast = (lambda v: g.op('Cast', v, to=TensorProto.INT32)) if type_ == np.int32 else (lambda v: v)
    pool_ = [cast(whole()), cast(whole()), g.const(r.choice([1, 2, 3, 7]), type_)]
    for _ in range(r.randint(2, 7)):
        k = r.choice(['Add', 'Sub', 'Mul', 'Div', 'Neg', 'Max', 'Min', 'Mod', 'Abs', 'ceil', 'where', 'squeeze', 'range', 'sign'])
        a, b = r.choice(pool_), r.choice(pool_)
        if k in ('Div', 'Mod'): b = g.const(r.choice([2, 3, -2, -3, 4]), type_)
        if k in ('Max', 'Min') and g.opset < 12: continue
        if k in ('Neg', 'Abs', 'sign'): pool_.append(g.op(k.capitalize(), a))
        elif k == 'ceil': pool_.append(g.op('Cast', g.op(r.choice(['Ceil', 'Floor', 'Round'] if g.opset >= 11 else ['Ceil']), g.op('Div', g.op('Cast', a, to=F), g.const(2.))), to=TensorProto.INT32 if type_ == np.int32 else I))
        elif k == 'where': pool_.append(g.op('Where', g.op(r.choice(['Less', 'Greater', 'Equal']), a, b), a, b))
        elif k == 'squeeze': pool_.append(axes_op(g, 'Squeeze', axes_op(g, 'Unsqueeze', a, [0]), [0]))
        elif k == 'range':
            pool_.append(g.op('ReduceMax' if g.opset >= 18 or type_ else 'ReduceMax', g.op('Range', g.const(0, type_), g.op('Add', g.op('Abs', a), g.const(1, type_)) if g.opset >= 13 else g.const(4, type_), g.const(1, type_)), keepdims=0))
        else: pool_.append(g.op(k, a, b))
    back = g.op('Cast', pool_[-1], to=F)
    y = g.op('Add', x, back)
    flat = g.op('Concat', *[axes_op(g, 'Unsqueeze', g.op('Cast', v, to=I), [0]) for v in pool_], axis=0)
    # A shape that always fits: a Reshape by what the shape says.
    n, c = [axes_op(g, 'Unsqueeze', g.op('Gather', g.op('Shape', y), g.ints(i), axis=0), [0]) for i in (0, 1)]
    z = g.op('Reshape', y, g.op('Concat', n, c, g.ints([-1]), axis=0))
    return g, [(z, F), (flat, I)]


def gate_block(g, x, c, s):
    """One SE block on x [n,c,h,w]; counts as one gate."""
    r = g.r; swap = lambda *ab: ab if r.random() < .5 else ab[::-1]
    layer = r.choice(['conv', 'conv', 'gemm', 'matmul', 'conv_apart'])
    maybe_id = lambda v: g.op('Identity', v) if r.random() < .25 else v
    source = x if r.random() < .8 else g.op('Relu', g.op('Conv', x, g.floats(c, c, 1, 1), g.floats(c)))
    n = s[0]; h = r.choice([max(1, c // 2), 3]); layers = r.choice([1, 2, 2, 2])
    fixed = True
    pools = ['gap', 'mean', 'mean_neg', 'window', 'mean_flat', 'two_means']
    p = r.choice(pools)
    if p == 'gap': v = g.op('GlobalAveragePool', source)
    elif p == 'mean': v = axes_op(g, 'ReduceMean', source, [2, 3], 18, keepdims=r.choice([None, 1]))
    elif p == 'mean_neg': v = axes_op(g, 'ReduceMean', source, [-1, -2] if g.opset >= 11 else [3, 2], 18, keepdims=1)
    elif p == 'window': v = g.op('AveragePool', source, kernel_shape=s[2:])
    elif p == 'two_means': v = axes_op(g, 'ReduceMean', axes_op(g, 'ReduceMean', source, [3], 18, keepdims=1), [2], 18, keepdims=1)
    else:
        v = axes_op(g, 'ReduceMean', source, [2, 3], 18, keepdims=0)
        if layer.startswith('conv'): v = r.choice([lambda: g.op('Reshape', v, g.ints([-1, c, 1, 1])), lambda: axes_op(g, 'Unsqueeze', v, [2, 3])])()
    v = maybe_id(v)
    rows = not layer.startswith('conv')
    if rows and p != 'mean_flat':
        v = r.choice([lambda: g.op('Flatten', v), lambda: g.op('Reshape', v, g.ints([-1, c])), lambda: g.op('Reshape', v, g.ints([0, c])), lambda: axes_op(g, 'Squeeze', v, [2, 3])])()
    widths = [c] + ([h] if layers == 2 else []) + [c]
    for i, (a, b) in enumerate(zip(widths, widths[1:])):
        last = i == len(widths) - 2
        bias = r.random() < .8
        if layer == 'conv': v = g.op('Conv', v, g.floats(b, a, 1, 1), *([g.floats(b)] if bias else []))
        elif layer == 'conv_apart':
            v = g.op('Conv', v, g.floats(b, a, 1, 1))
            if bias: v = g.op('Add', *swap(v, g.floats(*r.choice([[1, b, 1, 1], [b, 1, 1]]))))
        elif layer == 'gemm': v = g.op('Gemm', v, g.floats(b, a), g.floats(b), transB=1) if r.random() < .5 else g.op('Gemm', v, g.floats(a, b), g.floats(b))
        else:
            v = g.op('MatMul', v, g.floats(a, b))
            if bias: v = g.op('Add', *swap(v, g.floats(b)))
        v = maybe_id(v)
        if not last: v = maybe_id(activate(g, v, ['Relu', 'Relu', 'silu', 'relu6', 'LeakyRelu', 'hswish'] + (['HardSwish'] if g.opset >= 14 else [])))
    v = maybe_id(activate(g, v, ['Sigmoid', 'Sigmoid', 'HardSigmoid', 'hsig', 'Tanh']))
    if rows: v = r.choice([lambda: g.op('Reshape', v, g.ints([-1, c, 1, 1])), lambda: axes_op(g, 'Unsqueeze', v, [2, 3]), lambda: axes_op(g, 'Unsqueeze', axes_op(g, 'Unsqueeze', v, [2]), [3])])()
    if r.random() < .3: v = r.choice([lambda: g.op('Expand', v, g.op('Shape', x)), lambda: g.op('Expand', v, g.ints(s))])()
    g.gates += 1
    y = g.op('Mul', *swap(x, v))
    return maybe_id(g.op('Add', *swap(y, x)) if r.random() < .2 else y)


def squeeze(r):
    g = Graph(r, pick_opset(r, 8, 21)); c = r.choice([4, 6, 8]); s = [r.randint(1, 2), c, r.randint(3, 7), r.randint(3, 7)]
    x = g.input([s[0], 3, s[2], s[3]]) if False else g.input(s)
    y = x
    for _ in range(r.randint(1, 3)):
        way = r.random()
        if way < .6: y = g.op('Conv', y, g.floats(c, c, 3, 3), *([g.floats(c)] if r.random() < .5 else []), pads=[1] * 4)
        if way < .5: y = g.op('BatchNormalization', y, g.floats(c, low=.5), g.floats(c), g.floats(c), g.floats(c, low=.5))
        if r.random() < .7: y = activate(g, y, ['Relu', 'hswish', 'silu', 'LeakyRelu'])
        y = gate_block(g, y, c, s)
    if r.random() < .5: y = g.op('Conv', y, g.floats(5, c, 1, 1))
    return g, [(y, F)]


KINDS = dict(conv=conv, conv_transpose=conv_transpose, pool=pool, activation=activation, prelu=prelu, arithmetic=arithmetic, gemm=gemm, matmul=matmul, reduce=reduce,
             moves=moves, resize=resize, upsample=upsample, norm=norm, softmax=softmax, integers=integers, squeeze=squeeze)
REWRITES = ['', '', '', 'basic', 'extended', 'half', 'half_io', 'external', 'slim']


def rewritten(model, way, folder, name):
    if way in ('basic', 'extended'):
        o = ort.SessionOptions(); o.optimized_model_filepath = f'{folder}/{name}.onnx'; o.log_severity_level = 4
        o.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC if way == 'basic' else ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        ort.InferenceSession(model.SerializeToString(), o, providers=['CPUExecutionProvider'])
        return onnx.load(f'{folder}/{name}.onnx')
    if way in ('half', 'half_io'):
        from onnxruntime.transformers.float16 import convert_float_to_float16
        return convert_float_to_float16(model, keep_io_types=way == 'half_io', disable_shape_infer=True)
    if way == 'slim':
        import onnxslim
        return onnxslim.slim(model)
    return model


def main():
    folder, cases, seed, kinds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:] or list(KINDS)
    os.makedirs(folder, exist_ok=True)
    notes, refused = [], {}
    for i in range(cases):
        r = random.Random(seed * 1000003 + i); kind = kinds[i % len(kinds)]; name = f'{kind}-{seed}-{i}'
        try:
            g, outputs = KINDS[kind](r)
            model = g.model(outputs)
            off = ort.SessionOptions(); off.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL; off.log_severity_level = 4
            feeds = {n: g.np.uniform(-2, 2, s).astype(np.float32) for n, s, _ in g.inputs}
            ran = ort.InferenceSession(model.SerializeToString(), off, providers=['CPUExecutionProvider'])
            answers = ran.run(None, feeds)
            way = r.choice(REWRITES)
            try: model = rewritten(model, way, folder, name)
            except Exception as e: way = ''
            if way == 'external':
                onnx.save(model, f'{folder}/{name}.onnx', save_as_external_data=True, all_tensors_to_one_file=r.random() < .7, location=f'{name}.data', size_threshold=r.choice([0, 64]), convert_attribute=False) if model.graph.initializer else onnx.save(model, f'{folder}/{name}.onnx')
            else: onnx.save(model, f'{folder}/{name}.onnx')
        except Exception as e:
            refused.setdefault(kind, []).append(str(e).strip().splitlines()[0][:160] if str(e).strip() else repr(e)); continue
        half = way.startswith('half')
        notes.append(dict(file=f'{name}.onnx', opset=g.opset, rewrite=way, gates=g.gates, half=half,
                          inputs={n: dict(dims=list(s), data=feeds[n].flatten().tolist()) for n, s, _ in g.inputs},
                          outputs=[dict(name=n, dims=list(a.shape), data=[float(v) if np.isfinite(v) else str(v) for v in a.astype(np.float64).flatten()]) for (n, _), a in zip(outputs, answers)]))
    with open(f'{folder}/random.json', 'w') as f: json.dump(notes, f)
    print(len(notes), 'graphs;', sum(map(len, refused.values())), 'refused by onnx or ONNX Runtime:', {k: len(v) for k, v in refused.items()})
    if os.environ.get('WHY'):
        for k, v in refused.items():
            for line in sorted(set(v))[:6]: print('  ', k, line)


main()
