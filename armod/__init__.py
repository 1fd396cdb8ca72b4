"""armod: autoregressive models with exact likelihoods and fast sampling.

Every name is loaded on first use, so that ``import armod`` and ``armod --help`` are quick; ``__init__.pyi`` beside this
file says where each of them lives.

>>> import armod, torch
>>> model = armod.MADE((4,), [16], likelihood=armod.likelihoods.Bernoulli())
>>> model.sample(2, generator=torch.Generator().manual_seed(0)).shape
torch.Size([2, 4])
"""

import lazy_loader

_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> object:
    """Load a name on first use; the version is that of the installed package."""
    if name != "__version__":
        return _load(name)
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("armod")
    except PackageNotFoundError:  # a folder of sources that was never installed
        return "unknown"
