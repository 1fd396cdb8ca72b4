"""Small values in messages, as a learner would write them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from torch import Tensor

MAX_LENGTH = 160  # characters
MAX_NUMBERS = 64  # of an array or tensor


def shown(value: Any) -> str:
    """A value on one short line, numbers to four digits: ``[[0, 1], [1, 0]]``, ``0.3333``; large arrays by their shape.

    >>> shown((Tensor([1 / 3, 2]), "masks", None))
    "([0.3333, 2], 'masks', None)"
    """
    text = _written(value)
    return text if len(text) <= MAX_LENGTH else f"{text[: MAX_LENGTH - 1]}…"


def _written(value: Any) -> str:
    if isinstance(value, Tensor | np.ndarray):
        if value.ndim and math.prod(max(1, size) for size in value.shape) > MAX_NUMBERS:
            kind = "a tensor" if isinstance(value, Tensor) else "an array"
            return f"{kind} of shape {tuple(value.shape)}"
        value = value.tolist()
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return f"[{_joined(value)}]"
    if isinstance(value, tuple):
        return f"({_joined(value)}{',' * (len(value) == 1)})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_written(item)}" for key, item in list(value.items())[:20]) + "}"
    if isinstance(value, str):
        return repr(value[:MAX_LENGTH])
    return repr(value)


def _joined(items: list[Any] | tuple[Any, ...]) -> str:
    # More than this does not fit on the line anyway.
    return ", ".join(_written(item) for item in items[:MAX_LENGTH])
