"""Texts as levels: level l stands for the l-th symbol of a data set, which is a single character.

`BytePairs` learns longer symbols, *tokens*, from a text: the models of the GPT family read and write those.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from armod.inputs import described
from armod.settings import check_sizes


def encode(text: str, symbols: Sequence[str]) -> Tensor:
    """Turn a text into levels.

    Args:
        text: any string of symbols.
        symbols: the character that each level stands for.

    Returns:
        A uint8 tensor ``(len(text),)``; int64 if there are more than 256 symbols.

    Raises:
        ValueError: if the text contains characters that are not symbols; the message lists them.

    >>> encode("cab", "abc")
    tensor([2, 0, 1], dtype=torch.uint8)
    """
    levels = {symbol: level for level, symbol in enumerate(symbols)}
    strange = sorted(set(text) - set(levels))
    if strange:
        raise ValueError(f"{''.join(strange)!r} can't be written with the symbols {''.join(symbols)!r}.")
    dtype = torch.uint8 if len(symbols) <= 256 else torch.int64
    return torch.tensor([levels[character] for character in text], dtype=dtype)


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
    numbers = levels.tolist() if isinstance(levels, Tensor) else map(int, levels)
    return "".join([symbols[level] for level in numbers])


class BytePairs:
    """Byte-pair encoding: the most frequent pair of neighbouring symbols becomes a symbol of its own, again and again.

    It begins with the characters of a text (the bytes of its name are those of Gage 1994; Sennrich, Haddow, Birch 2016, section
    3.2, brought it to language). Pairs may reach across words. Of several equally frequent pairs the one of the lowest levels is
    merged, so that the same text always gives the same tokens. A text has many tokenisations, and `encode` finds one of them. So
    the likelihood of its tokens is a lower bound of the likelihood of the text.

    Args:
        num_merges: how many pairs become symbols, at most; the merging ends early when no pair occurs twice.

    Attributes:
        symbols: what each level stands for; first the characters, in order, then the merged pairs.
        merges: the pairs of levels that were merged, in order.

    Raises:
        ValueError: if `num_merges` is no whole number from 0 on.

    >>> pairs = BytePairs(2).fit("to be or not to be")
    >>> pairs.symbols
    (' ', 'b', 'e', 'n', 'o', 'r', 't', ' b', 'o b')
    >>> pairs.encode("to be").tolist(), pairs.decode([6, 8, 2])
    ([6, 8, 2], 'to be')
    """

    def __init__(self, num_merges: int) -> None:
        (self.num_merges,) = check_sizes(0, num_merges=num_merges)
        self.symbols: tuple[str, ...] = ()
        self.merges: list[tuple[int, int]] = []

    @property
    def num_levels(self) -> int:
        """K, the number of characters and merged pairs."""
        return len(self.symbols)

    def fit(self, text: str) -> Self:
        """Learn the merges from a text; what was learnt before is forgotten.

        Args:
            text: any string.

        Returns:
            The encoding itself.

        Raises:
            ValueError: if `text` is no string.
        """
        _check_text(text)
        symbols, self.merges = sorted(set(text)), []
        levels = _of_characters(text, symbols)
        for _ in range(self.num_merges):
            # a pair of levels as one number; the lowest of the most frequent ones is merged
            counts = np.bincount(levels[:-1] * len(symbols) + levels[1:]) if len(levels) > 1 else np.zeros(1)
            if counts.max() < 2:
                break
            pair = divmod(int(counts.argmax()), len(symbols))
            levels = _merged(levels, pair, len(symbols))
            symbols.append(symbols[pair[0]] + symbols[pair[1]])
            self.merges.append(pair)
        self.symbols = tuple(symbols)
        return self

    def encode(self, text: str) -> Tensor:
        """Turn a text into tokens, by the merges in the order in which they were learnt.

        Args:
            text: any string of characters of the text that was learnt from.

        Returns:
            Levels, int64 ``(T,)``, with T at most ``len(text)``.

        Raises:
            ValueError: if `text` is no string, or has characters that were not in the text that was learnt from.
        """
        _check_text(text)
        num_characters = self.num_levels - len(self.merges)
        levels = _of_characters(text, self.symbols[:num_characters])
        for number, pair in enumerate(self.merges, start=num_characters):
            levels = _merged(levels, pair, number)
        return torch.from_numpy(levels)

    def decode(self, levels: Iterable[int] | Tensor) -> str:
        """Turn tokens back into a text.

        Args:
            levels: whole numbers ``(T,)``.

        Returns:
            The text.
        """
        return decode(levels, self.symbols)

    def __repr__(self) -> str:
        return f"BytePairs({self.num_merges}): {self.num_levels} symbols"


def _check_text(text: object) -> None:
    if not isinstance(text, str):
        raise ValueError(f"text is a string, not {described(text)}.")


def _of_characters(text: str, symbols: Sequence[str]) -> NDArray[np.int64]:
    return encode(text, symbols).numpy().astype(np.int64)


def _merged(levels: NDArray[np.int64], pair: tuple[int, int], new: int) -> NDArray[np.int64]:
    """The levels with `new` in the place of each pair, from left to right."""
    first, second = pair
    places = np.flatnonzero((levels[:-1] == first) & (levels[1:] == second))
    if not len(places):
        return levels
    if first == second:  # of a run such as aaa, the first two are a pair, and the third is left
        begins = np.flatnonzero(np.diff(places, prepend=-2) > 1)
        lengths = np.diff(begins, append=len(places))
        places = places[(np.arange(len(places)) - np.repeat(begins, lengths)) % 2 == 0]
    levels = levels.copy()
    levels[places] = new
    return np.delete(levels, places + 1)
