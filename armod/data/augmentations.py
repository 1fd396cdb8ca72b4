"""Augmentations by name: what recipes change in each batch, ``augment = "flip"`` in their table ``[fit]``.

An augmentation is a function of levels, context (or None) and a generator, as `armod.fit` takes it. A maker of one is registered
under the name that recipes use; the options of ``augment = { name = "transpose", most = 5 }`` are its arguments.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from armod import masks
from armod.data.notes import transpose
from armod.settings import shown

Augmentation = Callable[[Tensor, Tensor | None, torch.Generator], tuple[Tensor, Tensor | None]]
Maker = Callable[..., Augmentation]

AUGMENTATIONS: dict[str, Maker] = {}


def register(name: str) -> Callable[[Maker], Maker]:
    """Register a maker of an augmentation, as a decorator.

    Args:
        name: the name that recipes use.

    Returns:
        The decorator.

    >>> @register("nothing")
    ... def nothing():
    ...     return lambda x, context, generator: (x, context)
    >>> AUGMENTATIONS.pop("nothing") is nothing
    True
    """

    def registered(maker: Maker) -> Maker:
        AUGMENTATIONS[name] = maker
        return maker

    return registered


def augmentation(name: str, **options: Any) -> Augmentation:
    """Make the augmentation of this name.

    Args:
        name: a name in `AUGMENTATIONS`.
        **options: its options.

    Returns:
        A function for `armod.fit`.

    Raises:
        ValueError: if the name or an option is unknown.

    >>> x, _ = augmentation("flip")(torch.tensor([[1, 2]] * 3)[:, None, None], None, torch.Generator().manual_seed(0))
    >>> x.flatten(1).tolist()
    [[2, 1], [1, 2], [2, 1]]
    """
    if not isinstance(name, str) or name not in AUGMENTATIONS:
        raise ValueError(
            f"There is no augmentation {shown(name)}: choose one of {', '.join(map(repr, AUGMENTATIONS))}."
        )
    maker = AUGMENTATIONS[name]
    try:
        inspect.signature(maker).bind(**options)
    except TypeError as error:
        raise ValueError(f"The augmentation {name!r} has other options: {error}.") from None
    return maker(**options)


@register("flip")
def flip() -> Augmentation:
    """Turn left and right round in every other image, by chance, and in its local context ``(N, C, H, W)`` with it.

    Returns:
        The augmentation.
    """

    def flipped(
        x: Tensor, context: Tensor | None, generator: torch.Generator
    ) -> tuple[Tensor, Tensor | None]:
        turned = (torch.rand(len(x), generator=generator) < 0.5).to(x.device)[:, None, None, None]
        both = [
            part if part is None or part.dim() != 4 else torch.where(turned, part.flip(-1), part)
            for part in (x, context)
        ]
        return both[0], both[1]  # type: ignore[return-value]

    return flipped


@register("flip and contrast")
def flip_and_contrast(most: float = 0.1) -> Augmentation:
    """Flip as `flip`, and stretch or shrink each local context around its mean, such as a grey photograph.

    Args:
        most: the largest change of the contrast, so that it is multiplied by 1 - most to 1 + most.

    Returns:
        The augmentation.
    """
    turn = flip()

    def changed(
        x: Tensor, context: Tensor | None, generator: torch.Generator
    ) -> tuple[Tensor, Tensor | None]:
        x, context = turn(x, context, generator)
        if context is not None and context.dim() == 4:
            factor = 1 - most + 2 * most * torch.rand(len(x), 1, 1, 1, generator=generator).to(context)
            mean = context.mean((1, 2, 3), keepdim=True)
            context = mean + factor * (context - mean)
        return x, context

    return changed


register("transpose")(transpose)


@register("new masks")
def new_masks(num_levels: int = 2) -> Augmentation:
    """Hide other pixels in every batch: a new random hole in each image, of which the context tells.

    Args:
        num_levels: K.

    Returns:
        The augmentation, for contexts as `armod.masks.masked_input` makes them.
    """

    def masked(x: Tensor, context: Tensor | None, generator: torch.Generator) -> tuple[Tensor, Tensor | None]:
        if context is None:  # a model that is told nothing learns whole images
            return x, None
        drawn = masks.random_masks(len(x), *x.shape[2:], generator=generator).to(x.device)
        return x, masks.masked_input(x, drawn, num_levels)

    return masked
