"""Texts as levels: level l stands for the l-th symbol of a data set, and each symbol is a single character."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor


def encode(text: str, symbols: Sequence[str]) -> Tensor:
    """Turn a text into levels.

    Args:
        text: any string of symbols.
        symbols: the character that each level stands for.

    Returns:
        A uint8 tensor ``(len(text),)``.

    Raises:
        ValueError: if the text contains characters that are not symbols; the message lists them.

    >>> encode("cab", "abc")
    tensor([2, 0, 1], dtype=torch.uint8)
    """
    levels = {symbol: level for level, symbol in enumerate(symbols)}
    strange = sorted(set(text) - set(levels))
    if strange:
        raise ValueError(f"{''.join(strange)!r} can't be written with the symbols {''.join(symbols)!r}.")
    return torch.tensor([levels[character] for character in text], dtype=torch.uint8)


def decode(levels: Iterable[int] | Tensor, symbols: Sequence[str]) -> str:
    """Turn levels back into a text.

    Args:
        levels: whole numbers ``(T,)``.
        symbols: the character that each level stands for.

    Returns:
        A string of T characters.

    >>> decode(torch.tensor([2, 0, 1]), "abc")
    'cab'
    """
    return "".join(symbols[int(level)] for level in levels)
