"""One rule that splits small data sets: it is fixed, keeps the shares of the classes, and uses no random numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, TypeVar

import torch
from torch import Tensor

Piece = TypeVar("Piece")


class Parts(TypedDict):
    """One tensor for each split.

    >>> sorted(Parts.__annotations__)
    ['test', 'train', 'valid']
    """

    train: Tensor
    valid: Tensor
    test: Tensor


def deal(observations: Tensor, labels: Tensor) -> tuple[Parts, dict[str, Tensor]]:
    """Split observations so that of every ten of a class, 8 go to train, 1 goes to valid and 1 goes to test.

    Each class is split by itself, in the order given: its 9th, 19th, 29th ... example goes to valid, its 10th, 20th,
    30th ... to test, and all others go to train. Neighbours often share a writer, so every split contains every writer, as
    in a random split. Held-out likelihoods are therefore about new digits of known writers.

    Args:
        observations: tensor ``(N, ...)``.
        labels: int64 classes ``(N,)``.

    Returns:
        The observations of each split, and the labels of each split.

    >>> parts, _ = deal(torch.arange(20), torch.tensor([0, 1] * 10))
    >>> parts["valid"].tolist(), parts["test"].tolist()
    ([16, 17], [18, 19])
    """
    turns = torch.empty_like(labels)
    for label in labels.unique():
        in_class = labels == label
        turns[in_class] = torch.arange(int(in_class.sum()))
    last_digit = turns % 10
    chosen = {"train": last_digit < 8, "valid": last_digit == 8, "test": last_digit == 9}
    return (
        Parts(**{split: observations[rows] for split, rows in chosen.items()}),  # type: ignore[typeddict-item]
        {split: labels[rows] for split, rows in chosen.items()},
    )


def deal_pieces(pieces: Sequence[Piece]) -> dict[str, list[Piece]]:
    """Split whole pieces, such as poems, by the same rule: the 9th, 19th ... go to valid, the 10th, 20th ... to test.

    Args:
        pieces: the pieces in their order.

    Returns:
        The pieces of each split.

    >>> deal_pieces("abcdefghijkl")["test"]
    ['j']
    """
    return {
        "train": [piece for number, piece in enumerate(pieces) if number % 10 < 8],
        "valid": list(pieces[8::10]),
        "test": list(pieces[9::10]),
    }
