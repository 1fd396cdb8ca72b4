"""A constructor's arguments as data: kept when a model is made, written as JSON, and read again without running any code.

Only these kinds of arguments can be written: None, numbers, words, lists, tuples, ranges and `torch.Size`, tensors and
arrays of numbers, and likelihoods and modules, by the name of their class and by the arguments of its constructor.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from armod import likelihoods
from armod.likelihoods import Likelihood

LIKELIHOODS: Mapping[str, type[Likelihood]] = {
    name: each
    for name in likelihoods.__all__
    if isinstance(each := getattr(likelihoods, name), type) and issubclass(each, Likelihood)
    if each is not Likelihood
}
_MOST_NUMBERS = 2**20  # what is larger is data, not a setting
_SEQUENCES = {"tuple": tuple, "size": torch.Size}


class UnknownClassError(ValueError):
    """A file names a class that is not known here; the text is its import path.

    >>> read({"kind": "likelihood", "class": "Mine", "module": "my_package", "arguments": {}}, {})
    Traceback (most recent call last):
    armod.models.arguments.UnknownClassError: my_package.Mine
    """


@dataclass(frozen=True)
class Unwritten:
    """What stands for an argument that can't be written, so that nobody holds the object itself for longer.

    Args:
        kind: name of its type.

    >>> kept([torch.nn.Identity()])
    [Unwritten(kind='Identity')]
    """

    kind: str


@dataclass(frozen=True)
class Made:
    """What stands for an argument that is a module, so that nobody holds the module itself for longer.

    Args:
        kind: its class.
        arguments: the arguments of its own constructor, as `kept` copied them.

    >>> from armod.encoders import images
    >>> kept(images(1, 8, scale=4)).arguments["scale"]
    4.0
    """

    kind: type
    arguments: Mapping[str, Any]


def kept(value: Any) -> Any:
    """Copy an argument, so that what happens to a list or tensor later does not change it.

    Args:
        value: an argument.

    Returns:
        An equal value, or an `Unwritten` for what can't be written.
    """
    if value is None or isinstance(value, bool | int | float | str | Likelihood | Unwritten | Made):
        return value
    if isinstance(value, np.bool_ | np.integer | np.floating):
        return value.item()
    if type(value) in (torch.Size, range):
        return value
    if type(value) in (list, tuple):
        return type(value)(map(kept, value))
    if type(value) in (Tensor, nn.Parameter) and value.numel() <= _MOST_NUMBERS and not value.is_complex():
        return value.detach().clone()
    if type(value) is np.ndarray and value.size <= _MOST_NUMBERS and value.dtype.kind in "biuf":
        return value.copy()
    arguments = _arguments_of(value) if isinstance(value, nn.Module) else None
    return Unwritten(type(value).__name__) if arguments is None else Made(type(value), arguments)


def written(value: Any) -> Any:
    """Turn an argument that `kept` returned into what JSON can write.

    Args:
        value: the argument.

    Returns:
        Numbers, words, lists and dicts.

    Raises:
        ValueError: if it holds something that can't be written.

    >>> written((4, [likelihoods.Categorical(3)]))
    {'kind': 'tuple', 'values': [4, [{'kind': 'likelihood', 'class': 'Categorical', 'arguments': {'num_levels': 3}}]]}
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [written(each) for each in value]
    for kind, sequence in _SEQUENCES.items():
        if type(value) is sequence:
            return {"kind": kind, "values": [written(each) for each in value]}
    if isinstance(value, range):
        return {"kind": "range", "values": [value.start, value.stop, value.step]}
    if isinstance(value, Tensor | np.ndarray):
        kind, dtype = (
            ("tensor" if isinstance(value, Tensor) else "array"),
            str(value.dtype).removeprefix("torch."),
        )
        return {"kind": kind, "values": value.flatten().tolist(), "shape": list(value.shape), "dtype": dtype}
    if isinstance(value, Likelihood):
        return _written_likelihood(value)
    if isinstance(value, Made):
        return _written_module(value)
    raise ValueError(f"is a {value.kind if isinstance(value, Unwritten) else type(value).__name__}")


