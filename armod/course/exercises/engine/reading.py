"""Read a reply as what it should be, or tell the learner in words what it is instead.

Each function takes the reply and the words by which the learner knows it, such as "`my_masks(...)[0]`".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from armod.course.exercises.engine.showing import shown


class Mistake(Exception):
    """Raised by a check: what was seen on which instance, and what to look at next; never the solution."""


def tensor(
    reply: Any, what: str, *, shape: Sequence[int] | None = None, finite: bool = True, integers: bool = False
) -> Tensor:
    """The reply as a tensor of numbers.

    Args:
        reply: a tensor, an array, a number or nested lists of numbers.
        what: how messages call the reply.
        shape: the shape that is due; None for any.
        finite: whether NaN and infinity are refused.
        integers: whether fractions are refused.

    Returns:
        A float64 tensor; int64 with ``integers``.

    Raises:
        Mistake: if it is anything else, has another shape, holds NaN or infinity, or a fraction where integers are due.
    """
    if isinstance(reply, str | dict) or not isinstance(
        reply, Tensor | np.ndarray | list | tuple | int | float
    ):
        raise Mistake(f"{what} is {_kind(reply)}; a list or tensor of numbers is due.")
    try:
        found = torch.as_tensor(_stacked(reply)).to(torch.float64)
    except (ValueError, TypeError, RuntimeError, OverflowError) as error:
        raise Mistake(f"{what} is {_kind(reply)} that makes no tensor of numbers: {shown(reply)}.") from error
    if shape is not None and tuple(found.shape) != tuple(shape):
        raise Mistake(f"{what} has the shape {tuple(found.shape)}; {tuple(shape)} is due.")
    if finite and not bool(found.isfinite().all()):
        raise Mistake(f"{what} holds NaN or infinity: {shown(found)}.")
    if integers:
        whole = found.round()
        if not torch.equal(whole, found):
            raise Mistake(f"{what} holds numbers that are not whole: {shown(found)}.")
        return whole.to(torch.int64)
    return found


def number(reply: Any, what: str, *, finite: bool = True) -> float:
    """The reply as one number.

    Args:
        reply: a number of any kind, or a tensor or array of one element.
        what: how messages call the reply.
        finite: whether NaN and infinity are refused.

    Returns:
        The number.

    Raises:
        Mistake: if it is anything else, NaN or infinity.
    """
    found = tensor(_plain(reply, what), what, finite=finite)
    if found.numel() != 1:
        raise Mistake(f"{what} has the shape {tuple(found.shape)}; one number is due.")
    return float(found)


def integer(reply: Any, what: str) -> int:
    """The reply as one whole number.

    Args:
        reply: what `number` takes; 3.0 will do, 3.5 will not.
        what: how messages call the reply.

    Returns:
        The whole number.

    Raises:
        Mistake: if it is anything else.
    """
    found = number(reply, what)
    if found != math.floor(found):
        raise Mistake(f"{what} is {shown(found)}; a whole number is due.")
    return int(found)


def weights(reply: Any, model: nn.Module, what: str) -> None:
    """Load a learner's weights into a model that was built here, so that nothing but its parameters is believed.

    Args:
        reply: the state dict of a model on the learner's side.
        model: the same model, whose weights are replaced.
        what: how messages call the learner's model.

    Raises:
        Mistake: if a weight is missing, has another shape, or holds NaN or infinity.
    """
    with torch.no_grad():
        for (
            name,
            weight,
        ) in model.named_parameters():  # no orderings or masks, by which a model might look ahead
            if not isinstance(reply, dict) or name not in reply:
                raise Mistake(f"{what} has lost its weights `{name}`. Train it as it is.")
            weight.copy_(tensor(reply[name], f"{what}'s `{name}`", shape=weight.shape))


def several(reply: Any, what: str, readers: Sequence[Callable[[Any, str], Any]]) -> list[Any]:
    """The reply as a list of so many things.

    Args:
        reply: a list or tuple, or a tensor or array with a first axis.
        what: how messages call the reply.
        readers: for each item its own reader, called with the item and the words for it.

    Returns:
        What the readers give.

    Raises:
        Mistake: if it is no list or tuple, has another length, or one of its items is not what it should be.
    """
    if isinstance(reply, Tensor | np.ndarray) and reply.ndim:
        reply = list(torch.as_tensor(reply))  # NumPy's whole numbers are no int
    if not isinstance(reply, list | tuple) or len(reply) != len(readers):
        found = f"a list of {len(reply)}" if isinstance(reply, list | tuple) else shown(reply)
        raise Mistake(f"{what} is {found}; a list of {len(readers)} is due.")
    return [
        reader(item, f"{what}, item {place}")
        for place, (item, reader) in enumerate(zip(reply, readers, strict=True))
    ]


def _plain(reply: Any, what: str) -> Any:
    """A number of another kind, such as a fraction or sympy's, as a float; what is none is refused here, as no number."""
    if isinstance(reply, Tensor | np.ndarray | list | tuple | int | float):
        return reply
    try:
        return float(reply.call("__float__"))  # it is on the learner's side
    except Exception as error:
        raise Mistake(f"{what} is {_kind(reply)}; one number is due.") from error


def _stacked(reply: Any) -> Any:
    """Lists that hold tensors or arrays as one tensor; as lists of numbers they would take ten times the memory."""
    if isinstance(reply, np.ndarray):
        return torch.as_tensor(reply)
    if not isinstance(reply, list | tuple):
        return reply
    items = [_stacked(item) for item in reply]
    if any(isinstance(item, Tensor) for item in items):
        return torch.stack([torch.as_tensor(item).to(torch.float64) for item in items])
    return items


def _kind(reply: Any) -> str:
    """The type of a reply in words."""
    if reply is None:
        return "None"
    name = str(getattr(reply, "kind", type(reply).__name__))
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
