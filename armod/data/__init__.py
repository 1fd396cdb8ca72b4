"""Small real data sets that need no network, and the classical benchmarks.

``load(name)`` returns a `Dataset`. Nothing is read, and nothing downloaded, before it is called. A new data set is one
module with a function ``load() -> Dataset``, one line here, and one section of LICENSES.md.
"""

from __future__ import annotations

from armod.data.dataset import Dataset
from armod.data.files import data_folder
from armod.data.sets import (
    binarized_mnist,
    chorales,
    cifar10,
    digits8,
    digits28,
    mnist,
    names,
    photos16,
    photos32,
    sonnets,
    speech,
)

__all__ = ["NAMES", "Dataset", "data_folder", "load"]

_LOADERS = {
    "digits8": digits8.load,
    "digits28": digits28.load,
    "mnist": mnist.load,
    "binarized_mnist": binarized_mnist.load,
    "cifar10": cifar10.load,
    "photos32": photos32.load,
    "photos16": photos16.load,
    "speech": speech.load,
    "chorales": chorales.load,
    "names": names.load,
    "sonnets": sonnets.load,
}
NAMES = tuple(_LOADERS)


def load(name: str) -> Dataset:
    """The data set of this name, one of `NAMES`, always the same one.

    Images: "digits8", "digits28", "mnist", "binarized_mnist", "cifar10", "photos32", "photos16". Sound: "speech".
    Scores: "chorales". Texts: "names", "sonnets". Those of "mnist", "binarized_mnist" and "cifar10" are read from the
    folder ARMOD_DATA (or the platform's cache folder), else downloaded once, and verified by their sha256. "photos32",
    "photos16" and "chorales" are read from the packages scikit-image and music21, which ``pip install 'armod[course]'``
    brings. All others come with armod.

    Raises:
        ValueError: for another name, or if a file found is not the true one.
        FileNotFoundError: if a file is missing and can't be downloaded; says which file to put where.
        ModuleNotFoundError: if the package that brings a file is not installed; says which one to install.

    >>> load("digits8")
    Dataset 'digits8': train 1,444, valid 177, test 176; event shape (1, 8, 8), 17 levels; CC BY 4.0
    """
    if name not in _LOADERS:
        raise ValueError(f"There is no data set {name!r}: choose one of {', '.join(map(repr, NAMES))}.")
    return _LOADERS[name]()
