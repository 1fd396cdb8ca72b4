"""Small real data sets that need no network, and the classical benchmarks.

`load` returns a `Dataset`. Nothing is read or downloaded before it is called. To add a data set, write a module with a
function ``load() -> Dataset``, add one line here, and add a section to LICENSES.md.
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
    """Load a data set by its name.

    - Images: "digits8", "digits28", "mnist", "binarized_mnist", "cifar10", "photos32", "photos16".
    - Sound: "speech". Musical scores: "chorales". Texts: "names", "sonnets".

    The files of "mnist", "binarized_mnist" and "cifar10" are read from the folder that the environment variable ARMOD_DATA
    names (or from the platform's cache folder). Missing files are downloaded once. "photos32", "photos16" and "chorales"
    are read from the packages scikit-image and music21, which ``pip install 'armod[course]'`` installs. All others come
    with armod. Every file is verified by its sha256.

    Args:
        name: one of `NAMES`.

    Returns:
        The data set, which is the same every time.

    Raises:
        ValueError: if the name is unknown, or if a file has the wrong content.
        FileNotFoundError: if a file is missing and can't be downloaded; the message says where to put it.
        ModuleNotFoundError: if the package that contains a file is not installed; the message says which one to install.

    >>> load("digits8")
    Dataset 'digits8': train 1,444, valid 177, test 176; event shape (1, 8, 8), 17 levels; CC BY 4.0
    """
    if name not in _LOADERS:
        raise ValueError(f"There is no data set {name!r}: choose one of {', '.join(map(repr, NAMES))}.")
    return _LOADERS[name]()
