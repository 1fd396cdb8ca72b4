"""Texts as levels: level l stands for the l-th of a data set's symbols, single characters all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor


def encode(text: str, symbols: Sequence[str]) -> Tensor:
    """The levels of a text, uint8 ``(len(text),)``.

    Raises:
        ValueError: if the text holds a character that is no symbol; says which.

    >>> encode("cab", "abc")
    tensor([2, 0, 1], dtype=torch.uint8)
    """
    levels = {symbol: level for level, symbol in enumerate(symbols)}
    strange = sorted(set(text) - set(levels))
    if strange:
        raise ValueError(f"{''.join(strange)!r} can't be written with the symbols {''.join(symbols)!r}.")
    return torch.tensor([levels[character] for character in text], dtype=torch.uint8)


def decode(levels: Iterable[int] | Tensor, symbols: Sequence[str]) -> str:
    """The text that levels ``(T,)`` stand for.

    >>> decode(torch.tensor([2, 0, 1]), "abc")
    'cab'
    """
    return "".join(symbols[int(level)] for level in levels)
