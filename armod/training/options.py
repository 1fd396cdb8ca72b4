"""The arguments of `fit` and `evaluate` are checked before anything happens: what makes no sense is one sentence."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from armod.models.base import AutoregressiveModel
from armod.models.checks import check_model
from armod.settings import check_number

PRECISIONS = ("float32", "bfloat16")

Optimizer = torch.optim.Optimizer | Callable[[Iterable[Tensor]], torch.optim.Optimizer]


def check_whole(name: str, value: Any, at_least: int = 1) -> None:
    """Check a whole number.

    Args:
        name: the argument's name.
        value: what came.
        at_least: the smallest number that makes sense.

    Raises:
        ValueError: if it is another thing, or smaller.
    """
    is_whole = hasattr(value, "__index__") and not isinstance(value, bool | Tensor)
    if not is_whole or operator.index(value) < at_least:
        raise ValueError(f"{name} is a whole number, at least {at_least}, not {value!r}.")


def check_learner(model: Any) -> None:
    """Check that a model has something to learn.

    Args:
        model: what came.

    Raises:
        ValueError: if it is no model, has no parameters, or only frozen ones.
    """
    check_model(model)
    parameters = list(model.parameters())
    if not parameters:
        own = "; call its own `fit`" if hasattr(model, "fit") else ""
        raise ValueError(f"{type(model).__name__} has no parameters, so armod.fit cannot train it{own}.")
    if not any(one.requires_grad for one in parameters):
        raise ValueError(
            f"All parameters of this {type(model).__name__} are frozen: set requires_grad of those that are to learn."
        )


def check_options(
    *,
    epochs: Any,
    batch_size: Any,
    learning_rate: Any,
    learning_rate_decay: Any,
    clip_norm: Any,
    average: Any,
    accumulate: Any,
    precision: Any,
    compile: Any,
    patience: Any,
    augment: Any,
    checkpoint: Any,
    seed: Any,
) -> None:
    """Raise a ValueError if one of the plain arguments of `fit`, which describes them, makes no sense."""
    check_whole("epochs", epochs, 0)
    check_whole("batch_size", batch_size)
    check_whole("accumulate", accumulate)
    check_whole("seed", seed, -(2**63))
    if learning_rate is not None:
        check_number("learning_rate", learning_rate, lambda rate: rate > 0, "a number above 0")
    decays = "a number above 0 and at most 1"
    check_number("learning_rate_decay", learning_rate_decay, lambda decay: 0 < decay <= 1, decays)
    check_number("average", average, lambda decay: 0 <= decay < 1, "a decay from 0 to below 1")
    if clip_norm is not None:
        longest = "the greatest length of a gradient, above 0"
        check_number("clip_norm", clip_norm, lambda norm: norm > 0, longest)
    if precision not in PRECISIONS:
        raise ValueError(f"precision is {' or '.join(map(repr, PRECISIONS))}, not {precision!r}.")
    if not isinstance(compile, bool | str):
        raise ValueError(f"compile is True, False or the name of a backend, not {compile!r}.")
    if patience is not None:
        check_whole("patience", patience)
    if augment is not None and not callable(augment):
        raise ValueError(f"augment is a function of levels, context and a generator, not {augment!r}.")
    if checkpoint is not None and not isinstance(checkpoint, str | Path):
        raise ValueError(f"checkpoint is the path of a file, not {checkpoint!r}.")
    if checkpoint is not None and Path(checkpoint).is_dir():
        raise ValueError(f"checkpoint is the path of a file, but {str(checkpoint)!r} is a folder.")


def moved(model: AutoregressiveModel, device: Any) -> torch.device:
    """Move a model to a device.

    Args:
        model: the model.
        device: "cpu", "cuda", ...

    Returns:
        The device.

    Raises:
        ValueError: if there is no such device here.
    """
    try:
        place = torch.device(device)
        if place.type == "meta":
            raise RuntimeError("there, tensors have no values")
        model.to(place)
    except (RuntimeError, AssertionError, TypeError) as error:
        reason = next(iter(str(error).splitlines()), "it is not there").rstrip(".")
        raise ValueError(f"The model cannot go to the device {str(device)!r}: {reason}.") from error
    return place


def optimizer_of(
    model: AutoregressiveModel, optimizer: Any, learning_rate: float | None
) -> torch.optim.Optimizer:
    """Make the optimiser of a run, or check the user's own.

    Args:
        model: the model that learns.
        optimizer: an instance, a class, another function of the parameters, or None for Adam.
        learning_rate: the step size of Adam or of the class; None is 0.001 for Adam and the class's own default.

    Returns:
        The optimiser.

    Raises:
        ValueError: if it is none, or if it changes other parameters than the model's.
    """
    rate = None if learning_rate is None else float(learning_rate)  # a checkpoint holds no numbers of NumPy
    if optimizer is None:
        return torch.optim.Adam(model.parameters(), lr=1e-3 if rate is None else rate, fused=True)
    made = optimizer
    if not isinstance(optimizer, torch.optim.Optimizer) and callable(optimizer):
        is_class = isinstance(optimizer, type) and issubclass(optimizer, torch.optim.Optimizer)
        rates = {"lr": rate} if is_class and rate is not None else {}
        made = optimizer(model.parameters(), **rates)
    if not isinstance(made, torch.optim.Optimizer):
        how = "" if made is optimizer else " made by a function"
        raise ValueError(
            "optimizer is an instance or a class of torch.optim, or a function that makes an instance from the parameters, "
            f"not {type(made).__name__}{how}."
        )
    its = [one for group in made.param_groups for one in group["params"]]
    ours = {id(one) for one in model.parameters()}
    if any(id(one) not in ours for one in its):
        raise ValueError(
            f"The optimizer changes parameters that are not the model's: make it from this {type(model).__name__}'s "
            "parameters()."
        )
    if not any(one.requires_grad for one in its):
        raise ValueError("All parameters of the optimizer are frozen, so that nothing would be learnt.")
    closure = inspect.signature(type(made).step).parameters.get("closure")
    if closure is not None and closure.default is inspect.Parameter.empty:
        raise ValueError(
            f"The optimizer {type(made).__name__} evaluates the loss several times a step, which fit does not offer."
        )
    return made
