"""Small real data sets that need no network, and the classical benchmarks.

`load` returns a `Dataset`. Nothing is read or downloaded before it is called. A data set is one module in
``armod/data/sets``, with its name and a function ``load() -> Dataset``, and one section of LICENSES.md. Other packages add
data sets by entry points in the group ``armod.datasets``; each of them is such a function.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from armod.data import sets
from armod.data.dataset import Dataset
from armod.data.remote import data_folder
from armod.plugins import plugins
from armod.settings import shown

__all__ = ["NAMES", "Dataset", "data_folder", "load"]

_OWN = {module.name for module in iter_modules(sets.__path__)}
_GUESTS = plugins("armod.datasets")
NAMES = tuple(sorted(_OWN.union(_GUESTS)))


def load(name: str) -> Dataset:
    """Load a data set by its name.

    LICENSES.md, beside this module, says of each what it is, where it comes from and on what terms. The files of "mnist",
    "binarized_mnist" and "cifar10" are read from the folder that the environment variable ARMOD_DATA names (or from the
    platform's cache folder). Missing files are downloaded once. "photos32", "photos16", "chroma8", "chorales" and "harmony" are read
    from the packages scikit-image and music21, which ``pip install 'armod[course]'`` installs. All others come with armod, or with
    the package that adds them. Every file is verified by its sha256.

    Args:
        name: one of `NAMES`.

    Returns:
        The data set, which is the same every time.

    Raises:
        ValueError: if the name is unknown, or if a file has the wrong content.
        FileNotFoundError: if a file is missing and can't be downloaded; the message says where to put it.
        ModuleNotFoundError: if the package that contains a file is not installed; the message says which one to install.
        armod.plugins.PluginError: if the package that adds the data set is broken.

    >>> load("digits8")
    Dataset 'digits8': train 1,444, valid 177, test 176; event shape (1, 8, 8), 17 levels; CC BY 4.0
    """
    if not isinstance(name, str) or not (name in _OWN or name in _GUESTS):
        raise ValueError(f"There is no data set {shown(name)}: choose one of {', '.join(map(repr, NAMES))}.")
    if name in _OWN:
        dataset: Dataset = import_module(f"armod.data.sets.{name}").load()
    else:
        dataset = _GUESTS[name]()
    return dataset


def __getattr__(name: str) -> ModuleType:
    """The module of a data set of ours, as in ``armod.data.names.to_name``; imported on first use."""
    if name in _OWN:
        return import_module(f"armod.data.sets.{name}")
    raise AttributeError(f"armod.data has no attribute {name!r}.")
