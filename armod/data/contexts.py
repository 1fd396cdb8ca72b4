"""Contexts by name: what recipes give a model beside the levels.

A context is a function of a data set that returns the same data set with a context. It is registered under the name that recipes
use, ``context = "labels"`` or, with options, ``context = { name = "low-resolution", factor = 7 }``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from armod import masks
from armod.data import views
from armod.data.dataset import Dataset
from armod.settings import shown

Context = Callable[..., Dataset]

CONTEXTS: dict[str, Context] = {}


def register(name: str) -> Callable[[Context], Context]:
    """Register a context, as a decorator.

    Args:
        name: the name that recipes use.

    Returns:
        The decorator.

    >>> @register("nothing new")
    ... def nothing_new(dataset):
    ...     return dataset.given(lambda levels: levels.flatten(1), what="itself")
    >>> CONTEXTS.pop("nothing new") is nothing_new
    True
    """

    def registered(context: Context) -> Context:
        CONTEXTS[name] = context
        return context

    return registered


def given(dataset: Dataset, name: str, **options: Any) -> Dataset:
    """Give a data set the context of this name.

    Args:
        dataset: the data set.
        name: a name in `CONTEXTS`.
        **options: the options of this context.

    Returns:
        The data set with its context.

    Raises:
        ValueError: if the name or an option is unknown, or the data have no such context.

    >>> import armod
    >>> given(armod.data.load("digits8"), "low-resolution", factor=4).context["test"].shape
    torch.Size([176, 1, 2, 2])
    """
    if not isinstance(name, str) or name not in CONTEXTS:
        raise ValueError(
            f"There is no context {shown(name)}: choose one of {', '.join(map(repr, CONTEXTS))}."
        )
    context = CONTEXTS[name]
    try:
        inspect.signature(context).bind(dataset, **options)
    except TypeError as error:
        raise ValueError(f"The context {name!r} has other options: {error}.") from None
    return context(dataset, **options)


@register("labels")
def labels(dataset: Dataset) -> Dataset:
    """Give each observation its class, as `armod.data.Dataset.given_labels` does."""
    return dataset.given_labels()


@register("low-resolution")
def low_resolution(dataset: Dataset, factor: int, *, interpolated: bool = False) -> Dataset:
    """Give each image its means over blocks, from 0 to 1, or a bicubic interpolation between them.

    Args:
        dataset: images.
        factor: pixels along a side of a block, as in `armod.data.views.low_resolution`.
        interpolated: whether the means are interpolated to the resolution of the images, from about -2 to 2, which a model can read
            without an encoder.

    Returns:
        The data set whose context is float32 ``(N, C, H / factor, W / factor)``, or ``(N, C, H, W)`` if it is interpolated.

    Raises:
        ValueError: if the observations are no images that such blocks divide.
    """
    highest = dataset.num_levels - 1

    def means(levels: Tensor) -> Tensor:
        low = views.low_resolution(levels, factor) / highest
        if not interpolated or not len(low):
            return low
        return 4 * functional.interpolate(low, scale_factor=factor, mode="bicubic") - 2

    return dataset.given(means, what=f"its low resolution, 1/{factor}")


@register("masked")
def masked(dataset: Dataset, seed: int = 0) -> Dataset:
    """Give each image a part of itself: its pixels outside of a random hole, and where the hole is.

    Args:
        dataset: images.
        seed: seed of the holes.

    Returns:
        The data set whose context is float32 ``(N, 2 C, H, W)``, as `armod.masks.masked_input` makes it.
    """

    def given(levels: Tensor) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        drawn = masks.random_masks(len(levels), *levels.shape[2:], generator=generator)
        return masks.masked_input(levels, drawn, dataset.num_levels)

    return dataset.given(given, what="itself outside of a random hole")
