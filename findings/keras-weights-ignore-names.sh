#!/usr/bin/env bash
# A weights file of Keras holds the names of layers twice, and loading one looks at neither.
#
# keras 3.15.1 (jax backend), h5py 3.16.0, Python 3.11, seen 2026-12-01. Guess from memory: model.save_weights("NAME.weights.h5") stores
# each layer under its name, as Keras 2 did, so weights of a layer "a" go into a layer "a", or loading fails. Seen: groups are called
# after classes and counted in the order of model.layers. Dense layers named "first" and "second" lie in layers/dense and layers/dense_1;
# their own names stand only in an attribute "name" of the groups layers/dense/vars and layers/dense_1/vars. Loaded into a network whose
# first layer is named "second" and whose second is named "first", the weights go by place: the answers are equal, "second" has what
# "first" had, and nothing is said. The same for layers named "dense_1" and "dense", the other way round than the groups say.
#
# So two branches of equal shapes that are built in another order get each other's weights without a word, though the file knows better;
# and a converter that goes by the groups' names, as they look like names of layers, has none of them right. Exits 1 where this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check keras==3.15.1 h5py==3.16.0 jax==0.10.2 numpy==2.4.0 2>/dev/null
cd "$work"
KERAS_BACKEND=jax "$work/venv/bin/python" - <<'PY'
import sys
import h5py
import keras
import numpy as np

print("keras", keras.__version__)


def network(*names):
    return keras.Sequential([keras.Input((3,)), *[keras.layers.Dense(3, name=name) for name in names]])


saved = network("first", "second")
for i, layer in enumerate(saved.layers):
    layer.set_weights([np.full((3, 3), i + 1.0), np.full(3, i + 1.0)])
saved.save_weights("w.weights.h5")
stored, names = [], []


def look(name, item):
    if isinstance(item, h5py.Dataset):
        stored.append(name)
    elif "name" in item.attrs and name.startswith("layers/"):
        names.append((name, item.attrs["name"]))


h5py.File("w.weights.h5").visititems(look)
ok = stored == ["layers/dense/vars/0", "layers/dense/vars/1", "layers/dense_1/vars/0", "layers/dense_1/vars/1"]
ok &= names == [("layers/dense/vars", "first"), ("layers/dense_1/vars", "second")]
print(stored, names)
x = np.ones((1, 3), "float32")
for names in (("second", "first"), ("dense_1", "dense")):
    loaded = network(*names)
    loaded.load_weights("w.weights.h5")
    first = float(loaded.get_layer(names[0]).get_weights()[0][0, 0])
    print(names, "layer", names[0], "has", first,
          "answers equal:", np.array_equal(loaded.predict(x, verbose=0), saved.predict(x, verbose=0)))
    ok &= first == 1.0 and np.array_equal(loaded.predict(x, verbose=0), saved.predict(x, verbose=0))
sys.exit(0 if ok else 1)
PY
echo "as described"
