"""Augmentation: batches that are changed before they are learnt, by chance that follows from (seed, epoch, step) alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from armod.inputs import described
from armod.training.batches import Batch

Augment = Callable[[Tensor, Tensor | None, torch.Generator], tuple[Tensor, Tensor | None] | Tensor]


def augmented(augment: Augment, batch: Batch, place: tuple[int, int, int]) -> Batch:
    """Change a batch.

    Args:
        augment: a function of levels, context and a generator, as `armod.fit` takes it.
        batch: levels, and context or None.
        place: seed, epoch and step within the epoch.

    Returns:
        The new levels, and the new context or None.

    Raises:
        ValueError: if the function returns something else, or another number of rows.

    >>> flipped = lambda x, context, generator: (x.flip(-1), context)
    >>> augmented(flipped, (torch.tensor([[1, 2]]), None), (0, 0, 0))
    (tensor([[2, 1]]), None)
    """
    x, context = batch
    seed = _mixed(*place)
    generator = torch.Generator().manual_seed(seed)
    # every process of a group augments the whole batch alike and then takes its share
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.default_generator.manual_seed(seed)
        found: Any = augment(x, context, generator)
    if isinstance(found, Tensor) and context is None:
        found = found, None
    is_pair = isinstance(found, tuple | list) and len(found) == 2 and isinstance(found[0], Tensor)
    if not is_pair or not isinstance(found[1], Tensor if context is not None else type(None)):
        what = "levels" if context is None else "a pair (levels, context)"
        raise ValueError(f"augment returns {what}, tensors, not {described(found)}.")
    sizes = [len(part) for part in found if part is not None]
    if set(sizes) != {len(x)}:
        raise ValueError(f"augment returns as many rows as it gets, {len(x)}, not {sizes}.")
    return found[0], found[1]


def name_of_augment(augment: Augment) -> str:
    """Name an augmentation in the settings of a run, which a checkpoint compares.

    Args:
        augment: the function, or an object that can be called.

    Returns:
        The name of the function, or the text of the object if its class gives it one that is the same every time.

    >>> name_of_augment(augmented)
    'augmented'
    """
    name = getattr(augment, "__qualname__", None)
    if name is not None:
        return str(name)
    text = repr(augment)
    return type(augment).__qualname__ if " at 0x" in text else text


def _mixed(seed: int, epoch: int, step: int) -> int:
    """One seed of three numbers, without patterns between neighbours."""
    mixed = seed % 2**63
    for number in (epoch, step):
        mixed = ((mixed ^ (number + 1)) * 6364136223846793005 + 1442695040888963407) % 2**63
    return mixed