def read(
    data: Any, classes: Mapping[str, type], module_of: Callable[[dict[str, Any]], nn.Module] | None = None
) -> Any:
    """Invert `written`.

    Args:
        data: what `written` returned.
        classes: a user's own likelihoods by their names.
        module_of: makes a module of what was written of it; without it there can be none.

    Returns:
        The argument.

    Raises:
        ValueError: if `data` is something else.
        UnknownClassError: if it is of a likelihood that is not known here.

    >>> read({"kind": "size", "values": [2, 3]}, {})
    torch.Size([2, 3])
    """
    if isinstance(data, list):
        return [read(each, classes, module_of) for each in data]
    if not isinstance(data, dict):
        return data
    kind = data.get("kind")
    try:
        if kind in _SEQUENCES:
            return _SEQUENCES[kind]([read(each, classes, module_of) for each in data["values"]])
        if kind == "range":
            return range(*data["values"])
        if kind == "tensor":
            return torch.tensor(data["values"], dtype=getattr(torch, data["dtype"]), device="cpu").view(
                data["shape"]
            )
        if kind == "array":
            return np.array(data["values"], dtype=data["dtype"]).reshape(data["shape"])
        if kind == "likelihood":
            return _read_likelihood(data, classes)
        if kind == "module" and module_of is not None:
            return module_of(data)
    except (TypeError, KeyError, AttributeError, RuntimeError) as error:
        raise ValueError(f"a {kind} can't be read, {error!r}") from None
    raise ValueError(f"{kind} is no kind of argument that is known here")


def plain(value: Any) -> Any:
    """Reduce an argument to what matters when two are compared: a tuple is like a list, and a likelihood is its text.

    Args:
        value: an argument that `kept` returned.

    Returns:
        Numbers, words and lists.

    >>> plain((1, 2)), plain(likelihoods.LogisticMixture(256, 5))
    ([1, 2], 'LogisticMixture(num_levels=256, num_components=5)')
    """
    if isinstance(value, Tensor | np.ndarray):
        return value.tolist()
    if isinstance(value, list | tuple | range):
        return [plain(each) for each in value]
    if isinstance(value, Likelihood):
        settings = {name: getattr(value, name, None) for name in inspect.signature(type(value)).parameters}
        return f"{type(value).__name__}({', '.join(f'{k}={plain(v)}' for k, v in settings.items())})"
    return value.kind if isinstance(value, Unwritten) else value


def _arguments_of(module: nn.Module) -> dict[str, Any] | None:
    """The arguments of a module's constructor: noted by a model, kept as attributes of the same names by another module."""
    if "construction" in vars(module):
        return module.construction.arguments  # type: ignore[return-value, union-attr]
    names = inspect.signature(type(module)).parameters
    if not all(hasattr(module, name) for name in names):
        return None
    return {name: kept(getattr(module, name)) for name in names}


def _written_module(module: Made) -> dict[str, Any]:
    """A module by its class and arguments; one of somebody else's also says where its class stands."""
    arguments = {name: written(value) for name, value in module.arguments.items()}
    data = {"kind": "module", "class": module.kind.__name__, "arguments": arguments}
    is_ours = module.kind.__module__.startswith("armod.")
    return data if is_ours else {**data, "module": module.kind.__module__}


def _written_likelihood(likelihood: Likelihood) -> dict[str, Any]:
    """A likelihood by its class and the arguments of its constructor, which must be attributes of the same names."""
    its_class = type(likelihood)
    names = inspect.signature(its_class).parameters
    lacking = [name for name in names if not hasattr(likelihood, name)]
    if lacking:
        raise ValueError(
            f"is a {its_class.__name__} that does not keep the argument {lacking[0]} of its own constructor "
            "as an attribute"
        )
    arguments = {name: getattr(likelihood, name) for name in names}
    data = {name: written(kept(value)) for name, value in arguments.items()}
    if LIKELIHOODS.get(its_class.__name__) is its_class:
        return {"kind": "likelihood", "class": its_class.__name__, "arguments": data}
    again = its_class(**arguments)
    if any(written(kept(getattr(again, name))) != data[name] for name in names):
        raise ValueError(f"is a {its_class.__name__} that changes the arguments of its own constructor")
    module = its_class.__module__
    return {"kind": "likelihood", "class": its_class.__name__, "module": module, "arguments": data}


def _read_likelihood(data: dict[str, Any], classes: Mapping[str, type]) -> Likelihood:
    name, known = data["class"], classes if "module" in data else LIKELIHOODS
    if not issubclass(known.get(name, object), Likelihood):
        raise UnknownClassError(f"{data.get('module', 'armod.likelihoods')}.{name}")
    return known[name](**{argument: read(each, classes) for argument, each in data["arguments"].items()})
